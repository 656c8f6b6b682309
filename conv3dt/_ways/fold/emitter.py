"""What writes the folding way's micro-kernels."""

from itertools import product

from llvmlite import ir

from ..._compiler.vectors import I32, i64
from ..shared.emitter import Loop
from ..shared.lane_emitter import LaneEmitter, interleaved

__all__ = ["FinishEmitter", "FoldEmitter", "TurningEmitter"]


class FoldEmitter(LaneEmitter):
    """Writes `fold`."""

    def kernel(self, a, plane, entry, rows, at, ask, ask_step):
        b, w, tile = self.builder, self.words, self.tile
        self.plane, self.ask, self.ask_step = plane, ask, ask_step
        zeros = [w.constant(0)] * (tile.channels * tile.vectors)
        sums = self.products(a, entry, i64(1), zeros)
        addresses = w.pointer(rows, i64(0).type)
        for m in range(tile.channels):
            row = w.pointer(b.add(b.load(b.gep(addresses, [i64(m)])), at))
            for j in range(tile.vectors):
                to = b.bitcast(b.gep(row, [i64(j * w.lanes)]), w.vector.as_pointer())
                total = b.fadd(b.load(to, align=w.size), sums[m * tile.vectors + j])
                b.store(total, to, align=w.size)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k; ask for a line of what follows.

        After the products: with the question before them, LLVM 14 loads the inputs of the second
        of two k before the last product of the first, and 14 columns by 2 vectors spill.
        """
        b, w = self.builder, self.words
        result = super().one_k(at_a, at_b, k, sums)
        w.prefetch(w.pointer(b.add(self.ask, b.mul(k, self.ask_step))), i64(0))
        return result


class TurningEmitter(FoldEmitter):
    """Writes `fold` that turns two vectors of positions, `step` bytes apart, beside products.

    A quad, 16 bytes of a position's channels, for as many k: where products leave the registers of
    inputs and weights free. 16 x 16 numbers take 33 cycles there, and 65 alone (znver4): shuffles
    share a port with products.
    """

    def __init__(self, builder, tile, step):
        super().__init__(builder, tile)
        self.step = step
        self.quad = 16 // self.words.size

    def kernel(self, *arguments):
        *arguments, self.source, self.target = arguments
        super().kernel(*arguments)

    def entry_products(self, at_a, at_b, length, rows, sums):
        """Return the accumulators after an entry: as many k in a round as a quad has channels."""
        return self.stretch(at_a, at_b, i64(0), length, self.quad, sums)

    def after_k(self, k, n):
        """Turn the first vector after half the products of a round, the second after all."""
        vector, rest = divmod(n + 1, self.quad // 2)
        if rest == 0:
            self._turn(k, vector - 1)

    def _turn(self, k, vector):
        """Turn a quad of a vector of positions: squares side by side, each in 16 bytes of lanes."""
        b, w, quad = self.builder, self.words, self.quad
        source = b.add(self.source, b.mul(k, i64(w.size)))
        rows = []
        for r in range(vector * w.lanes, vector * w.lanes + quad):
            at = [b.add(source, i64((r + q) * self.step)) for q in range(0, w.lanes, quad)]
            kind = ir.VectorType(w.element, quad)
            rows.append(_side_by_side(b, [b.load(w.pointer(x, kind), align=w.size) for x in at]))
        target = b.add(self.target, b.add(b.mul(k, self.plane), i64(vector * w.lanes * w.size)))
        for c, row in enumerate(_turned(b, rows, quad)):
            w.store(row, b.add(target, b.mul(i64(c), self.plane)), w.lanes, w.size)


def _side_by_side(builder, parts):
    """Return vectors as one: two by two, until one is left."""
    while len(parts) > 1:
        lanes = range(2 * parts[0].type.count)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [_shuffled(builder, *two, lanes) for two in pairs]
    return parts[0]


def _turned(builder, rows, quad, run=1):
    """Return squares that lie side by side in rows, turned; runs of numbers are in order already.

    Half of the squares' columns of each two rows are zipped, run by run, then the other half.
    """
    if run == quad:
        return rows
    half, n = quad // 2, rows[0].type.count
    runs = product(range(0, n, quad), range(0, half, run), (0, n), range(run))
    lanes = [sum(parts) for parts in runs]
    pairs = [*zip(rows[::2], rows[1::2], strict=True)]
    turned = []
    for first in (0, half):
        zipped = [_shuffled(builder, *two, [first + lane for lane in lanes]) for two in pairs]
        turned += _turned(builder, zipped, quad, 2 * run)
    return turned


def _shuffled(builder, x, y, lanes):
    """Return these lanes of two vectors."""
    mask = ir.Constant(ir.VectorType(I32, len(lanes)), [ir.Constant(I32, n) for n in lanes])
    return builder.shuffle_vector(x, y, mask)


class FinishEmitter(LaneEmitter):
    """Writes `finish`."""

    def kernel(self, x, phase, channel, c, count, bias):
        b, w, tile = self.builder, self.words, self.tile
        values = w.pointer(bias)
        values = [w.splat(b.load(b.gep(values, [i64(m)]))) for m in range(tile.channels)]
        whole = i64(tile.lanes * tile.streams)
        rounds = b.sdiv(b.add(count, b.sub(whole, i64(1))), whole)
        with Loop(b, rounds) as n:
            at = b.add(x, b.mul(n, i64(tile.lanes * w.size)))
            sums = []
            for r, m in product(range(tile.phases), range(tile.channels)):
                row = b.add(at, b.add(b.mul(i64(r), phase), b.mul(i64(m), channel)))
                sums.append(w.load(w.pointer(row), i64(0), w.size))
                w.store(values[m], row, w.lanes, w.size)
            streams = [self.stored(x) for x in self.activated(sums)]
            done = b.mul(n, whole)
            to = b.add(c, b.mul(done, i64(self.item)))
            self.store_some(interleaved(b, streams, tile.lanes), to, b.sub(count, done))
