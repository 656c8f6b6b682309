"""What writes products; contracts are in `kernel.py`."""

from typing import Any, NamedTuple

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from ..shared.storing import LINE
from .emitters import MinimalEmitter, repeated, rounds
from .task import Copying, MinimalTask

__all__ = ["Define", "Multiply", "Product"]

_COPYING = MinimalTask.copying.offset - MinimalTask.stream.offset


class _Going(NamedTuple):
    """A stream: the fields of `task.Stream`."""

    x: Any
    other: Any
    y: Any
    step: Any
    other_step: Any
    vectors: Any
    following: Any

    @property
    def rows(self):
        """Return where rows are, and their steps."""
        return (self.x, self.step), (self.other, self.other_step), (self.y, self.step)


class Product(MinimalEmitter):
    """What writes sums over k; of even and of odd k apart, errors are .7 times those of one sum."""

    many = 1  # inputs of a position
    ahead = 16  # lines that are asked for ahead, in rows that are combined beside products

    def products(self, length, rows, place, stream=()):
        """Return sums over k < length; `place` emits where numbers of a row, and of b, are.

        After every second k a vector of a stream is made, if there is one; what is left of it is
        returned as well.
        """
        b, w, tile, vectors = self.builder, self.words, self.tile, self.tile.vectors

        def added(k, sums):
            at_a, panel = place(k)
            xs = [b.load(self.number_of(at_a, m)) for m in range(rows)]
            columns = [self.at(panel, i64(0), j) for j in range(vectors)]
            return [
                w.multiply_add(x, column, sums[m * vectors + j])
                for m, x in enumerate(map(w.splat, xs))
                for j, column in enumerate(columns)
            ]

        def two_k(k, sums):
            first = b.mul(k, i64(2))
            even = added(first, sums[:count])
            odd = added(b.add(first, i64(1)), sums[count:] or even)
            return even + odd if sums[count:] else odd

        count, half = rows * vectors, b.ashr(length, i64(1))
        zeros = [w.constant(0)] * count * tile.chains
        if stream:
            sums, stream = self.beside(half, zeros, stream, two_k)
        else:
            sums = rounds(b, half, zeros, two_k)
        last = b.sub(length, i64(1))
        even = rounds(b, b.and_(length, i64(1)), sums[:count], lambda _, sums: added(last, sums))
        odd = sums[count:]
        return [b.fadd(x, y) for x, y in zip(even, odd, strict=True)] if odd else even, stream

    def number_of(self, a, m):
        """Return a pointer to a number of row m of a tile; `a` is that of the first row."""
        step = m * self.many * self.tile.pitch // self.words.size
        return self.builder.gep(self.words.pointer(a), [i64(step)])

    def beside(self, half, sums, stream, two_k):
        """Return sums, and a stream of which a vector was made for every two k.

        Here alone: after each k, a vector costs 3 cycles, not 1. Where a stream ends, so does the
        loop over k: in it there are loads of rows only, which take turns with those of products.
        """
        b, n = self.builder, len(sums)

        def stretch(values):
            done, sums, stream = values[0], values[1 : 1 + n], values[1 + n :]
            going = self.going(stream)
            left = b.sub(going.vectors, stream[1])
            count = b.sub(half, done)
            count = b.select(b.icmp_signed("<", count, left), count, left)
            places = [b.add(at, b.mul(stream[1], step)) for at, step in going.rows]

            def both(k, values):
                return two_k(b.add(done, k), values[:n]) + self.combined(values[n:], going)

            sums = rounds(b, count, [*sums, *places], both)[:n]
            ended = b.icmp_signed("==", count, left)
            stream = [
                b.select(ended, going.following, stream[0]),
                b.select(ended, i64(0), b.add(stream[1], count)),
            ]
            return [b.add(done, count), *sums, *stream]

        start = [i64(0), *sums, *stream]
        found = repeated(b, start, stretch, lambda x: b.icmp_signed("<", x[0], half))
        return found[1 : 1 + n], found[1 + n :]

    def going(self, stream):
        """Return the fields of a stream."""
        return _Going(*(self.number(stream[0], i64(m)) for m in range(len(_Going._fields))))

    def combined(self, places, going):
        """Make a vector of a stream; return where the next ones are."""
        b, w = self.builder, self.words
        combine = (b.fsub, b.fadd)[self.tile.beside - 1]
        for row in places[:2]:
            w.prefetch(w.pointer(row), i64(self.ahead * LINE // w.size))
        self.put(combine(*(self.at(x, i64(0)) for x in places[:2])), places[2], i64(0))
        return [b.add(at, step) for at, (_, step) in zip(places, going.rows, strict=True)]


class Multiply(Product):
    """Writes `multiply`."""

    at_once = 1  # k that ask for a line

    def kernel(self, a, panel, c, length, count, ask, state):
        b, tile, w = self.builder, self.tile, self.words
        line = tile.vectors * w.lanes * w.size

        def one_tile(r, stream):
            at_a = b.add(a, b.mul(r, i64(tile.rows * tile.pitch)))
            to = b.add(c, b.mul(r, i64(tile.rows * line)))
            asked = self.asked(ask, r, length, tile.vectors * self.at_once)
            place = self.placed(at_a, panel, asked)
            sums, stream = self.products(length, tile.rows, place, stream)
            for n, x in enumerate(sums):
                self.put(x, to, i64(0), n)
            return stream

        self.with_streams(count, state, one_tile)

    def with_streams(self, count, state, one_tile):
        """Emit a loop over tiles that hands a stream on, if there is one."""
        b, w = self.builder, self.words
        start = [self.number(state, i64(n)) for n in range(2 * (self.tile.beside > 0))]

        def both(r, stream):
            if self.tile.copies:
                self.copy_lines(b.add(state, i64(_COPYING)))
            return one_tile(r, stream)

        for n, x in enumerate(rounds(b, count, start, both)):
            b.store(x, b.gep(w.pointer(state, i64(0).type), [i64(n)]))

    def copy_lines(self, copying):
        """Copy a share of the lines that are left of a row, past the caches."""
        b, w = self.builder, self.words
        left, share = (self.field_of(copying, x) for x in (Copying.lines, Copying.share))
        count = b.select(b.icmp_signed("<", left, share), left, share)
        with b.if_then(b.icmp_signed(">", count, i64(0))):
            source, to = (self.field_of(copying, x) for x in (Copying.source, Copying.to))
            with Loop(b, count) as n:
                for part in range(0, LINE, w.lanes * w.size):
                    at = b.add(b.mul(n, i64(LINE)), i64(part))
                    w.stream(self.at(source, at), b.add(to, at))
            self.go_on(copying, source, to, count)

    def go_on(self, copying, source, to, count):
        """Write what is left when so many lines have been copied: the next row, where one ends."""
        b, moved = self.builder, self.builder.mul(count, i64(LINE))
        lines, row, rows, *gaps = (self.field_of(copying, x) for x in (
            Copying.lines, Copying.row, Copying.rows,
            Copying.source_gap, Copying.to_gap))  # fmt: skip
        lines = b.sub(lines, count)
        ended = b.icmp_signed("==", lines, i64(0))
        rows = b.sub(rows, b.zext(ended, i64(0).type))
        row = b.select(b.icmp_signed(">", rows, i64(0)), row, i64(0))
        source, to = (
            b.add(b.add(at, moved), b.select(ended, gap, i64(0)))
            for at, gap in zip((source, to), gaps, strict=True)
        )
        fields = Copying.source, Copying.to, Copying.lines, Copying.rows
        for field, x in zip(fields, (source, to, b.select(ended, row, lines), rows), strict=True):
            b.store(x, self.words.pointer(b.add(copying, i64(field.offset)), i64(0).type))

    def asked(self, ask, number, length, most):
        """Return where the lines are that a loop over k asks for, and bytes from a k to the next.

        Loops ask for one run of lines; behind the last that b has, all ask for the same one.
        """
        b = self.builder
        more = b.icmp_signed("<", number, i64(most))
        step = b.select(more, i64(LINE // self.at_once), i64(0))
        return b.add(ask, b.mul(b.mul(number, length), step)), step

    def placed(self, a, panel, asked=()):
        """Return what emits where numbers of a row, and of b, are, and may ask for a line."""
        b, w = self.builder, self.words
        line = self.tile.vectors * w.lanes * w.size

        def place(k):
            if asked:
                at, step = asked
                w.prefetch(w.pointer(b.add(at, b.mul(k, step))), i64(0), keep=2)
            return b.add(a, b.mul(k, i64(w.size))), b.add(panel, b.mul(k, i64(line)))

        return place


class Define(Product):
    """Writes `define`."""

    def kernel(self, terms, n, y, bias, length):
        b, w, tile = self.builder, self.words, self.tile
        line = tile.vectors * w.lanes * w.size

        def one_term(t, sums):
            x = self.number(terms, b.mul(t, i64(2)))
            panel = self.number(terms, b.add(b.mul(t, i64(2)), i64(1)))

            def place(k):
                return b.add(x, b.mul(k, i64(w.size))), b.add(panel, b.mul(k, i64(line)))

            found, _ = self.products(length, 1, place)
            return [b.fadd(z, p) for z, p in zip(sums, found, strict=True)]

        for j, x in enumerate(rounds(b, n, [w.constant(0)] * tile.vectors, one_term)):
            self.put(b.fadd(self.at(bias, i64(0), j), x), y, i64(0), j)
