"""What writes the transforms of inputs, filters and products; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import Words, i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds
from .formulas import FORMULAS, INPUTS, tall

__all__ = ["Combine", "Merge", "Restore", "Transform"]

_AT_ONCE = 4  # vectors of a row that a term is multiplied with: reading the table costs less


class Combine(MinimalEmitter):
    """Writes `combine`."""

    def kernel(self, terms, n, y, count):
        whole, done = self.words, i64(0)
        b = self.builder
        for lanes, vectors in ((whole.lanes, _AT_ONCE), (whole.lanes, 1), (1, 1)):
            self.words = w = Words(b, whole.double, lanes, whole.fused)
            turns = b.sdiv(b.sub(count, done), i64(lanes * vectors))
            with Loop(b, turns) as r:
                at = b.mul(b.add(done, b.mul(r, i64(lanes * vectors))), i64(w.size))
                for v, x in enumerate(self.sums(terms, n, at, vectors)):
                    self.put(x, y, at, v)
            done = b.add(done, b.mul(turns, i64(lanes * vectors)))
        self.words = whole

    def sums(self, terms, n, at, vectors):
        """Return the sums of some neighbours."""

        def body(t, sums):
            first = self.builder.mul(t, i64(2))
            source = self.number(terms, first)
            c = self.coefficient(terms, self.builder.add(first, i64(1)))
            found = [self.at(source, at, v) for v in range(vectors)]
            return [self.words.multiply_add(c, x, y) for x, y in zip(found, sums, strict=True)]

        return rounds(self.builder, n, [self.words.constant(0)] * vectors, body)


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


class Merge(MinimalEmitter):
    """Writes `merge`."""

    def kernel(self, terms, y, step, count):
        b, w, inputs = self.builder, self.words, self.tile.rows + 1
        firsts = [i64(t * (inputs + 1)) for t in range(self.tile.terms)]
        cs = [b.load(b.gep(w.pointer(terms, ir.DoubleType()), [i])) for i in firsts]
        rows = [[self.number(terms, b.add(i, i64(1 + m))) for m in range(inputs)] for i in firsts]
        whole, done = w, i64(0)
        for lanes, vectors in ((w.lanes, 2), (w.lanes, 1), (1, 1)):
            self.words = Words(b, whole.double, lanes, whole.fused)
            numbers = lanes * vectors
            turns = b.sdiv(b.sub(count, done), i64(numbers))
            with Loop(b, turns) as r:
                at = b.mul(b.add(done, b.mul(r, i64(numbers))), i64(w.size))
                for v in range(vectors):
                    self.some(cs, rows, b.add(y, at), step, at, v)
            done = b.add(done, b.mul(turns, i64(numbers)))
        self.words = whole

    def some(self, cs, rows, y, step, at, v):
        """Write the combinations of a vector of neighbours."""
        b, w = self.builder, self.words
        cs = [w.splat(c if w.double else b.fptrunc(c, w.element)) for c in cs]
        d = []
        for one in zip(*rows, strict=True):
            found = [self.at(address, at, v) for address in one]
            x = b.fmul(cs[0], found[0])
            d.append(w.multiply_add(cs[1], found[1], x) if len(found) > 1 else x)
        for slot, signs, *_ in INPUTS[self.tile.rows]:
            self.put(self.signed([(d[m], c) for m, c in signs]), y, b.mul(step, i64(slot)), v)


class Transform(MinimalEmitter):
    """Writes `transform`."""

    def kernel(self, t, step, tile_step, planes, count, vectors):
        b, w, formula = self.builder, self.words, FORMULAS[self.tile.rows]
        at_planes = [self.number(planes, i64(n)) for n in range(len(formula))]
        reads = sorted({m for _, terms, *_ in formula for m, _ in terms})
        ds = {m: b.add(t, b.mul(step, i64(m))) for m in reads}
        with Loop(b, count) as u:
            tile, to = b.mul(u, tile_step), b.mul(u, i64(self.tile.pitch))
            with Loop(b, vectors) as v:
                at = b.mul(v, i64(w.lanes * w.size))
                d = {m: self.at(x, b.add(tile, at)) for m, x in ds.items()}
                for plane, (_, terms, *_) in zip(at_planes, formula, strict=True):
                    self.put(self.signed([(d[m], c) for m, c in terms]), plane, b.add(to, at))


class Restore(MinimalEmitter):
    """Writes `restore`."""

    def kernel(self, products, targets, n_targets, count, step, following, row):
        b, w, tile = self.builder, self.words, self.tile
        width = tile.vectors * w.lanes * w.size
        with Loop(b, count) as u:
            from_, to = b.mul(u, i64(width)), b.mul(u, following)
            ys = [self.outputs(products, from_, j) for j in range(tile.vectors)]
            with Loop(b, n_targets) as t:
                c = self.coefficient(targets, b.mul(t, i64(2)))
                y = b.add(self.number(targets, b.add(b.mul(t, i64(2)), i64(1))), to)
                for j, found in enumerate(ys):
                    for (h, i), x in found.items():
                        at = b.add(b.mul(row, i64(h)), b.mul(step, i64(i)))
                        self.put(w.multiply_add(c, x, self.at(y, at, j)), y, at, j)

    def outputs(self, products, from_, j):
        """Return a vector of each output of a tile, by its place along height and width."""
        high, wide = tall(self.tile.tall), FORMULAS[self.tile.rows]
        z = {}
        for s in range(len(wide)):
            numbers = [i64(h * len(wide) + s) for h in range(len(high))]
            m = [self.at(self.number(products, n), from_, j) for n in numbers]
            for h in range(2):
                signs = [(m[n], row[2 + h]) for n, row in enumerate(high) if row[2 + h]]
                if signs:
                    z[h, s] = self.signed(signs)
        found = {}
        for h in sorted({h for h, _ in z}):
            for i in range(2 if len(wide) > 1 else 1):
                signs = [(z[h, s], row[2 + i]) for s, row in enumerate(wide) if row[2 + i]]
                found[h, i] = self.signed(signs)
        return found
