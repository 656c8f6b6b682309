"""Expressions of drivers as LLVM's instructions: the half of `translate` that has no control flow.

The types are described there.
"""

import ast
import operator
from functools import partial, reduce
from typing import NamedTuple

import numpy as np
from llvmlite import ir

from .vectors import I16, I32, I64
from .words import View, Word

__all__ = ["Expressions"]

I1, F32, F64 = ir.IntType(1), ir.FloatType(), ir.DoubleType()
FLOATS = F32, F64
_TYPES = {np.int64: I64, np.uint32: I32, np.uint16: I16, np.float32: F32, np.float64: F64}
_COMPARISONS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_FOLDED = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.LShift: operator.lshift,
}  # fmt: skip


class _Slot(NamedTuple):
    """Where a number is on the stack."""

    pointer: ir.Value
    kind: ir.Type


class Expressions:
    """What an expression gives: IR, a view, a tuple, or a number of Python's."""

    def __init__(self, builder, function):
        self.b = builder
        self.function = function
        self.slots = {}  # of variables: where they are on the stack, until LLVM finds registers

    def called(self, function, arguments):
        """Return what a function of Python's returns."""
        raise NotImplementedError

    def handler(self, node):
        """Return the method for a kind of syntax."""
        found = getattr(self, f"_on_{type(node).__name__.lower()}", None)
        if found is None:
            line = self.function.__code__.co_firstlineno + node.lineno - 1
            raise NotImplementedError(f"{self.function.__name__}, line {line}: {ast.unparse(node)}")
        return found

    def value(self, node):
        """Return what an expression gives: an IR value, a view, a tuple or a number of Python's."""
        return self.handler(node)(node)

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
            kind = self.as_ir(value).type
            return _Slot(self.b.alloca(kind), kind)

    def write(self, slot, value):
        """Store a value in a slot."""
        if isinstance(slot, View):
            self.write(slot.address, value.address)
            self.write(slot.length, value.length)
        else:
            self.b.store(self.as_ir(value, slot.kind), slot.pointer)

    def read(self, slot):
        """Return the value of a slot."""
        if isinstance(slot, View):
            return View(slot.element, self.read(slot.address), self.read(slot.length))
        return self.b.load(slot.pointer)

    def _on_constant(self, node):
        return node.value

    def _on_name(self, node):
        if node.id in self.slots:
            return self.read(self.slots[node.id])
        return self.known(node)

    def _on_attribute(self, node):
        return self.known(node)

    def known(self, node):
        """Return what a name means where the function was defined."""
        if isinstance(node, ast.Attribute):
            return getattr(self.known(node.value), node.attr)
        names = self.function.__globals__
        return names[node.id] if node.id in names else names["__builtins__"][node.id]

    def _on_tuple(self, node):
        return tuple(self.value(x) for x in node.elts)

    def _on_subscript(self, node):
        view = self.value(node.value)
        return self.b.load(view.at(self.b, self.as_ir(self.value(node.slice))))

    def _on_unaryop(self, node):
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.b.not_(self.truth(value))
        if not isinstance(value, ir.Value):
            return -value
        return self.b.fneg(value) if value.type in FLOATS else self.b.neg(value)

    def _on_binop(self, node):
        return self.binary(node.op, self.value(node.left), self.value(node.right))

    def binary(self, op, x, y):
        """Return x op y."""
        if not isinstance(x, ir.Value) and not isinstance(y, ir.Value):
            return _FOLDED[type(op)](x, y)
        x, y = self.alike(x, y)
        b, kind = self.b, type(op)
        flags = ["nsw"] if x.type == I64 else []
        if x.type in FLOATS:
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

    def _on_compare(self, node):
        values = [self.value(x) for x in (node.left, *node.comparators)]
        found = [
            self.compared(_COMPARISONS[type(op)], *self.alike(x, y))
            for op, x, y in zip(node.ops, values, values[1:], strict=False)
        ]
        return reduce(self.b.and_, found)

    def compared(self, op, x, y):
        """Return whether x op y."""
        if x.type in FLOATS:
            return (self.b.fcmp_unordered if op == "!=" else self.b.fcmp_ordered)(op, x, y)
        return (self.b.icmp_signed if x.type == I64 else self.b.icmp_unsigned)(op, x, y)

    def _on_boolop(self, node):
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

    def _on_ifexp(self, node):
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

    def _on_call(self, node):
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
        return self.called(function, arguments)

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
        if kind in FLOATS:
            return (self.b.sitofp if signed else self.b.uitofp)(x, kind)
        if x.type.width > kind.width:
            return self.b.trunc(x, kind)
        return (self.b.sext if signed else self.b.zext)(x, kind)
