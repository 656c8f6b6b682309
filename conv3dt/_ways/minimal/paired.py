"""What writes products of one vector of outputs, two k at a time; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import I32, i64
from .emitters import rounds
from .products import Multiply

__all__ = ["Paired"]


class Paired(Multiply):
    """Writes `multiply` with neighbouring lanes that sum even and odd k.

    A broadcast of two inputs is for half of the outputs each time: half a load for a product, where
    all of them for one k take a whole one, and no time is left for other loads.
    """

    at_once = 2
    ahead = 64  # a vector takes less time than one k did

    def products(self, length, rows, place, stream=()):
        """Return sums over k < length, and what is left of a stream, as `Product.products`."""
        b, w = self.builder, self.words

        def two_k(k, sums):
            return self.added(sums, *self.two(place, b.mul(k, i64(2))))

        def last_k(_, sums):
            return self.added(sums, *self.one(place, b.sub(length, i64(1))))

        half, zeros = b.ashr(length, i64(1)), [w.constant(0)] * 2 * rows
        if stream:
            sums, stream = self.beside(half, zeros, stream, two_k)
        else:
            sums = rounds(b, half, zeros, two_k)
        sums = rounds(b, b.and_(length, i64(1)), sums, last_k)
        return [self.total(*sums[2 * m : 2 * m + 2]) for m in range(rows)], stream

    def two(self, place, k):
        """Return what is multiplied of two k: numbers of the rows, and of b."""
        a, panel = place(k)
        columns = [self.at(panel, i64(0), j) for j in range(2)]
        return [self.pair(a, m) for m in range(self.tile.rows)], columns

    def one(self, place, k):
        """Return the same of one k, the last."""
        a, panel = place(k)
        columns = [self.at(panel, i64(0)), self.words.constant(0)]
        return [self.alone(a, m) for m in range(self.tile.rows)], columns

    def added(self, sums, pairs, columns, sign=1):
        """Return sums after the products of two k, or of one, by a sign."""
        zipped = [self.shuffled(columns, self.zip(n)) for n in range(2)]
        if sign < 0:
            zipped = [self.builder.fneg(x) for x in zipped]
        return [
            self.words.multiply_add(x, zipped[n], sums[2 * m + n])
            for m, x in enumerate(pairs)
            for n in range(2)
        ]

    def total(self, low, high):
        """Return sums of even k and of odd k together, in the order of the outputs."""
        even, odd = (self.shuffled((low, high), self.unzip(n)) for n in range(2))
        return self.builder.fadd(even, odd)

    def pair(self, a, m):
        """Return two neighbouring inputs of a row in all pairs of lanes."""
        b, two = self.builder, ir.VectorType(self.words.element, 2)
        x = b.load(b.bitcast(self.number_of(a, m), two.as_pointer()), align=self.words.size)
        return b.shuffle_vector(
            x, ir.Constant(two, ir.Undefined), self.numbers([0, 1] * (self.words.lanes // 2))
        )

    def alone(self, a, m):
        """Return an input of a row in all even lanes, and 0 in the others."""
        b, w = self.builder, self.words
        x = w.splat(b.load(self.number_of(a, m)))
        return self.shuffled((x, w.constant(0)), [n + w.lanes * (n % 2) for n in range(w.lanes)])

    def zip(self, half):
        """Return where lanes of a pair come from: those of all blocks of 16 bytes, zipped."""
        lanes, block = self.words.lanes, 16 // self.words.size
        firsts = [
            n + half * block // 2 + i for n in range(0, lanes, block) for i in range(block // 2)
        ]
        return [n + z * lanes for n in firsts for z in range(2)]

    def unzip(self, odd):
        """Return where each output's sum is, in both vectors of sums."""
        places = {
            n: half * self.words.lanes + i
            for half in range(2)
            for i, n in enumerate(self.zip(half))
        }
        return [places[n + odd * self.words.lanes] for n in range(self.words.lanes)]

    def shuffled(self, xs, places):
        """Return a vector of lanes of two."""
        return self.builder.shuffle_vector(*xs, self.numbers(places))

    def numbers(self, numbers):
        """Return the mask of a shuffle."""
        kind = ir.VectorType(I32, len(numbers))
        return ir.Constant(kind, [ir.Constant(I32, n) for n in numbers])
