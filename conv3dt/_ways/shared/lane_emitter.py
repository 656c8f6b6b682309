"""What micro-kernels with positions in the lanes have in common."""

from llvmlite import ir

from ..._compiler.vectors import I32, i64
from .emitter import Emitter, Loop
from .storing import LINE

__all__ = ["LaneEmitter", "interleaved"]


class LaneEmitter(Emitter):
    """Writes a micro-kernel with positions in the lanes; `plane` is set before its products."""

    plane = None  # bytes from one k to the next in the packed input

    def start(self, bias):
        """Return a phase's accumulators before the first product: the bias."""
        tile, pointer = self.tile, self.words.pointer(bias)
        at = [self.builder.gep(pointer, [i64(m)]) for m in range(tile.channels)]
        values = [self.words.splat(self.builder.load(x)) for x in at]
        return [
            values[m]
            for _ in range(tile.outer)
            for m in range(tile.channels)
            for _ in range(tile.vectors)
        ]

    def one_k(self, at_a, at_b, k, sums):
        """Return a phase's accumulators after the products of one k. The loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        shifted = b.add(b.ptrtoint(at_a, i64(0).type), b.mul(k, self.plane))
        a_k, b_k = w.pointer(shifted), b.gep(at_b, [b.mul(k, i64(tile.channels))])
        rows = [y * tile.outer_step for y in range(tile.outer)]
        parts = [j * w.lanes for j in range(tile.vectors)]
        inputs = [[w.load(a_k, i64(row + part), w.size) for part in parts] for row in rows]
        numbers = tile.vectors * w.lanes
        for part in range(0, numbers if tile.ahead else 0, LINE // w.size):
            w.prefetch(a_k, i64(numbers + part))
        result = list(sums)
        for m in range(tile.channels):  # a weight at a time: all at once would not fit
            weight = w.splat(b.load(b.gep(b_k, [i64(m)])))
            for y, row in enumerate(inputs):
                for j, x in enumerate(row):
                    n = (y * tile.channels + m) * tile.vectors + j
                    result[n] = w.add_product(weight, x, sums[n])
        return result

    def store_some(self, vectors, c, count):
        """Store the first `count` numbers of vectors that belong one behind the other."""
        b, lanes = self.builder, self.tile.lanes
        full, part, after = (b.append_basic_block(name) for name in ("full", "part", "stored"))
        b.cbranch(b.icmp_signed(">=", count, i64(len(vectors) * lanes)), full, part)
        b.position_at_end(full)
        self.store_whole([(x, b.add(c, i64(n * self.line))) for n, x in enumerate(vectors)], [c])
        b.branch(after)
        b.position_at_end(part)
        self.store_part(vectors, c, count)
        b.branch(after)
        b.position_at_end(after)

    def store_part(self, vectors, c, count):
        """Store some numbers; vectors of AVX-512 leave out the others: 4 cycles for 14, not 30."""
        lanes = self.tile.lanes
        if lanes * self.words.size < LINE:
            self._store_by_numbers(vectors, c, count)
            return
        for n, x in enumerate(vectors):
            left = self.builder.sub(count, i64(n * lanes))
            self.words.store_first(x, self.builder.add(c, i64(n * self.line)), left)

    def _store_by_numbers(self, vectors, c, count):
        """Store by way of a buffer on the stack: whole vectors, and the rest number by number."""
        b, lanes, kind = self.builder, self.tile.lanes, self.kind
        buffer = self.stack_buffer(kind, len(vectors))
        for n, x in enumerate(vectors):
            b.store(x, b.gep(buffer, [i64(n)]), align=self.line)
        whole = b.sdiv(count, i64(lanes))
        with Loop(b, whole) as n:
            at = b.add(c, b.mul(n, i64(self.line)))
            x = b.load(b.gep(buffer, [n]), align=self.line)
            self.words.store(x, at, lanes, align=self.item)
        scalars = b.bitcast(buffer, kind.element.as_pointer())
        done = b.mul(whole, i64(lanes))
        with Loop(b, b.sub(count, done)) as n:
            n = b.add(done, n)
            at = b.add(c, b.mul(n, i64(self.item)))
            value = b.load(b.gep(scalars, [n]), align=self.item)
            b.store(value, self.words.pointer(at, kind.element), align=self.item)


def interleaved(builder, streams, lanes):
    """Return the numbers s0[0], s1[0], ..., s0[1], s1[1], ... of the streams, as vectors.

    An even number of streams is halved, and the halves are zipped: log2(n) shuffles a vector.
    """
    n = len(streams)
    if n == 1:
        return list(streams)
    if n % 2 == 0:
        halves = (interleaved(builder, streams[first::2], lanes) for first in (0, 1))
        pairs = zip(*halves, strict=True)
        return [x for pair in pairs for x in _merged(builder, pair, lanes)]
    return _merged(builder, streams, lanes)


def _merged(builder, streams, lanes):
    """Return the streams interleaved, with one shuffle less a vector than there are streams."""
    n = len(streams)
    mask_type = ir.VectorType(I32, lanes)
    result = []
    for t in range(n):
        origins = [divmod(t * lanes + lane, n) for lane in range(lanes)]
        x, mask = streams[0], [lane for lane, _ in origins]
        for number in range(1, n):
            mask = [
                lanes + lane if stream == number else kept
                for kept, (lane, stream) in zip(mask, origins, strict=True)
            ]
            constants = ir.Constant(mask_type, [ir.Constant(I32, lane) for lane in mask])
            x, mask = builder.shuffle_vector(x, streams[number], constants), list(range(lanes))
        result.append(x)
    return result
