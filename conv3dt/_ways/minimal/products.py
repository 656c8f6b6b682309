"""What writes products; contracts are in `kernel.py`."""

from ..._compiler.vectors import i64
from .emitters import MinimalEmitter, rounds

__all__ = ["Define", "Multiply"]

_LINE = 64  # bytes of a cache line
_AHEAD = 16 * _LINE  # are asked for, in rows that are combined beside products


class _Product(MinimalEmitter):
    """What writes sums over k; of even and of odd k apart, errors are .7 times those of one sum."""

    def products(self, length, rows, one_k, state=(), beside=None):
        """Return sums over k < length; `one_k` emits the numbers of the rows, and where b's are.

        After every second k, `beside` does something else; it hands a state on, returned as well.
        """
        b, w, tile, vectors = self.builder, self.words, self.tile, self.tile.vectors

        def added(k, sums):
            xs, panel = one_k(k)
            columns = [self.at(panel, i64(0), j) for j in range(vectors)]
            return [
                w.multiply_add(x, column, sums[m * vectors + j])
                for m, x in enumerate(map(w.splat, xs))
                for j, column in enumerate(columns)
            ]

        count, state = rows * vectors, list(state)

        def two_k(k, values):
            sums, state = values[: count * tile.chains], values[count * tile.chains :]
            first = b.mul(k, i64(2))
            even = added(first, sums[:count])
            odd = added(b.add(first, i64(1)), sums[count:] or even)
            # Here alone: after each k, what is made beside costs 3 cycles, not 1.
            return (even + odd if sums[count:] else odd) + (beside(state) if state else [])

        zeros = [w.constant(0)] * count * tile.chains
        values = rounds(b, b.ashr(length, i64(1)), zeros + state, two_k)
        sums, state = values[: len(zeros)], values[len(zeros) :]
        last = b.sub(length, i64(1))
        even = rounds(b, b.and_(length, i64(1)), sums[:count], lambda _, sums: added(last, sums))
        odd = sums[count:]
        return [b.fadd(x, y) for x, y in zip(even, odd, strict=True)] if odd else even, state


class Multiply(_Product):
    """Writes `multiply`."""

    def kernel(self, a, panel, c, length, count, ask, state):
        b, tile, w = self.builder, self.tile, self.words
        line = tile.vectors * w.lanes * w.size

        def one_tile(r, streams):
            at_a = b.add(a, b.mul(r, i64(tile.rows * tile.pitch)))
            to = b.add(c, b.mul(r, i64(tile.rows * line)))
            # As many lines as b has, and then the same one.
            more = b.icmp_signed("<", r, i64(tile.vectors))
            ask_step = b.select(more, i64(_LINE // w.size), i64(0))
            asked = w.pointer(b.add(ask, b.mul(b.mul(r, length), b.mul(ask_step, i64(w.size)))))

            def one_k(k):
                w.prefetch(asked, b.mul(k, ask_step), keep=2)
                at_k = w.pointer(b.add(at_a, b.mul(k, i64(w.size))))
                rows = range(tile.rows)
                xs = [b.load(b.gep(at_k, [i64(m * tile.pitch // w.size)])) for m in rows]
                return xs, b.add(panel, b.mul(k, i64(line)))

            sums, streams = self.products(length, tile.rows, one_k, streams, self.combined)
            for n, x in enumerate(sums):
                self.put(x, to, i64(0), n)
            return streams

        start = [self.number(state, i64(n)) for n in range(2 * (tile.beside > 0))]
        for n, x in enumerate(rounds(b, count, start, one_tile)):
            b.store(x, b.gep(w.pointer(state, i64(0).type), [i64(n)]))

    def combined(self, state):
        """Make a vector of a stream; return the stream that comes next, and how far it is."""
        b, w = self.builder, self.words
        stream, done = state
        x, other, mask, y, length, following = (self.number(stream, i64(n)) for n in range(6))
        combine = (b.fsub, b.fadd)[self.tile.beside - 1]
        x, other = b.add(x, done), b.add(other, b.and_(done, mask))
        for row in (x, other):
            w.prefetch(w.pointer(row), i64(_AHEAD // w.size))
        self.put(combine(self.at(x, i64(0)), self.at(other, i64(0))), y, done)
        done = b.add(done, i64(w.lanes * w.size))
        all_done = b.icmp_signed("==", done, length)
        return [b.select(all_done, following, stream), b.select(all_done, i64(0), done)]


class Define(_Product):
    """Writes `define`."""

    def kernel(self, terms, n, y, bias, length):
        b, w, tile = self.builder, self.words, self.tile
        line = tile.vectors * w.lanes * w.size

        def one_term(t, sums):
            x = self.number(terms, b.mul(t, i64(2)))
            panel = self.number(terms, b.add(b.mul(t, i64(2)), i64(1)))

            def one_k(k):
                at_k = w.pointer(b.add(x, b.mul(k, i64(w.size))))
                return [b.load(at_k)], b.add(panel, b.mul(k, i64(line)))

            found, _ = self.products(length, 1, one_k)
            return [b.fadd(z, p) for z, p in zip(sums, found, strict=True)]

        for j, x in enumerate(rounds(b, n, [w.constant(0)] * tile.vectors, one_term)):
            self.put(b.fadd(self.at(bias, i64(0), j), x), y, i64(0), j)
