"""Expressions of drivers as LLVM's instructions: the half of `translate` that has no control flow.

The types are described there. What is known while translating stays a value of Python's.
"""

import ast
import operator
from functools import partial, reduce

import numpy as np
from llvmlite import ir

from .records import Field, Inline, Int, Record, Rows
from .values import Ref, Values, is_number
from .vectors import I16, I32, I64
from .words import View, Word

__all__ = ["Expressions"]

F32, F64 = ir.FloatType(), ir.DoubleType()
FLOATS = F32, F64
_TYPES = {np.int64: I64, np.uint32: I32, np.uint16: I16, np.float32: F32, np.float64: F64}
_COMPARISONS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_FOLDED = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.LShift: operator.lshift,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


class Expressions(Values):
    """What an expression gives: IR, a view, a record, a tuple, or a value of Python's."""

    def called(self, function, arguments, constants):
        """Return what a function of Python's returns."""
        raise NotImplementedError

    # ---- names, attributes, indices --------------------------------------------------------------

    def _on_constant(self, node):
        return node.value

    def _on_name(self, node):
        name, outside = node.id, self.function.__globals__
        for known in (self.values, self.constants):
            if name in known:
                return known[name]
        if name in self.slots:
            return self.read(self.slots[name])
        builtins = outside["__builtins__"]
        builtins = builtins if isinstance(builtins, dict) else vars(builtins)
        if name not in outside and name not in builtins:
            self.refuse(node, "it has no value here")
        return outside[name] if name in outside else builtins[name]

    def _on_attribute(self, node):
        value = self.value(node.value)
        if is_number(value):
            self.refuse(node, "a number has no parts")
        if not isinstance(value, Ref):
            return getattr(value, node.attr)
        if node.attr == "address":
            return value.address
        field = self.field(node, value)
        at = self.b.add(value.address, I64(field.offset))
        if isinstance(field, Inline):
            return Ref(field.record, at)
        number = self.b.load(self.number_at(at))
        return Ref(field.record, number, rows=True) if isinstance(field, Rows) else number

    def field(self, node, value):
        """Return the field of a record that an attribute names."""
        field = getattr(value.record, node.attr, None)
        if value.rows or not isinstance(field, Field):
            self.refuse(node, f"{value.record.__name__} has no field {node.attr!r}")
        return field

    def set_field(self, node, value):
        """Store a number in a field of a record."""
        record = self.value(node.value)
        field = self.field(node, record)
        if not isinstance(field, (Int, Rows)):
            self.refuse(node, "only numbers are stored")
        at = self.b.add(record.address, I64(field.offset))
        self.b.store(self.as_ir(value, I64), self.number_at(at))

    def number_at(self, address):
        """Return a pointer to the int64 number at an address."""
        return self.b.inttoptr(address, I64.as_pointer())

    def _on_tuple(self, node):
        return tuple(self.value(x) for x in node.elts)

    def _on_subscript(self, node):
        value, index = self.value(node.value), self.value(node.slice)
        if isinstance(value, Ref):
            step = self.b.mul(self.as_ir(index), I64(value.record.SIZE), flags=["nsw"])
            return Ref(value.record, self.b.add(value.address, step))
        if isinstance(value, View):
            return self.b.load(value.at(self.b, self.as_ir(index)))
        if is_number(value) or is_number(index):
            self.refuse(node, "only views and rows of records have numbered parts")
        return value[index]

    # ---- operators -------------------------------------------------------------------------------

    def _on_unaryop(self, node):
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            found = self.truth(value)
            return self.b.not_(found) if is_number(found) else not found
        if not isinstance(node.op, ast.USub):
            self.refuse(node, f"{type(node.op).__name__} is not understood")
        if not is_number(value):
            return -value
        return self.b.fneg(value) if value.type in FLOATS else self.b.neg(value)

    def _on_binop(self, node):
        return self.binary(node, self.value(node.left), self.value(node.right))

    def binary(self, node, x, y):
        """Return x op y, where `node` has the operator."""
        if not is_number(x) and not is_number(y):
            return self.operator(node, node.op, _FOLDED)(x, y)
        x, y = self.alike(x, y)
        b, kind = self.b, type(node.op)
        flags = ["nsw"] if x.type == I64 else []
        if x.type in FLOATS:
            of_floats = {ast.Add: b.fadd, ast.Sub: b.fsub, ast.Mult: b.fmul}
            return self.operator(node, node.op, of_floats)(x, y)
        if kind in (ast.FloorDiv, ast.Mod):
            return self.divided(x, y)[kind is ast.Mod]
        if kind in (ast.Add, ast.Sub, ast.Mult):
            return {ast.Add: b.add, ast.Sub: b.sub, ast.Mult: b.mul}[kind](x, y, flags=flags)
        bitwise = {
            ast.BitAnd: b.and_, ast.BitOr: b.or_, ast.BitXor: b.xor,
            ast.LShift: b.shl, ast.RShift: b.ashr if x.type == I64 else b.lshr,
        }  # fmt: skip
        return self.operator(node, node.op, bitwise)(x, y)

    def operator(self, node, op, known):
        """Return what an operator is, if it is known."""
        if type(op) not in known:
            self.refuse(node, f"{type(op).__name__} is not understood")
        return known[type(op)]

    def alike(self, x, y):
        """Return both as IR of one type."""
        kind = next((v.type for v in (x, y) if is_number(v)), I64)
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
            self.compared(node, op, x, y)
            for op, x, y in zip(node.ops, values, values[1:], strict=False)
        ]
        return found[0] if len(found) == 1 else reduce(self.b.and_, map(self.as_ir, found))

    def compared(self, node, op, x, y):
        """Return whether x op y."""
        if not is_number(x) and not is_number(y):
            return self.operator(node, op, _FOLDED)(x, y)
        sign = self.operator(node, op, _COMPARISONS)
        x, y = self.alike(x, y)
        if x.type in FLOATS:
            return (self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered)(sign, x, y)
        return (self.b.icmp_signed if x.type == I64 else self.b.icmp_unsigned)(sign, x, y)

    def _on_boolop(self, node):
        """Return a condition; what need not be looked at is not."""
        stops, slot, after = isinstance(node.op, ast.Or), None, None
        for x in node.values:
            condition = self.truth(self.value(x))
            if not is_number(condition) and condition != stops:
                continue
            if slot is None:
                if not is_number(condition):
                    return stops
                slot, after = self.slot(True), self.b.append_basic_block("decided")
            self.write(slot, condition)
            if not is_number(condition):
                break
            more = self.b.append_basic_block("more")
            self.b.cbranch(condition, *((after, more) if stops else (more, after)))
            self.b.position_at_end(more)
        if slot is None:
            return not stops
        self.b.branch(after)
        self.b.position_at_end(after)
        return self.read(slot)

    def _on_ifexp(self, node):
        test = self.truth(self.value(node.test))
        if not is_number(test):
            return self.value(node.body if test else node.orelse)
        yes, no, after = (self.b.append_basic_block(n) for n in ("then", "else", "after"))
        self.b.cbranch(test, yes, no)
        slot = None
        for block, part in ((yes, node.body), (no, node.orelse)):
            self.b.position_at_end(block)
            value = self.value(part)
            slot = self.slot(value) if slot is None else slot
            self.write(slot, value)
            self.b.branch(after)
        self.b.position_at_end(after)
        return self.read(slot)

    # ---- calls -----------------------------------------------------------------------------------

    def _on_call(self, node):
        function, arguments = self.value(node.func), [self.value(x) for x in node.args]
        constants = {x.arg: self.value(x.value) for x in node.keywords}
        if isinstance(function, Word):
            return function.write(self.b, *(self.as_ir(x) for x in arguments))
        if isinstance(function, type) and issubclass(function, Record):
            return Ref(function, self.as_ir(arguments[0]))
        if isinstance(function, type) and issubclass(function, tuple):
            return function(*arguments)
        if function in _TYPES:
            return self.converted(_TYPES[function], *arguments)
        if function in (min, max):
            return reduce(partial(self.better, node, function), arguments)
        if function is divmod:
            return self.divided(*self.alike(*arguments))
        if function is len:
            return arguments[0].length
        if not hasattr(function, "__code__"):
            self.refuse(node, "it cannot be called here")
        return self.called(function, arguments, constants)

    def better(self, node, function, x, y):
        """Return the lesser or greater of two numbers."""
        if not is_number(x) and not is_number(y):
            return function(x, y)
        x, y = self.alike(x, y)
        op = ast.Lt() if function is min else ast.Gt()
        return self.b.select(self.compared(node, op, x, y), x, y)

    def converted(self, kind, x):
        """Return x in another type."""
        if not is_number(x):
            return ir.Constant(kind, x)
        if x.type == kind:
            return x
        if x.type in FLOATS and kind in FLOATS:
            return (self.b.fpext if kind == F64 else self.b.fptrunc)(x, kind)
        signed = x.type == I64
        if kind in FLOATS:
            return (self.b.sitofp if signed else self.b.uitofp)(x, kind)
        if x.type.width > kind.width:
            return self.b.trunc(x, kind)
        return (self.b.sext if signed else self.b.zext)(x, kind)
