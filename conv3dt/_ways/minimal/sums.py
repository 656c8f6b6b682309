"""What writes sums: begun, added to, and stored as outputs; contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from .emitters import MinimalEmitter, rounds
from .formulas import FORMULAS, tall
from .task import Target

__all__ = ["Begin", "Finish", "Restore"]


class Begin(MinimalEmitter):
    """Writes `begin`."""

    def kernel(self, y, bias, count):
        b, w, vectors = self.builder, self.words, range(self.tile.vectors)
        numbers = [self.at(bias, i64(0), j) for j in vectors]
        with Loop(b, count) as m:
            at = b.mul(m, i64(len(vectors) * w.lanes * w.size))
            for j, x in enumerate(numbers):
                self.put(x, y, at, j)


class _Stored(MinimalEmitter):
    """What makes outputs of sums."""

    def stored_sums(self, sums, to, must_align):
        """Store a vector of sums after the other, after the activation."""
        b, w, tile = self.builder, self.words, self.tile
        placed = [(self.stored(x), b.add(to, i64(j * self.line)))
                  for j, x in enumerate(self.activated(sums))]  # fmt: skip
        if tile.last == w.lanes:
            self.store_whole(placed, must_align)
            return
        for j, (x, at) in enumerate(placed):
            w.store(x, at, tile.last if j == tile.vectors - 1 else w.lanes, align=self.item)

    def tainted(self, sums, worst):
        """Return a vector that is NaN in a lane where it was, or a sum is NaN or infinite."""
        for x in sums:  # 0 * x is 0 or NaN
            worst = self.words.multiply_add(x, self.words.constant(0), worst)
        return worst

    def tell(self, worst, flag):
        """Write 1 where there was a sum that is NaN or infinite."""
        b, w = self.builder, self.words
        bits = b.bitcast(b.fcmp_unordered("uno", worst, worst), ir.IntType(w.lanes))
        with b.if_then(b.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))):
            b.store(i64(1), w.pointer(flag, i64(0).type))


class Finish(_Stored):
    """Writes `finish`."""

    def kernel(self, y, c, count, y_step, c_step, flag):
        b, vectors = self.builder, range(self.tile.vectors)

        def one(m, worst):
            at, to = b.add(y, b.mul(m, y_step)), b.add(c, b.mul(m, c_step))
            sums = [self.at(at, i64(0), j) for j in vectors]
            self.stored_sums(sums, to, [c, c_step])
            return [self.tainted(sums, *worst)]

        self.tell(*rounds(b, count, [self.words.constant(0)], one), flag)


class Restore(_Stored):
    """Writes `restore`."""

    def kernel(self, products, targets, n_open, n_ended, count, steps, flag):
        b, w, tile = self.builder, self.words, self.tile
        width = tile.vectors * w.lanes * w.size
        steps = [self.number(steps, i64(n)) for n in range(6)]
        ended = b.add(targets, i64(2 * Target.SIZE))

        def one(u, worst):
            ys = self.outputs(products, b.mul(u, i64(width * tile.every)))
            with Loop(b, n_open) as t:
                target = b.add(targets, b.mul(t, i64(Target.SIZE)))
                for sums, _, to in self.added(ys, target, u, steps, steps[:3]):
                    for j, x in enumerate(sums):
                        self.put(x, to, i64(0), j)

            def last(_, worst):
                through = self.field_of(ended, Target.through)
                for sums, start, to in self.added(ys, ended, u, steps, steps[3:]):
                    self.stored_sums(sums, to, [start, *steps[3:], through])
                    worst = [self.tainted(sums, *worst)]
                return worst

            return rounds(b, n_ended, worst, last)

        self.tell(*rounds(b, count, [w.constant(0)], one), flag)

    def added(self, ys, target, u, steps, to_steps):
        """Yield, for each output of a tile, its sums after it is added, and where they belong."""
        b, w = self.builder, self.words
        source, mask, to = (
            self.field_of(target, field) for field in (Target.source, Target.mask, Target.to)
        )
        c = self.coefficient(target, i64(Target.coefficient.offset // 8))
        steps = [b.and_(step, mask) for step in steps[:3]]
        for (h, i), x in ys.items():
            at, y = (
                b.add(b.add(b.mul(row, i64(h)), b.mul(step, i64(i))), b.mul(u, following))
                for row, step, following in (steps, to_steps)
            )
            found = [self.at(b.add(source, at), i64(0), j) for j in range(len(x))]
            sums = [w.multiply_add(c, new, old) for new, old in zip(x, found, strict=True)]
            yield sums, to, b.add(to, y)

    def outputs(self, products, from_):
        """Return the vectors of each output of a tile, by its place along height and width."""
        found = [self.vectors(products, from_, j) for j in range(self.tile.vectors)]
        return {place: [y[place] for y in found] for place in found[0]}

    def vectors(self, products, from_, j):
        """Return a vector of each output of a tile, by its place along height and width."""
        tile = self.tile
        high, wide = tall(tile.tall), FORMULAS[tile.rows]
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
            for i in range(2):
                signs = [(z[h, s], row[2 + i]) for s, row in enumerate(wide) if row[2 + i]]
                if signs and i != tile.missing - 1:
                    found[h, i] = self.signed(signs)
        return found
