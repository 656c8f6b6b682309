"""What writes `joined` of F(2,3) for one vector of outputs; contracts are in `kernel.py`."""

from ..._compiler.vectors import i64
from .emitters import rounds
from .formulas import FORMULAS, THREE
from .paired import Paired

__all__ = ["Woven"]

_SLOTS = len(FORMULAS[THREE])


class Woven(Paired):
    """Writes `woven`: m0 is added to m1 + m2, and m3 subtracted from m1 - m2.

    Sums of two slots are in registers at a time, of half as many rows as of one.
    """

    many = _SLOTS

    def kernel(self, a, panel, c, length, count, ask, state):
        b, tile, w = self.builder, self.tile, self.words
        line = w.lanes * w.size
        filters = b.mul(length, i64(line))

        def one_tile(r, stream):
            at_a = b.add(a, b.mul(r, i64(tile.rows * _SLOTS * tile.pitch)))
            to = b.add(c, b.mul(r, i64(tile.rows * 2 * line)))

            def slots(numbers, loop):
                asked = self.asked(ask, b.add(b.mul(r, i64(2)), i64(loop)), length, 2 * _SLOTS)
                first, second = (
                    (b.add(at_a, i64(n * tile.pitch)), b.add(panel, b.mul(filters, i64(n))))
                    for n in numbers
                )
                return self.placed(*first, asked), self.placed(*second)

            zeros = [w.constant(0)] * 4 * tile.rows
            m1, m2, stream = self.both(length, slots((1, 2), 0), 1, zeros, stream)
            start = [f(*m) for f in (b.fadd, b.fsub) for m in zip(m1, m2, strict=True)]
            *ys, stream = self.both(length, slots((0, 3), 1), -1, start, stream)
            for i, y in enumerate(ys):
                for m in range(tile.rows):
                    self.put(self.total(*y[2 * m : 2 * m + 2]), to, i64((2 * m + i) * line))
            return stream

        self.with_streams(count, state, one_tile)

    def both(self, length, places, sign, sums, stream):
        """Return sums with the products of two slots, the second by a sign, and a stream."""
        b, n = self.builder, 2 * self.tile.rows

        def added(k, sums, numbers):
            first, second = (numbers(place, k) for place in places)
            return self.added(sums[:n], *first) + self.added(sums[n:], *second, sign)

        def two_k(k, sums):
            return added(b.mul(k, i64(2)), sums, self.two)

        half, last = b.ashr(length, i64(1)), b.sub(length, i64(1))
        if stream:
            sums, stream = self.beside(half, sums, stream, two_k)
        else:
            sums = rounds(b, half, sums, two_k)
        sums = rounds(b, b.and_(length, i64(1)), sums, lambda _, x: added(last, x, self.one))
        return sums[:n], sums[n:], stream
