"""What writes the transforms of inputs, filters and products; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import Words, i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter
from .formulas import FORMULAS, tall

__all__ = ["Combine", "Restore", "Transform"]

_AT_ONCE = 4  # vectors of a row in a round: counting costs less


class Combine(MinimalEmitter):
    """Writes `combine`."""

    def kernel(self, terms, y, count):
        b, whole, done = self.builder, self.words, i64(0)
        rows = [self.number(terms, i64(2 * t)) for t in range(self.tile.terms)]
        cs = [self.narrowed(terms, 2 * t + 1) for t in range(self.tile.terms)]
        for lanes, vectors in ((whole.lanes, _AT_ONCE), (whole.lanes, 1), (1, 1)):
            self.words = w = Words(b, whole.double, lanes, whole.fused)
            wide = [w.splat(c) for c in cs]
            turns = b.sdiv(b.sub(count, done), i64(lanes * vectors))
            with Loop(b, turns) as r:
                at = b.mul(b.add(done, b.mul(r, i64(lanes * vectors))), i64(w.size))
                for v in range(vectors):
                    found = [self.at(row, at, v) for row in rows]
                    x = b.fmul(wide[0], found[0]) if found else w.constant(0)
                    for c, other in zip(wide[1:], found[1:], strict=True):
                        x = w.multiply_add(c, other, x)
                    self.put(x, y, at, v)
            done = b.add(done, b.mul(turns, i64(lanes * vectors)))
        self.words = whole


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

    def kernel(self, x, far, step, following, planes, count, vectors):
        b = self.builder
        high, wide = tall(self.tile.tall), FORMULAS[self.tile.rows]
        to = [self.number(planes, i64(n)) for n in range(len(high) * len(wide))]
        reads, columns = (sorted({m for _, t, *_ in f for m, _ in t}) for f in (high, wide))
        rows = {m: b.add(x, b.mul(far, i64(m))) for m in reads}
        steps = {m: b.mul(step, i64(m)) for m in columns}
        with Loop(b, count) as u:
            tile, place = b.mul(u, following), b.mul(u, i64(self.tile.pitch))
            for at in self.each_vector(vectors):
                d = {(m, c): self.at(rows[m], b.add(b.add(tile, steps[c]), at))
                     for m in reads for c in columns}  # fmt: skip
                for h, (_, signs, *_) in enumerate(high):
                    z = {c: self.signed([(d[m, c], e) for m, e in signs]) for c in columns}
                    for s, (_, terms, *_) in enumerate(wide):
                        y = self.signed([(z[c], e) for c, e in terms])
                        self.put(y, to[h * len(wide) + s], b.add(place, at))

    def each_vector(self, vectors):
        """Yield the offset of each vector of channels: written out if there are two at most."""
        b, line = self.builder, self.words.lanes * self.words.size
        many = self.tile.pitch // line
        if many <= 2:
            yield from (i64(v * line) for v in range(many))
        else:
            with Loop(b, vectors) as v:
                yield b.mul(v, i64(line))


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
