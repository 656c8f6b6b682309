"""What a driver's names stand for while it is translated: IR, views, records, Python's values."""

import ast
from typing import Any, NamedTuple

from llvmlite import ir

from .records import Record
from .vectors import I64
from .words import View

__all__ = ["I1", "Ref", "Values", "is_number"]

I1 = ir.IntType(1)


class Ref(NamedTuple):
    """A record, or where records lie one behind the other."""

    record: type[Record]
    address: Any
    rows: bool = False


class _Slot:
    """Where a number is on the stack."""

    def __init__(self, pointer: ir.Value, kind: ir.Type) -> None:
        self.pointer, self.kind = pointer, kind


def is_number(value: Any) -> bool:
    """Return whether a value is one number in IR."""
    return isinstance(value, ir.Value)


def _parts(value: Any) -> tuple[Any, ...] | None:
    """Return the numbers that a view, a record or a tuple is made of; None for a number."""
    if isinstance(value, View):
        return value.address, value.length
    if isinstance(value, Ref):
        return (value.address,)
    return tuple(value) if isinstance(value, tuple) else None


def _like(value: Any, parts: list[Any]) -> Any:
    """Return what `value` is, made of other numbers."""
    if isinstance(value, View):
        return View(value.element, *parts)
    if isinstance(value, Ref):
        return Ref(value.record, parts[0], value.rows)
    return tuple(parts) if type(value) is tuple else type(value)(*parts)


class Values:
    """The variables of a function, and how values of either kind become IR."""

    def __init__(self, builder, function, constants):
        self.b = builder
        self.function = function
        self.constants = constants  # parameters behind `*`: values of Python's
        self.values = {}  # of names that get one value: they need no room on the stack
        self.slots = {}  # of others: where they are, until LLVM finds registers

    def refuse(self, node, what):
        """Say where something stands that is not understood."""
        line = self.function.__code__.co_firstlineno + node.lineno - 1
        text = ast.unparse(node).partition("\n")[0]
        raise NotImplementedError(f"{self.function.__name__}, line {line}: {text}: {what}")

    def handler(self, node):
        """Return the method for a kind of syntax."""
        found = getattr(self, f"_on_{type(node).__name__.lower()}", None)
        if found is None:
            self.refuse(node, f"{type(node).__name__} is not understood")
        return found

    def value(self, node):
        """Return what an expression gives."""
        return self.handler(node)(node)

    def as_ir(self, value, kind=None):
        """Return a number as IR, Python's as `kind` or int64, a record as its address."""
        if isinstance(value, Ref):
            return value.address
        if is_number(value):
            if kind is not None and value.type != kind:
                raise TypeError(f"{self.function.__name__}: {value.type} where {kind} is needed")
            return value
        return ir.Constant(kind or (I1 if isinstance(value, bool) else I64), value)

    def truth(self, value):
        """Return a condition; one of Python's if it is known."""
        if not is_number(value) and not isinstance(value, Ref):
            return bool(value)
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
        parts = _parts(value)
        if parts is not None:
            return _like(value, [self.slot(x) for x in parts])
        with self.b.goto_entry_block():
            kind = self.as_ir(value).type
            return _Slot(self.b.alloca(kind), kind)

    def write(self, slot, value):
        """Store a value in a slot."""
        if isinstance(slot, _Slot):
            self.b.store(self.as_ir(value, slot.kind), slot.pointer)
            return
        for part, x in zip(_parts(slot), _parts(value), strict=True):
            self.write(part, x)

    def read(self, slot):
        """Return the value of a slot."""
        if isinstance(slot, _Slot):
            return self.b.load(slot.pointer)
        return _like(slot, [self.read(x) for x in _parts(slot)])
