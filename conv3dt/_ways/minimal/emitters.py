"""What the writers of the minimal way's micro-kernels have in common."""

from llvmlite import ir

from ..._compiler.vectors import i64
from ..shared.emitter import Emitter

__all__ = ["MinimalEmitter", "repeated", "rounds"]

_DOUBLE = ir.DoubleType()


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


def repeated(builder, start, body, going):
    """Emit a loop that hands values on as long as `going(values)`, also before the first round."""
    b, origin = builder, builder.block
    again, loop, done = (b.append_basic_block(x) for x in ("again", "loop", "done"))
    b.branch(again)
    b.position_at_end(again)
    values = [b.phi(x.type) for x in start]
    for x, before in zip(values, start, strict=True):
        x.add_incoming(before, origin)
    b.cbranch(going(values), loop, done)
    b.position_at_end(loop)
    for x, after in zip(values, body(values), strict=True):
        x.add_incoming(after, b.block)
    b.branch(again)
    b.position_at_end(done)
    return values


class MinimalEmitter(Emitter):
    """What these kernels have in common."""

    def number(self, table, index):
        """Return an int64 of a table."""
        at = self.words.pointer(table, i64(0).type)
        return self.builder.load(self.builder.gep(at, [index]))

    def narrowed(self, table, index):
        """Return a float64 of a table in the type of computing."""
        b, w = self.builder, self.words
        index = i64(index) if isinstance(index, int) else index
        x = b.load(b.gep(w.pointer(table, _DOUBLE), [index]))
        return x if w.double else b.fptrunc(x, w.element)

    def coefficient(self, table, index):
        """Return it in all lanes of a vector."""
        return self.words.splat(self.narrowed(table, index))

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
        b, ordered = self.builder, sorted(parts, key=lambda part: -part[1])
        x, sign = ordered[0]
        assert sign > 0
        for y, s in ordered[1:]:
            x = b.fadd(x, y) if s > 0 else b.fsub(x, y)
        return x
