"""What writes products, and what comes before and after them; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds

__all__ = ["Begin", "Finish", "Multiply"]

_LINE = 64  # bytes of a cache line


class Multiply(MinimalEmitter):
    """Writes `multiply`."""

    def kernel(self, a, panel, c, length, count, ask):
        b, tile, w = self.builder, self.tile, self.words
        line = tile.vectors * w.lanes * w.size
        with Loop(b, count) as r:
            at_a = b.add(a, b.mul(r, i64(tile.rows * tile.pitch)))
            to = b.add(c, b.mul(r, i64(tile.rows * line)))
            # As many lines as b has, and then the same one.
            more = b.icmp_signed("<", r, i64(tile.vectors))
            ask_step = b.select(more, i64(_LINE // w.size), i64(0))
            asked = w.pointer(b.add(ask, b.mul(b.mul(r, length), b.mul(ask_step, i64(w.size)))))

            def one_k(k, sums, at_a=at_a, asked=asked, ask_step=ask_step):
                w.prefetch(asked, b.mul(k, ask_step), keep=2)
                at_k = w.pointer(b.add(at_a, b.mul(k, i64(w.size))))
                b_k = b.add(panel, b.mul(k, i64(line)))
                columns = [self.at(b_k, i64(0), j) for j in range(tile.vectors)]
                found = []
                for m in range(tile.rows):
                    x = w.splat(b.load(b.gep(at_k, [i64(m * tile.pitch // w.size)])))
                    found += [
                        w.multiply_add(x, column, sums[m * tile.vectors + j])
                        for j, column in enumerate(columns)
                    ]
                return found

            def two_k(k, sums, one_k=one_k):
                first = b.mul(k, i64(2))
                return one_k(b.add(first, i64(1)), one_k(first, sums))

            zeros = [w.constant(0)] * (tile.rows * tile.vectors)
            sums = rounds(b, b.ashr(length, i64(1)), zeros, two_k)
            rest, last = b.and_(length, i64(1)), b.sub(length, i64(1))
            sums = rounds(b, rest, sums, lambda _, sums, one_k=one_k, last=last: one_k(last, sums))
            for n, x in enumerate(sums):
                self.put(x, to, i64(0), n)


class Begin(MinimalEmitter):
    """Writes `begin`."""

    def kernel(self, y, bias, count):
        b, w, vectors = self.builder, self.words, range(self.tile.vectors)
        numbers = [self.at(bias, i64(0), j) for j in vectors]
        with Loop(b, count) as m:
            at = b.mul(m, i64(len(vectors) * w.lanes * w.size))
            for j, x in enumerate(numbers):
                self.put(x, y, at, j)


class Finish(MinimalEmitter):
    """Writes `finish`."""

    def kernel(self, y, c, count, y_step, c_step, flag):
        b, w, tile = self.builder, self.words, self.tile

        def one(m, worst):
            at, to = b.add(y, b.mul(m, y_step)), b.add(c, b.mul(m, c_step))
            sums = [self.at(at, i64(0), j) for j in range(tile.vectors)]
            worst = worst[0]
            for x in sums:  # 0 * x is 0 or NaN
                worst = w.multiply_add(x, w.constant(0), worst)
            for j, x in enumerate(self.activated(sums)):
                count = tile.last if j == tile.vectors - 1 else w.lanes
                w.store(x, b.add(to, i64(j * w.lanes * w.size)), count, align=w.size)
            return [worst]

        worst = rounds(b, count, [w.constant(0)], one)[0]
        bad = b.fcmp_unordered("uno", worst, worst)
        bits = b.bitcast(bad, ir.IntType(w.lanes))
        with b.if_then(b.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))):
            b.store(i64(1), w.pointer(flag, i64(0).type))
