"""What writes the micro-kernels of minimal filtering; their contracts are in `kernel.py`."""

from llvmlite import ir

from ..._compiler.vectors import Words, i64
from ..shared.emitter import Emitter, Loop
from .formulas import INPUTS

__all__ = ["EMITTERS"]

_DOUBLE = ir.DoubleType()
_LINE = 64  # bytes of a cache line
_AT_ONCE = 4  # vectors of a row that a term is multiplied with: reading the table costs less


def rounds(builder, n, start, body):
    """Emit a loop of n rounds that hands values on; `body(counter, values)` returns the next."""
    b, origin = builder, builder.block
    loop, done = b.append_basic_block("round"), b.append_basic_block("rounds_end")
    b.cbranch(b.icmp_signed(">", n, i64(0)), loop, done)
    b.position_at_end(loop)
    counter, values = b.phi(i64(0).type), [b.phi(x.type) for x in start]
    result = body(counter, values)
    following, end = b.add(counter, i64(1)), b.block
    b.cbranch(b.icmp_signed("<", following, n), loop, done)
    carried = zip([counter, *values], [i64(0), *start], [following, *result], strict=True)
    for x, before, after in carried:
        x.add_incoming(before, origin)
        x.add_incoming(after, end)
    b.position_at_end(done)
    found = [b.phi(x.type) for x in start]
    for x, before, after in zip(found, start, result, strict=True):
        x.add_incoming(before, origin)
        x.add_incoming(after, end)
    return found


class _Emitter(Emitter):
    """What these kernels have in common."""

    def number(self, table, index):
        """Return an int64 of a table."""
        at = self.words.pointer(table, i64(0).type)
        return self.builder.load(self.builder.gep(at, [index]))

    def coefficient(self, table, index):
        """Return a float64 of a table in all lanes of a vector."""
        b, w = self.builder, self.words
        x = b.load(b.gep(w.pointer(table, _DOUBLE), [index]))
        return w.splat(x if w.double else b.fptrunc(x, w.element))

    def at(self, address, offset, vector=0):
        """Return a vector in memory."""
        w, to = self.words, self.builder.add(address, offset)
        return w.load(w.pointer(to), i64(vector * w.lanes), w.size)

    def put(self, x, address, offset, vector=0):
        """Write a vector to memory."""
        b, w = self.builder, self.words
        to = b.gep(w.pointer(b.add(address, offset)), [i64(vector * w.lanes)])
        b.store(x, b.bitcast(to, w.vector.as_pointer()), align=w.size)

    def signed(self, parts):
        """Return the sum of (vector, 1 or -1), in this order, the positive first."""
        b, (x, sign), *rest = self.builder, *sorted(parts, key=lambda part: -part[1])
        assert sign > 0
        for y, s in rest:
            x = b.fadd(x, y) if s > 0 else b.fsub(x, y)
        return x


