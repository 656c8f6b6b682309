"""A driver's Python as LLVM's instructions.

The drivers are integer loops: what they need of Python is little, and is translated word by word,
callees in place. Numba takes 8 s for what this does in a second: it compiles each of forty functions
by itself, several times, before it inlines them. The same text runs with NUMBA_DISABLE_JIT=1.

Numbers are int64, uint32, uint16, float32, float64 or bool; a number of Python's takes the type of
the other operand. There is no other conversion but `np.float32(x)` and its like. Division rounds
down, as Python's does, and is not checked. A step of `range` that is no constant must be positive.
Besides there are tuples, views of memory (`words`), `min`, `max`, `divmod`, `len` and `range`.
"""

import ast
import inspect
import operator
import textwrap
from functools import lru_cache, partial, reduce
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from .emit import I16, I32, I64
from .memory import View, Word

__all__ = ["translate"]

I1, F32, F64 = ir.IntType(1), ir.FloatType(), ir.DoubleType()
_TYPES = {np.int64: I64, np.uint32: I32, np.uint16: I16, np.float32: F32, np.float64: F64}
_COMPARISONS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_FOLDED = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.LShift: operator.lshift,
}  # fmt: skip


def translate(function, builder, *arguments):
    """Append what `function(*arguments)` does."""
    _Frame(builder, function).call(arguments)


class _Loop(NamedTuple):
    again: ir.Block
    leave: ir.Block


@lru_cache(maxsize=None)
def _definition(function):
    """Return the syntax of a function."""
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


