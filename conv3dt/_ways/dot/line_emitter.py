"""What writes the micro-kernel of lines of filters; `kernel` has its contract."""

from ..._compiler.vectors import I8, I16, i64
from .emitter import Multiply, field
from .records import Row

__all__ = ["MultiplyLines"]


class MultiplyLines(Multiply):
    """Writes `lines`: a line of filters has the output channels of an input channel."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.size = self.item  # also of pairs: both numbers of one lie apart

    def kernel(self, rows, inputs, count, filters, step, to, ask, source):
        b, w, tile = self.builder, self.words, self.tile
        for m in range(tile.rows):
            at = b.add(field(w, rows, i64(m), Row.input), source)
            for line in range(tile.asked):
                w.prefetch(w.pointer(at, I8), i64(64 * line), keep=2)
        self.step, self.ahead = step, b.sub(ask, filters)
        sums = [w.constant(0)] * (tile.rows * tile.vectors)
        at_a = w.pointer(inputs)
        sums = self.entry_products(at_a, filters, count, None, sums)
        if tile.half:
            sums = self.multiplied(at_a, [b.add(filters, b.mul(count, step))], count, sums)
        for m in range(tile.rows):
            at = b.add(field(w, rows, i64(m), Row.sums), to)
            for j, x in enumerate(sums[m * tile.vectors : (m + 1) * tile.vectors]):
                place = w.pointer(b.add(at, i64(j * w.lanes * w.size)), w.vector)
                b.store(b.fadd(b.load(place, align=w.size), x), place, align=w.size)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. The loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        first = b.add(at_b, b.mul(k, self.step))
        lines = [first, b.add(first, b.ashr(self.step, i64(1)))] if w.pairs else [first]
        for line in lines:
            for at in range(0, tile.vectors * w.lanes * self.size, 64):
                w.prefetch(w.pointer(line, I8), b.add(self.ahead, i64(at)), keep=2)
        return self.multiplied(at_a, lines, k, sums)

    def multiplied(self, at_a, lines, k, sums):
        """Return the accumulators after the products of a line, or of two; half a pair has one."""
        b, w, tile = self.builder, self.words, self.tile
        counts = [w.lanes] * (tile.vectors - 1) + [tile.last]
        factors = [self.column(lines, i64(j * w.lanes), n) for j, n in enumerate(counts)]
        result = []
        for m in range(tile.rows):
            x = w.splat(b.load(b.gep(at_a, [b.add(k, i64(m * tile.step))])))
            known = sums[m * tile.vectors : (m + 1) * tile.vectors]
            result += [w.add_product(x, y, z) for y, z in zip(factors, known, strict=True)]
        return result

    def column(self, lines, first, count):
        """Return filters of `count` output channels: of one line, or pairs of two lines.

        To zip both in one shuffle takes a register for its lanes, and 14 rows would spill.
        """
        b, w = self.builder, self.words
        if not w.pairs:
            return self.factors(lines[0], first, count)
        ats = [b.add(line, b.mul(first, i64(self.size))) for line in lines]
        low, *high = (b.zext(self.loaded(at, I16, count, self.item), w.ints) for at in ats)
        for upper in high:  # half a pair has none
            low = b.or_(low, b.shl(upper, w.int_constant(16)))
        return w.as_floats(low)
