"""What writes the transforms of inputs and filters; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import Words, i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds
from .formulas import FILTERS, FORMULAS, tall

__all__ = ["Combine", "Transform", "Weigh"]

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

    def kernel(self, x, x_step, x_run, y, y_step, y_run, runs, count):
        b, whole = self.builder, self.words
        lanes = whole.lanes if whole.double else whole.lanes // 2
        self.words = w = Words(b, True, lanes, whole.fused)
        narrow = ir.VectorType(whole.element, lanes)
        from_, to = (narrow if self.tile.rows == axis else w.vector for axis in (0, 2))
        with Loop(b, runs) as r:
            source, target = b.add(x, b.mul(r, x_run)), b.add(y, b.mul(r, y_run))
            with Loop(b, b.sdiv(count, i64(lanes))) as n:
                taps = [
                    self.tap(b.add(source, b.mul(x_step, i64(t))), n, from_)
                    for t in range(self.tile.terms)
                ]
                for s, row in enumerate(FILTERS[self.tile.terms]):
                    total = self.sum(zip(row, taps, strict=True))
                    at = self.place(b.add(target, b.mul(y_step, i64(s))), n, to)
                    total = total if to == w.vector else b.fptrunc(total, to)
                    b.store(total, at, align=self.item)
        self.words = whole

    def tap(self, address, n, kind):
        """Return a vector of a tap, in float64."""
        x = self.builder.load(self.place(address, n, kind), align=self.item)
        return x if kind == self.words.vector else self.builder.fpext(x, self.words.vector)

    def sum(self, parts):
        """Return the sum of vectors, by twice their coefficients."""
        w, total = self.words, None
        for c, x in parts:
            if c:
                half = w.constant(c / 2)
                total = (self.builder.fmul(half, x) if total is None
                         else w.multiply_add(half, x, total))  # fmt: skip
        return total

    def place(self, address, n, kind):
        """Return a pointer to a vector of numbers of a kind."""
        b, size = self.builder, 8 if kind == self.words.vector else self.item
        at = b.mul(n, i64(kind.count * size))
        return b.inttoptr(b.add(address, at), kind.as_pointer())


class Transform(MinimalEmitter):
    """Writes `transform`."""

    def kernel(self, x, far, step, following, planes, count, vectors):
        b = self.builder
        self.high, self.wide = tall(self.tile.tall), FORMULAS[self.tile.rows]
        to = [self.number(planes, i64(n)) for n in range(len(self.high) * len(self.wide))]
        reads, columns = (sorted({m for _, t, *_ in f for m, _ in t})
                          for f in (self.high, self.wide))  # fmt: skip
        self.rows = {m: b.add(x, b.mul(far, i64(m))) for m in reads}
        self.steps = {m: b.mul(step, i64(m)) for m in columns}
        many, line = self.tile.pitch // self.line, self.line
        if many <= 2:
            for h in range(len(self.high)):
                self.product(h, to[h * len(self.wide) :], following, count)
            return
        with Loop(b, count) as u:
            tile, place = b.mul(u, following), b.mul(u, i64(self.tile.pitch * self.tile.every))
            with Loop(b, vectors) as v:
                at = b.mul(v, i64(line))
                d = {(m, c): self.at(self.rows[m], b.add(b.add(tile, self.steps[c]), at))
                     for m in reads for c in columns}  # fmt: skip
                for h, (_, signs, *_) in enumerate(self.high):
                    z = {c: self.signed([(d[m, c], e) for m, e in signs]) for c in columns}
                    self.put_all(z, to[h * len(self.wide) :], b.add(place, at))

    def product(self, h, to, following, count):
        """Write the inputs of a product of the height, of all tiles; vectors are few.

        Columns that a tile has in common with the one before are not read again.
        """
        b, columns, n_vectors = self.builder, [*self.steps], self.tile.pitch // self.line
        kept = [m for m in columns if m + 2 in columns]

        def column(m, at, v):
            at = b.add(at, self.steps[m])
            _, signs, *_ = self.high[h]
            return self.signed([(self.at(self.rows[r], at, v), sign) for r, sign in signs])

        def one_tile(u, found):
            first, rest = b.mul(u, following), []
            place = b.mul(u, i64(self.tile.pitch * self.tile.every))
            for v in range(n_vectors):
                z = dict(zip(kept, found[v * len(kept) :], strict=False))
                z |= {m: column(m, first, v) for m in columns if m not in z}
                self.put_all(z, to, b.add(place, i64(v * self.line)))
                rest += [z[m + 2] for m in kept]
            return rest

        rounds(b, count, [column(m, i64(0), v) for v in range(n_vectors) for m in kept], one_tile)

    def put_all(self, z, to, at):
        """Write what the formula of the width makes of combined columns."""
        for (_, terms, *_), y in zip(self.wide, to, strict=False):
            self.put(self.signed([(z[m], sign) for m, sign in terms]), y, at)
