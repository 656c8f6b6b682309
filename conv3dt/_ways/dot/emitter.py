"""What writes the dot way's micro-kernels; `kernel` has their contracts."""

from llvmlite import ir

from ..._compiler.vectors import I8, I16, I32, i64
from ..._geometry.storages import OPERANDS
from ..shared.emitter import Emitter, Loop, widened_as
from .records import Row

__all__ = ["Finish", "Multiply"]


def field(words, rows, m, which):
    """Return a field of row m of a table of `Row`s."""
    b = words.builder
    at = b.add(b.mul(m, i64(Row.SIZE)), i64(which.offset))
    return b.load(words.pointer(b.add(rows, at), i64(0).type))


class Multiply(Emitter):
    """Writes `multiply`."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.size = self.words.size if self.words.pairs else self.item  # of a filter, or a pair
        self.ahead = None  # bytes to filters that are going to be read

    @property
    def unrolled(self):
        """Rounds of the loop over k that are written out: more would need more addresses."""
        return 1

    def kernel(self, rows, source, count, filters, step, to, ask):
        b, w, tile = self.builder, self.words, self.tile
        self.ahead = b.sub(ask, filters)
        at_w = [b.add(filters, b.mul(i64(j), step)) for j in range(tile.columns)]
        at_x = [b.add(field(w, rows, i64(m), Row.input), source) for m in range(tile.rows)]
        sums = [w.constant(0)] * (tile.rows * tile.columns)
        sums = self.entry_products(at_x, at_w, count, None, sums)
        for m, j, piece in self.across(self.rest(at_x, at_w, count, sums)):
            at = b.add(field(w, rows, i64(m), Row.sums), b.add(to, i64(j * w.size)))
            place = w.pointer(at, piece.type)
            b.store(b.fadd(b.load(place, align=w.size), piece), place, align=w.size)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after a vector of input channels. The loop that counts."""
        b, w = self.builder, self.words
        asked = b.add(self.ahead, b.mul(k, i64(w.lanes * self.size)))
        for at in at_b:
            w.prefetch(w.pointer(at, I8), asked, keep=2)
        return self.added(at_a, at_b, b.mul(k, i64(w.lanes)), w.lanes, sums)

    def rest(self, at_x, at_w, count, sums):
        """Return the accumulators after the channels that do not fill a vector."""
        b, left, piece = self.builder, self.tile.rest, self.words.lanes // 2
        first = b.mul(count, i64(self.words.lanes))
        while piece:
            if left >= piece:
                sums = self.added(at_x, at_w, first, piece, sums)
                first, left = b.add(first, i64(piece)), left - piece
            piece //= 2
        return self.added(at_x, at_w, first, 0, sums) if self.tile.half else sums

    def added(self, at_x, at_w, first, count, sums):
        """Return the accumulators after `count` channels; 0: half a pair."""
        xs = [self.inputs(at, first, count or 1) for at in at_x]
        ws = [self.factors(at, first, count) for at in at_w]
        pairs = [(x, w) for x in xs for w in ws]
        return [self.words.add_product(*two, z) for two, z in zip(pairs, sums, strict=True)]

    def inputs(self, address, first, count):
        """Return inputs in the compute type, or pairs."""
        b, w = self.builder, self.words
        at = b.add(address, b.mul(first, i64(w.size)))
        return self.loaded(at, w.element, count, self.item if w.pairs else w.size)

    def factors(self, address, first, count):
        """Return filters in the compute type, or pairs."""
        b, w = self.builder, self.words
        at = b.add(address, b.mul(first, i64(self.size)))
        if not count:
            bits = b.zext(b.load(w.pointer(at, I16), align=self.item), I32)
            zeros = ir.Constant(w.ints, None)
            return w.as_floats(b.insert_element(zeros, bits, ir.Constant(I32, 0)))
        if w.pairs or not OPERANDS[self.tile.storage].converted:
            return self.loaded(at, w.element, count, self.item)
        return widened_as(self.tile.storage, w, self.loaded(at, I16, count, self.item))

    def loaded(self, address, element, count, align):
        """Return a vector that begins with `count` numbers at an address; zeros follow."""
        lanes = self.words.lanes
        v = self.builder.load(
            self.words.pointer(address, ir.VectorType(element, count)), align=align
        )
        if count == lanes:
            return v
        numbers = [ir.Constant(I32, min(n, count)) for n in range(lanes)]
        mask = ir.Constant(ir.VectorType(I32, lanes), numbers)
        return self.builder.shuffle_vector(v, ir.Constant(v.type, None), mask)

    def across(self, sums):
        """Yield (row, first column, sums of neighbouring columns), summed across the lanes.

        As many rows share a vector as fit: each of log2(lanes) rounds halves the vectors.
        """
        columns = self.tile.columns
        wide = min(columns, self.words.lanes)
        runs = [(m, j) for m in range(self.tile.rows) for j in range(0, columns, wide)]
        at_once = self.words.lanes // wide
        for first in range(0, len(runs), at_once):
            parts = []
            for m, j in runs[first : first + at_once]:
                parts.append(sums[m * columns :][j : min(j + wide, columns)])
            total, lane = self.tree([x for part in parts for x in part]), 0
            for (m, j), part in zip(runs[first:], parts, strict=False):
                yield m, j, self.words.part(total, lane, len(part))
                lane += len(part)

    def tree(self, vectors):
        """Return the sums of vectors, one a lane."""
        groups = 1  # of neighbouring lanes, each of which belongs to another vector
        while groups < self.words.lanes:
            pairs = zip(vectors[::2], [*vectors[1::2], vectors[-1]], strict=False)
            vectors = [self.folded(x, y, groups) for x, y in pairs]
            groups *= 2
        return vectors[0]

    def folded(self, x, y, groups):
        """Return the lower halves of all groups of x and y plus their upper halves."""
        b, half = self.builder, self.words.lanes // groups // 2
        starts = [2 * half * n for n in range(2 * groups)]
        lower = [ir.Constant(I32, start + n) for start in starts for n in range(half)]
        upper = [ir.Constant(I32, start + half + n) for start in starts for n in range(half)]
        kind = ir.VectorType(I32, self.words.lanes)
        return b.fadd(*(b.shuffle_vector(x, y, ir.Constant(kind, n)) for n in (lower, upper)))


class Finish(Emitter):
    """Writes `finish`."""

    def kernel(self, sums, bias, rows, count, step):
        b, w, channels = self.builder, self.words, self.tile.channels
        firsts = range(0, channels, w.lanes)
        added = [w.load(w.pointer(bias), i64(n), w.size) for n in firsts]
        with Loop(b, count) as m:
            at = w.pointer(b.add(sums, b.mul(m, i64(self.tile.line * w.size))))
            to = field(w, rows, m, Row.input)
            found = [
                b.fadd(w.load(at, i64(n), w.size), x) for n, x in zip(firsts, added, strict=True)
            ]
            for n, x in zip(firsts, self.activated(found), strict=True):
                self.put(self.stored(x), to, n, min(w.lanes, channels - n), step)

    def put(self, x, to, first, channels, step):
        """Store so many channels from `first` on."""
        b = self.builder
        if not self.tile.spread:
            self.words.store(x, b.add(to, i64(first * self.item)), channels, align=self.item)
            return
        for n in range(channels):
            number = b.extract_element(x, ir.Constant(I32, n))
            at = b.add(to, b.mul(i64(first + n), step))
            b.store(number, self.words.pointer(at, number.type), align=self.item)
