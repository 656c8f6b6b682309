"""What writes the transforms of inputs, filters and products; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import Words, i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds
from .formulas import FORMULAS

__all__ = ["Transform", "Weigh"]

_AT_ONCE = 4  # vectors of a row that a term is multiplied with: reading the table costs less


class Weigh(MinimalEmitter):
    """Writes `weigh`."""

    def kernel(self, terms, y, count):
        b, whole = self.builder, self.words
        lanes = whole.lanes if whole.double else whole.lanes // 2
        self.words = Words(b, True, lanes, whole.fused)
        narrow = ir.VectorType(whole.element, lanes)
        from_, to = (narrow if self.tile.rows == axis else self.words.vector for axis in (0, 2))
        table = [
            (self.number(terms, i64(2 * t)), self.coefficient(terms, i64(2 * t + 1)))
            for t in range(self.tile.terms)
        ]
        done = i64(0)
        for vectors in (_AT_ONCE, 1):
            turns = b.sdiv(b.sub(count, done), i64(lanes * vectors))
            with Loop(b, turns) as r:
                first = b.add(done, b.mul(r, i64(lanes * vectors)))
                for v in range(vectors):
                    x = self.sum(table, first, from_, v)
                    x = x if to == x.type else b.fptrunc(x, to)
                    b.store(x, self.place(y, first, v, to), align=self.item)
            done = b.add(done, b.mul(turns, i64(lanes * vectors)))
        self.words = whole

    def sum(self, table, first, kind, v):
        """Return the sum of a vector of neighbours."""
        b, w, total = self.builder, self.words, None
        for source, c in table:
            x = b.load(self.place(source, first, v, kind), align=self.item)
            x = x if kind == w.vector else b.fpext(x, w.vector)
            total = b.fmul(c, x) if total is None else w.multiply_add(c, x, total)
        return total

    def place(self, address, first, v, kind):
        """Return a pointer to a vector of numbers of a kind."""
        b, size = self.builder, 8 if kind == self.words.vector else self.item
        at = b.mul(b.add(first, i64(v * kind.count)), i64(size))
        return b.inttoptr(b.add(address, at), kind.as_pointer())


class Transform(MinimalEmitter):
    """Writes `transform`."""

    def kernel(self, rows, to, first, every, width, count):
        b, tile, formula = self.builder, self.tile, FORMULAS[self.tile.formula]
        self.width = width
        self.rows = [
            (self.number(rows, i64(2 * t)), self.coefficient(rows, i64(2 * t + 1)))
            for t in range(tile.terms)
        ]
        reads = sorted({m for _, terms, *_ in formula for m, _ in terms})
        kept = (
            reads[:-2] if tile.formula in (2, 3) else []
        )  # a tile's last are the next one's first
        step = b.mul(every, i64(2 if len(formula) > 1 else 1))
        numbers = tile.at_once * self.words.lanes * self.words.size
        with Loop(b, i64(tile.vectors // tile.at_once)) as v:
            self.offset = b.mul(v, i64(numbers))

            def body(u, state):
                at = b.add(first, b.mul(u, step))
                d = {m: state[n * tile.at_once :][: tile.at_once] for n, m in enumerate(kept)}
                for m in reads[len(kept) :]:
                    d[m] = self.column(b.add(at, b.mul(every, i64(m))))
                position = b.add(to, b.mul(u, i64(len(formula) * tile.pitch)))
                self.store(d, b.add(position, self.offset))
                return [x for m in reads[len(reads) - len(kept) :] for x in d[m]]

            start = [self.column(b.add(first, b.mul(every, i64(m)))) for m in kept]
            rounds(b, count, [x for column in start for x in column], body)

    def column(self, j):
        """Return vectors of the combined rows in a column; 0 outside."""
        b, origin = self.builder, self.builder.block
        inside, after = b.append_basic_block("inside"), b.append_basic_block("after")
        b.cbranch(b.icmp_unsigned("<", j, self.width), inside, after)
        b.position_at_end(inside)
        at = b.add(b.mul(j, i64(self.tile.column)), self.offset)
        found = [self.combined(at, v) for v in range(self.tile.at_once)]
        b.branch(after)
        b.position_at_end(after)
        zero = self.words.constant(0)
        return [self.arriving([(zero, origin), (x, inside)]) for x in found]

    def combined(self, at, v):
        """Return the sum of the rows."""
        total = None
        for address, c in self.rows:
            x = self.at(address, at, v)
            one = total is None
            total = self.builder.fmul(c, x) if one else self.words.multiply_add(c, x, total)
        return total

    def store(self, d, to):
        """Write what the products of a tile have for inputs."""
        for n, (_, terms, *_) in enumerate(FORMULAS[self.tile.formula]):
            for v in range(self.tile.at_once):
                x = self.signed([(d[m][v], c) for m, c in terms])
                self.put(x, to, i64(n * self.tile.pitch), v)
