"""What writes products, and what comes before and after them; contracts are in `kernel.py`."""

from functools import partial
from itertools import product
from typing import Any, NamedTuple

from llvmlite import ir

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds
from .formulas import FORMULAS
from .records import Job

__all__ = ["Define", "Finish", "Multiply", "Total"]

_LINE = 64  # bytes of a cache line
_AT_ONCE = 8  # vectors of sums: reading the table costs less


class Multiply(MinimalEmitter):
    """Writes `multiply`."""

    def kernel(self, job):
        b, tile, self.job = self.builder, self.tile, job
        inputs = len(FORMULAS[tile.formula]) * tile.pitch
        step, row_step = i64(tile.upright or inputs), self.field(Job.row_step)
        row_step = i64(inputs) if tile.upright else row_step
        count, less = self.field(Job.count), self.field(Job.less)
        with Loop(b, self.field(Job.rows)) as r:
            at = b.add(self.field(Job.v), b.mul(r, row_step))
            to = b.add(self.field(Job.m), b.mul(r, self.field(Job.m_row)))
            turn = b.mul(r, b.add(count, less))
            for n, done, size in ((count, i64(0), tile.rows), (less, count, tile.rows - 1)):
                with Loop(b, n if size else i64(0)) as t:
                    tiles_before = b.add(b.mul(done, i64(tile.rows)), b.mul(t, i64(size)))
                    x = b.add(at, b.mul(tiles_before, step))
                    y = b.add(to, b.mul(tiles_before, self.field(Job.m_tile)))
                    asked = self.asked(b.add(turn, b.add(done, t)))
                    some = _Some(size, x, y, *asked)
                    self.store(self.sums(some), some)

    def field(self, field):
        """Return a number of the job."""
        return self.number(self.job, i64(field.offset // 8))

    def asked(self, turn):
        """Return two addresses that a register tile asks for, and the bytes from a k to the next.

        As many lines as the filters have, and then the same ones.
        """
        b, n = self.builder, len(self.tile.products)
        most = -(-n * self.tile.vectors // 2)
        step = b.select(b.icmp_signed("<", turn, i64(most)), i64(_LINE), i64(0))
        panel = self.field(Job.panel_step)
        at = b.add(self.field(Job.ask), b.mul(b.mul(turn, i64(2)), panel))
        return at, b.add(at, panel), step

    def sums(self, x):
        """Return the products of a register tile, [product][tile][vector].

        Of even and of odd k apart, if there are two chains: errors are .7 times those of one sum.
        """
        b, length, count = self.builder, self.field(Job.length), self.count(x)

        def two_k(k, sums):
            first = b.mul(k, i64(2))
            even = self.one_k(x, first, sums[:count])
            odd = self.one_k(x, b.add(first, i64(1)), sums[count:] or even)
            return even + odd if sums[count:] else odd

        zeros, last = [self.words.constant(0)] * count, b.sub(length, i64(1))
        sums = rounds(b, b.ashr(length, i64(1)), zeros * self.tile.chains, two_k)
        odd = sums[count:]
        left = b.and_(length, i64(1))
        even = rounds(b, left, sums[:count], lambda _, sums: self.one_k(x, last, sums))
        return [b.fadd(one, other) for one, other in zip(even, odd, strict=True)] if odd else even

    def count(self, x):
        """Return how many sums a register tile has."""
        return len(self.tile.products) * x.size * self.tile.vectors

    def one_k(self, x, k, sums):
        """Return the sums after the products of one k. This is the loop that counts."""
        b, w, vectors = self.builder, self.words, range(self.tile.vectors)
        for asked in (x.asked, x.also):
            w.prefetch(w.pointer(b.add(asked, b.mul(k, x.ask_step))), i64(0), keep=2)
        panel, panel_step = self.field(Job.panel), self.field(Job.panel_step)
        at_k, line = b.mul(k, i64(w.size)), b.mul(k, i64(len(vectors) * w.lanes * w.size))
        found, old = [], iter(sums)
        at, step = w.pointer(b.add(x.at, at_k)), self.tile.pitch // w.size
        tile_step = self.tile.upright // w.size or len(FORMULAS[self.tile.formula]) * step
        for n in self.tile.products:
            slot = FORMULAS[self.tile.formula][n][0]
            filters = b.add(b.add(panel, b.mul(panel_step, i64(slot))), line)
            columns = [self.at(filters, i64(0), j) for j in vectors]
            for m in range(x.size):
                y = w.splat(b.load(b.gep(at, [i64(n * step + m * tile_step)])))
                found += [w.multiply_add(y, column, next(old)) for column in columns]
        return found

    def store(self, sums, x):
        """Write the outputs of a register tile, or add them to those of other products."""
        b, m_tile, position = self.builder, self.field(Job.m_tile), self.tile.vectors * self.align
        outputs = [
            (b.add(x.y, b.add(b.mul(m_tile, i64(m)), i64(i * position))), j, *value)
            for (m, i, j), value in self.outputs(sums, x.size).items()
        ]
        with b.if_else(b.icmp_signed(">", self.field(Job.added), i64(0))) as (more, first):
            with more:
                for to, j, value, sign in outputs:
                    word = b.fadd if sign > 0 else b.fsub
                    self.put(word(self.at(to, i64(0), j), value), to, i64(0), j)
            with first:
                for to, j, value, _ in outputs:
                    self.put(value, to, i64(0), j)

    def outputs(self, sums, size):
        """Return what a register tile makes, and its sign, by tile, output and vector."""
        formula, found, vectors = FORMULAS[self.tile.formula], {}, self.tile.vectors
        for m, i, j in product(range(size), range(2), range(vectors)):
            mine = sums[m * vectors + j :: size * vectors]
            signs = [(y, formula[n][2 + i]) for y, n in zip(mine, self.tile.products, strict=True)]
            signs = [(y, sign) for y, sign in signs if sign]
            if signs:
                sign = max(sign for _, sign in signs)  # what is only subtracted comes second
                found[m, i, j] = self.signed([(y, sign * s) for y, s in signs]), sign
        return found


class _Some(NamedTuple):
    """A register tile."""

    size: int  # tiles
    at: Any  # where the first one's inputs are
    y: Any  # where its outputs go
    asked: Any  # address of what is asked for,
    also: Any  # and of more,
    ask_step: Any  # and bytes from a k to the next


class Define(MinimalEmitter):
    """Writes `define`."""

    def kernel(self, terms, n, y, bias, length):
        b, w, tile = self.builder, self.words, self.tile

        def one_term(t, sums):
            x = self.number(terms, b.mul(t, i64(2)))
            panel = self.number(terms, b.add(b.mul(t, i64(2)), i64(1)))
            return [b.fadd(z, p) for z, p in zip(sums, self.sums(x, panel, length), strict=True)]

        for j, x in enumerate(rounds(b, n, [w.constant(0)] * tile.vectors, one_term)):
            self.put(b.fadd(self.at(bias, i64(0), j), x), y, i64(0), j)

    def sums(self, x, panel, length):
        """Return the products of an input's channels, of even and of odd k apart."""
        b, w, vectors = self.builder, self.words, range(self.tile.vectors)

        def added(k, sums):
            number = w.splat(b.load(w.pointer(b.add(x, b.mul(k, i64(w.size))))))
            at = b.add(panel, b.mul(k, i64(len(vectors) * w.lanes * w.size)))
            return [w.multiply_add(number, self.at(at, i64(0), j), sums[j]) for j in vectors]

        def two_k(k, sums):
            first, half = b.mul(k, i64(2)), len(vectors)
            return added(first, sums[:half]) + added(b.add(first, i64(1)), sums[half:])

        zeros, last = [w.constant(0)] * len(vectors), b.sub(length, i64(1))
        sums = rounds(b, b.ashr(length, i64(1)), zeros * 2, two_k)
        even, odd = sums[: len(vectors)], sums[len(vectors) :]
        even = rounds(b, b.and_(length, i64(1)), even, lambda _, sums: added(last, sums))
        return [b.fadd(one, other) for one, other in zip(even, odd, strict=True)]


class Total(MinimalEmitter):
    """Writes `total`."""

    def kernel(self, terms, n, m, bias, bias_step, y, step, count):
        b, vectors, done = self.builder, range(self.tile.vectors), i64(0)
        position = self.tile.vectors * self.align
        for at_once in (max(1, _AT_ONCE // self.tile.vectors), 1):
            turns = b.sdiv(b.sub(count, done), i64(at_once))
            with Loop(b, turns) as r:
                first = b.add(done, b.mul(r, i64(at_once)))
                from_, to = b.add(m, b.mul(first, i64(position))), b.add(y, b.mul(first, step))
                begin = [
                    self.at(bias, b.mul(b.add(first, i64(p)), bias_step), j)
                    for p, j in product(range(at_once), vectors)
                ]
                sums = rounds(b, n, begin, partial(self.added, terms, from_))
                for (p, j), x in zip(product(range(at_once), vectors), sums, strict=True):
                    self.put(x, b.add(to, b.mul(step, i64(p))), i64(0), j)
            done = b.add(done, b.mul(turns, i64(at_once)))

    def added(self, terms, from_, t, sums):
        """Return the sums of some neighbours after a term."""
        b = self.builder
        at = b.add(from_, self.number(terms, b.mul(t, i64(2))))
        sign = self.number(terms, b.add(b.mul(t, i64(2)), i64(1)))
        found = [self.at(at, i64(0), j) for j in range(len(sums))]
        plus, minus, after = (b.append_basic_block(x) for x in ("plus", "minus", "after"))
        b.cbranch(b.icmp_signed(">", sign, i64(0)), plus, minus)
        results = []
        for block, word in ((plus, b.fadd), (minus, b.fsub)):
            b.position_at_end(block)
            results.append([word(x, y) for x, y in zip(sums, found, strict=True)])
            b.branch(after)
        b.position_at_end(after)
        return [self.arriving([(x, plus), (y, minus)]) for x, y in zip(*results, strict=True)]


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
            placed = [(self.stored(x), b.add(to, i64(j * self.line)))
                      for j, x in enumerate(self.activated(sums))]  # fmt: skip
            if tile.last == w.lanes:
                self.store_whole(placed, [c, c_step])
            else:
                for j, (x, to) in enumerate(placed):
                    count = tile.last if j == tile.vectors - 1 else w.lanes
                    w.store(x, to, count, align=self.item)
            return [worst]

        worst = rounds(b, count, [w.constant(0)], one)[0]
        bad = b.fcmp_unordered("uno", worst, worst)
        bits = b.bitcast(bad, ir.IntType(w.lanes))
        with b.if_then(b.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))):
            b.store(i64(1), w.pointer(flag, i64(0).type))
