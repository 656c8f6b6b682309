"""What writes the micro-kernel of lines of filters; `kernel` has its contract."""

from ..._compiler.vectors import I8, i64
from .emitter import Multiply, field
from .records import Row

__all__ = ["MultiplyLines"]


class MultiplyLines(Multiply):
    """Writes `lines`: a line of filters has the output channels of an input channel."""

    def kernel(self, rows, inputs, count, filters, step, to, ask, source):
        b, w, tile = self.builder, self.words, self.tile
        for m in range(tile.rows):
            at = b.add(field(w, rows, i64(m), Row.input), source)
            for line in range(tile.asked):
                w.prefetch(w.pointer(at, I8), i64(64 * line), keep=2)
        self.step, self.ahead = step, b.sub(ask, filters)
        sums = [w.constant(0)] * (tile.rows * tile.vectors)
        sums = self.entry_products(w.pointer(inputs), filters, count, None, sums)
        for m in range(tile.rows):
            at = b.add(field(w, rows, i64(m), Row.sums), to)
            for j, x in enumerate(sums[m * tile.vectors : (m + 1) * tile.vectors]):
                place = w.pointer(b.add(at, i64(j * w.lanes * w.size)), w.vector)
                b.store(b.fadd(b.load(place, align=w.size), x), place, align=w.size)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. The loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        line = b.add(at_b, b.mul(k, self.step))
        counts = [w.lanes] * (tile.vectors - 1) + [tile.last]
        factors = [self.factors(line, i64(j * w.lanes), n) for j, n in enumerate(counts)]
        for at in range(0, tile.vectors * w.lanes * self.size, 64):
            w.prefetch(w.pointer(line, I8), b.add(self.ahead, i64(at)), keep=2)
        result = []
        for m in range(tile.rows):
            x = w.splat(b.load(b.gep(at_a, [b.add(k, i64(m * tile.step))])))
            known = sums[m * tile.vectors : (m + 1) * tile.vectors]
            result += [w.add_product(x, y, z) for y, z in zip(factors, known, strict=True)]
        return result