class _Combine(_Emitter):
    """Writes `combine`."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.narrow = self.words.element
        if tile.rows == 2 and not self.words.double:
            self.words = Words(builder, True, tile.lanes // 2, tile.fused)

    def kernel(self, terms, n, y, count):
        b, w = self.builder, self.words
        size = self.item
        big = b.sdiv(count, i64(_AT_ONCE * w.lanes))
        with Loop(b, big) as r:
            at = b.mul(r, i64(_AT_ONCE * w.lanes * size))
            self.some(terms, n, y, at, w.lanes, _AT_ONCE)
        done = b.mul(big, i64(_AT_ONCE * w.lanes))
        small = b.sdiv(b.sub(count, done), i64(w.lanes))
        with Loop(b, small) as r:
            at = b.mul(b.add(done, b.mul(r, i64(w.lanes))), i64(size))
            self.some(terms, n, y, at, w.lanes, 1)
        done = b.add(done, b.mul(small, i64(w.lanes)))
        with Loop(b, b.sub(count, done)) as r:
            self.some(terms, n, y, b.mul(b.add(done, r), i64(size)), 1, 1)

    def some(self, terms, n, y, at, lanes, vectors):
        """Write the sums of some neighbours."""
        b, outer = self.builder, self.words
        self.words = w = Words(b, outer.double, lanes, outer.fused)
        narrow = ir.VectorType(self.narrow, lanes)
        step = lanes * self.item

        def body(t, sums):
            first = b.mul(t, i64(2))
            source = b.add(self.number(terms, first), at)
            c = self.coefficient(terms, b.add(first, i64(1)))
            found = []
            for v, x in enumerate(sums):
                p = b.inttoptr(b.add(source, i64(v * step)), narrow.as_pointer())
                value = b.load(p, align=self.item)
                value = value if narrow == w.vector else b.fpext(value, w.vector)
                found.append(w.multiply_add(c, value, x))
            return found

        for v, x in enumerate(rounds(b, n, [w.constant(0)] * vectors, body)):
            value = x if narrow == w.vector else b.fptrunc(x, narrow)
            to = b.add(b.add(y, at), i64(v * step))
            b.store(value, b.inttoptr(to, narrow.as_pointer()), align=self.item)
        self.words = outer


class _Merge(_Emitter):
    """Writes `merge`."""

    def kernel(self, terms, n, y, step, count):
        b, w = self.builder, self.words
        whole, done = w, i64(0)
        for lanes, vectors in ((w.lanes, 2), (w.lanes, 1), (1, 1)):
            self.words = Words(b, whole.double, lanes, whole.fused)
            numbers = lanes * vectors
            turns = b.sdiv(b.sub(count, done), i64(numbers))
            with Loop(b, turns) as r:
                at = b.mul(b.add(done, b.mul(r, i64(numbers))), i64(w.size))
                self.some(terms, n, b.add(y, at), step, at, vectors)
            done = b.add(done, b.mul(turns, i64(numbers)))
        self.words = whole

    def some(self, terms, n, y, step, at, vectors):
        """Write the combinations of some neighbours."""
        b, w, inputs = self.builder, self.words, self.tile.rows + 1

        def body(t, sums):
            first = b.mul(t, i64(inputs + 1))
            c, found = self.coefficient(terms, first), []
            for m in range(inputs):
                source = b.add(self.number(terms, b.add(first, i64(1 + m))), at)
                for v in range(vectors):
                    x = sums[m * vectors + v]
                    found.append(w.multiply_add(c, self.at(source, i64(0), v), x))
            return found

        d = rounds(b, n, [w.constant(0)] * (inputs * vectors), body)
        for slot, signs, *_ in INPUTS[self.tile.rows]:
            for v in range(vectors):
                x = self.signed([(d[m * vectors + v], c) for m, c in signs])
                self.put(x, y, b.mul(step, i64(slot)), v)


class _Transform(_Emitter):
    """Writes `transform`."""

    def kernel(self, t, step, tile_step, planes, count, vectors):
        b, w, formula = self.builder, self.words, INPUTS[self.tile.rows]
        slots = range(formula[-1][0] + 1)
        at_planes = [self.number(planes, i64(n)) for n in slots]
        line = w.lanes * w.size
        ds = [t]
        for _ in range(self.tile.rows if len(slots) > 1 else 0):
            ds.append(b.add(ds[-1], step))
        with Loop(b, count) as u:
            tile, to = b.mul(u, tile_step), b.mul(u, i64(self.tile.pitch))
            with Loop(b, vectors) as v:
                at = b.mul(v, i64(line))
                d = [self.at(x, b.add(tile, at)) for x in ds]
                for slot in slots:
                    terms = next(terms for n, terms, *_ in formula if n == slot)
                    x = self.signed([(d[m], c) for m, c in terms])
                    self.put(x, at_planes[slot], b.add(to, at))


class _Multiply(_Emitter):
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


class _Restore(_Emitter):
    """Writes `restore`."""

    def kernel(self, terms, n, targets, n_targets, count, step, following):
        b, w, tile = self.builder, self.words, self.tile
        formula, vectors = INPUTS[tile.rows], range(tile.vectors)
        slots = range(formula[-1][0] + 1)
        width = tile.vectors * w.lanes * w.size
        with Loop(b, count) as u:
            from_, to = b.mul(u, i64(width)), b.mul(u, following)

            def add(t, sums, from_=from_):
                first = b.mul(t, i64(len(slots) + 1))
                c, found = self.coefficient(terms, first), []
                for s in slots:
                    at = self.number(terms, b.add(first, i64(1 + s)))
                    found += [
                        w.multiply_add(c, self.at(at, from_, j), sums[s * tile.vectors + j])
                        for j in vectors
                    ]
                return found

            z = rounds(b, n, [w.constant(0)] * (len(slots) * tile.vectors), add)
            ys = self.outputs(formula, z)
            with Loop(b, n_targets) as t:
                c = self.coefficient(targets, b.mul(t, i64(2)))
                y = b.add(self.number(targets, b.add(b.mul(t, i64(2)), i64(1))), to)
                for i, column in enumerate(ys):
                    at = b.mul(step, i64(i))
                    for j in vectors:
                        self.put(w.multiply_add(c, column[j], self.at(y, at, j)), y, at, j)

    def outputs(self, formula, z):
        """Return the vectors of each output of a tile; where a slot is a filter, of one."""
        vectors, found = self.tile.vectors, []
        for which in (2, 3) if len(formula) > 2 else (2,):
            signs = [(row[0], row[which]) for row in formula if row[which]]
            found.append(
                [self.signed([(z[s * vectors + j], c) for s, c in signs]) for j in range(vectors)]
            )
        return found


class _Begin(_Emitter):
    """Writes `begin`."""

    def kernel(self, y, bias, count):
        b, w, vectors = self.builder, self.words, range(self.tile.vectors)
        numbers = [self.at(bias, i64(0), j) for j in vectors]
        with Loop(b, count) as m:
            at = b.mul(m, i64(len(vectors) * w.lanes * w.size))
            for j, x in enumerate(numbers):
                self.put(x, y, at, j)


class _Finish(_Emitter):
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


EMITTERS = {
    "combine": _Combine,
    "merge": _Merge,
    "transform": _Transform,
    "multiply": _Multiply,
    "restore": _Restore,
    "begin": _Begin,
    "finish": _Finish,
}