class _Frame:
    """One call of one function, whose instructions are appended where the builder stands."""

    def __init__(self, builder, function):
        self.b = builder
        self.function = function
        self.slots = {}  # of variables: where they are on the stack, until LLVM finds registers
        self.loops = []
        self.end = builder.append_basic_block("end")
        self.results = None

    def call(self, arguments):
        """Append the body; return what it returns."""
        definition = _definition(self.function)
        for parameter, value in zip(definition.args.args, arguments, strict=True):
            self.assign(parameter.arg, value)
        self.body(definition.body)
        if not self.b.block.is_terminated:
            self.b.branch(self.end)
        self.b.position_at_end(self.end)
        if self.results is None:
            return None
        values = tuple(self.read(slot) for slot in self.results)
        return values if len(values) > 1 else values[0]

    def body(self, statements):
        """Append statements, up to one that leaves."""
        for statement in statements:
            if self.b.block.is_terminated:
                return
            self.handler(statement)(statement)

    def handler(self, node):
        """Return the method for a kind of syntax."""
        found = getattr(self, f"on_{type(node).__name__.lower()}", None)
        if found is None:
            line = self.function.__code__.co_firstlineno + node.lineno - 1
            raise NotImplementedError(f"{self.function.__name__}, line {line}: {ast.unparse(node)}")
        return found

    def value(self, node):
        """Return what an expression gives: an IR value, a view, a tuple or a number of Python's."""
        return self.handler(node)(node)

    # ---- variables -------------------------------------------------------------------------------

    def assign(self, name, value):
        """Let a variable have a value; its type is that of its first one."""
        if name not in self.slots:
            self.slots[name] = self.slot(value)
        self.write(self.slots[name], value)

    def slot(self, value):
        """Return room on the stack for such a value."""
        if isinstance(value, View):
            return View(value.element, self.slot(value.address), self.slot(value.length))
        with self.b.goto_entry_block():
            return self.b.alloca(self.as_ir(value).type)

    def write(self, slot, value):
        if isinstance(slot, View):
            self.write(slot.address, value.address)
            self.write(slot.length, value.length)
        else:
            self.b.store(self.as_ir(value, slot.allocated_type), slot)

    def read(self, slot):
        if isinstance(slot, View):
            return View(slot.element, self.read(slot.address), self.read(slot.length))
        return self.b.load(slot)

    def as_ir(self, value, kind=None):
        """Return a number as IR, Python's as `kind` or int64."""
        if isinstance(value, ir.Value):
            if kind is not None and value.type != kind:
                raise TypeError(f"{self.function.__name__}: {value.type} where {kind} is needed")
            return value
        return ir.Constant(kind or (I1 if isinstance(value, bool) else I64), value)

    def truth(self, value):
        """Return a condition."""
        value = self.as_ir(value)
        zero = ir.Constant(value.type, 0)
        return value if value.type == I1 else self.b.icmp_unsigned("!=", value, zero)

    # ---- statements ------------------------------------------------------------------------------

    def on_expr(self, node):
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.value(node.value)

    def on_assign(self, node):
        value = self.value(node.value)
        for target in node.targets:
            self.store(target, value)

    def on_augassign(self, node):
        self.store(node.target, self.binary(node.op, self.value(node.target), self.value(node.value)))

    def store(self, target, value):
        if isinstance(target, ast.Tuple):
            for part, part_value in zip(target.elts, value, strict=True):
                self.store(part, part_value)
        elif isinstance(target, ast.Subscript):
            view, index = self.value(target.value), self.as_ir(self.value(target.slice))
            self.b.store(self.as_ir(value, view.element), view.at(self.b, index))
        else:
            self.assign(target.id, value)

    def on_if(self, node):
        yes, no, after = (self.b.append_basic_block(n) for n in ("then", "else", "after"))
        self.b.cbranch(self.truth(self.value(node.test)), yes, no)
        for block, statements in ((yes, node.body), (no, node.orelse)):
            self.b.position_at_end(block)
            self.body(statements)
            if not self.b.block.is_terminated:
                self.b.branch(after)
        self.b.position_at_end(after)

    def on_while(self, node):
        test, body, after = (self.b.append_basic_block(n) for n in ("while", "body", "after"))
        self.b.branch(test)
        self.b.position_at_end(test)
        self.b.cbranch(self.truth(self.value(node.test)), body, after)
        self.loop(body, node.body, _Loop(test, after))
        self.b.branch(test)
        self.b.position_at_end(after)

    def on_for(self, node):
        numbers = [self.as_ir(self.value(x)) for x in node.iter.args]
        start, stop, step = (
            (I64(0), *numbers, I64(1)) if len(numbers) == 1 else (*numbers, I64(1))[:3]
        )
        counter = self.slot(start)
        self.write(counter, start)
        test, body, following, after = (
            self.b.append_basic_block(n) for n in ("for", "body", "next", "after")
        )
        down = isinstance(step, ir.Constant) and step.constant < 0
        self.b.branch(test)
        self.b.position_at_end(test)
        inside = self.b.icmp_signed(">" if down else "<", self.read(counter), stop)
        self.b.cbranch(inside, body, after)
        self.b.position_at_end(body)
        self.assign(node.target.id, self.read(counter))
        self.loop(body, node.body, _Loop(following, after))
        self.b.branch(following)
        self.b.position_at_end(following)
        self.write(counter, self.b.add(self.read(counter), step, flags=["nsw"]))
        self.b.branch(test)
        self.b.position_at_end(after)

    def loop(self, block, statements, loop):
        """Append the body of a loop; afterwards the builder stands at its end, or in dead code."""
        self.b.position_at_end(block)
        self.loops.append(loop)
        self.body(statements)
        self.loops.pop()
        if self.b.block.is_terminated:
            self.b.position_at_end(self.b.append_basic_block("dead"))

    def on_break(self, node):
        self.b.branch(self.loops[-1].leave)

    def on_continue(self, node):
        self.b.branch(self.loops[-1].again)

    def on_return(self, node):
        if node.value is not None:
            value = self.value(node.value)
            values = value if isinstance(value, tuple) else (value,)
            if self.results is None:
                self.results = [self.slot(x) for x in values]
            for slot, x in zip(self.results, values, strict=True):
                self.write(slot, x)
        self.b.branch(self.end)

    # ---- expressions -----------------------------------------------------------------------------

    def on_constant(self, node):
        return node.value

    def on_name(self, node):
        if node.id in self.slots:
            return self.read(self.slots[node.id])
        return self.known(node)

    def on_attribute(self, node):
        return self.known(node)

    def known(self, node):
        """Return what a name means where the function was defined."""
        if isinstance(node, ast.Attribute):
            return getattr(self.known(node.value), node.attr)
        names = self.function.__globals__
        return names[node.id] if node.id in names else names["__builtins__"][node.id]

    def on_tuple(self, node):
        return tuple(self.value(x) for x in node.elts)

    def on_subscript(self, node):
        view = self.value(node.value)
        return self.b.load(view.at(self.b, self.as_ir(self.value(node.slice))))

    def on_unaryop(self, node):
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.b.not_(self.truth(value))
        if not isinstance(value, ir.Value):
            return -value
        return self.b.fneg(value) if value.type in (F32, F64) else self.b.neg(value)

    def on_binop(self, node):
        return self.binary(node.op, self.value(node.left), self.value(node.right))

    def binary(self, op, x, y):
        """Return x op y."""
        if not isinstance(x, ir.Value) and not isinstance(y, ir.Value):
            return _FOLDED[type(op)](x, y)
        x, y = self.alike(x, y)
        b, kind = self.b, type(op)
        flags = ["nsw"] if x.type == I64 else []
        if x.type in (F32, F64):
            return {ast.Add: b.fadd, ast.Sub: b.fsub, ast.Mult: b.fmul}[kind](x, y)
        if kind in (ast.FloorDiv, ast.Mod):
            return self.divided(x, y)[kind is ast.Mod]
        if kind in (ast.Add, ast.Sub, ast.Mult):
            return {ast.Add: b.add, ast.Sub: b.sub, ast.Mult: b.mul}[kind](x, y, flags=flags)
        right = b.ashr if x.type == I64 else b.lshr
        bitwise = {
            ast.BitAnd: b.and_, ast.BitOr: b.or_, ast.BitXor: b.xor,
            ast.LShift: b.shl, ast.RShift: right,
        }  # fmt: skip
        return bitwise[kind](x, y)

    def alike(self, x, y):
        """Return both as IR of one type."""
        kind = next(v.type for v in (x, y) if isinstance(v, ir.Value))
        return self.as_ir(x, kind), self.as_ir(y, kind)

    def divided(self, x, y):
        """Return int64 quotient, rounded down, and remainder, with the sign of y."""
        b = self.b
        quotient, rest = b.sdiv(x, y), b.srem(x, y)
        differs = b.icmp_signed("<", b.xor(rest, y), I64(0))
        down = b.and_(differs, b.icmp_signed("!=", rest, I64(0)))
        return b.sub(quotient, b.zext(down, I64)), b.select(down, b.add(rest, y), rest)

    def on_compare(self, node):
        values = [self.value(x) for x in (node.left, *node.comparators)]
        found = [
            self.compared(_COMPARISONS[type(op)], *self.alike(x, y))
            for op, x, y in zip(node.ops, values, values[1:], strict=False)
        ]
        return reduce(self.b.and_, found)

    def compared(self, op, x, y):
        """Return whether x op y."""
        if x.type in (F32, F64):
            return (self.b.fcmp_unordered if op == "!=" else self.b.fcmp_ordered)(op, x, y)
        return (self.b.icmp_signed if x.type == I64 else self.b.icmp_unsigned)(op, x, y)

    def on_boolop(self, node):
        """Return a condition; what need not be looked at is not."""
        slot, after = self.slot(True), self.b.append_basic_block("decided")
        for x in node.values:
            condition = self.truth(self.value(x))
            self.write(slot, condition)
            more = self.b.append_basic_block("more")
            yes, no = (more, after) if isinstance(node.op, ast.And) else (after, more)
            self.b.cbranch(condition, yes, no)
            self.b.position_at_end(more)
        self.b.branch(after)
        self.b.position_at_end(after)
        return self.read(slot)

    def on_ifexp(self, node):
        yes, no, after = (self.b.append_basic_block(n) for n in ("then", "else", "after"))
        self.b.cbranch(self.truth(self.value(node.test)), yes, no)
        slot = None
        for block, part in ((yes, node.body), (no, node.orelse)):
            self.b.position_at_end(block)
            value = self.value(part)
            slot = self.slot(value) if slot is None else slot
            self.write(slot, value)
            self.b.branch(after)
        self.b.position_at_end(after)
        return self.read(slot)

    def on_call(self, node):
        function, arguments = self.known(node.func), [self.value(x) for x in node.args]
        if isinstance(function, Word):
            return function.write(self.b, *(self.as_ir(x) for x in arguments))
        if function in _TYPES:
            return self.converted(_TYPES[function], *arguments)
        if function in (min, max):
            return reduce(partial(self.better, "<" if function is min else ">"), arguments)
        if function is divmod:
            return self.divided(*map(self.as_ir, arguments))
        if function is len:
            return arguments[0].length
        return _Frame(self.b, function).call(arguments)

    def better(self, op, x, y):
        """Return x if x op y, else y."""
        x, y = self.alike(x, y) if isinstance(x, ir.Value) or isinstance(y, ir.Value) else (x, y)
        x, y = self.as_ir(x), self.as_ir(y)
        return self.b.select(self.compared(op, x, y), x, y)

    def converted(self, kind, x):
        """Return x in another type."""
        if not isinstance(x, ir.Value):
            return ir.Constant(kind, x)
        if x.type == kind:
            return x
        signed = x.type == I64
        if kind in (F32, F64):
            return (self.b.sitofp if signed else self.b.uitofp)(x, kind)
        if x.type.width > kind.width:
            return self.b.trunc(x, kind)
        return (self.b.sext if signed else self.b.zext)(x, kind)
