"""Records: int64 numbers with names, through which a plan speaks to compiled drivers.

A record is declared once,

    class Phase(Record):
        first = Int()  # output
        axis = Inline(Axis)  # a record within the record
        taps = Rows(Tap)  # the address of records that lie one behind the other

and is then three things. The plan fills it: `Phase.zeros()` has memory of its own. A driver reads
and writes it, `phase.first`, which `translate` makes a load or a store at a constant offset. And
with NUMBA_DISABLE_JIT=1 the same text does the same with the same memory, slowly.

A record is no more than an address: as array views, records made drivers compile twice as long.
"""

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Field", "Inline", "Int", "Record", "Rows", "fields_of", "table"]

R = TypeVar("R", bound="Record")
WORD = 8  # bytes of a number


class Field:
    """A name of a record: where it is in it."""

    offset: int  # bytes
    size = WORD

    def __set_name__(self, owner: type["Record"], name: str) -> None:
        if hasattr(Record, name) or name in ("address", "numbers"):
            raise TypeError(f"{owner.__name__}: {name!r} is a name of every record, not of a field")
        self.offset = owner.__dict__.get("SIZE", owner.__base__.SIZE)  # type: ignore[union-attr]
        owner.SIZE = self.offset + self.size
        owner.NAMES = (*owner.NAMES, name)


class Int(Field):
    """One number."""

    @overload
    def __get__(self, record: None, owner: Any) -> "Int": ...
    @overload
    def __get__(self, record: "Record", owner: Any) -> int: ...
    def __get__(self, record: "Record | None", owner: Any) -> "Int | int":
        return self if record is None else _number(record.address + self.offset).value

    def __set__(self, record: "Record", value: int) -> None:
        _number(record.address + self.offset).value = int(value)


class Inline(Field, Generic[R]):
    """A record within the record."""

    def __init__(self, record: type[R]) -> None:
        self.record = record
        self.size = record.SIZE

    @overload
    def __get__(self, record: None, owner: Any) -> "Inline[R]": ...
    @overload
    def __get__(self, record: "Record", owner: Any) -> R: ...
    def __get__(self, record: "Record | None", owner: Any) -> "Inline[R] | R":
        return self if record is None else self.record(record.address + self.offset)


class Rows(Field, Generic[R]):
    """The address of records of one kind that lie one behind the other: `rows[n]` is one."""

    def __init__(self, record: type[R]) -> None:
        self.record = record

    @overload
    def __get__(self, record: None, owner: Any) -> "Rows[R]": ...
    @overload
    def __get__(self, record: "Record", owner: Any) -> "Row[R]": ...
    def __get__(self, record: "Record | None", owner: Any) -> "Rows[R] | Row[R]":
        if record is None:
            return self
        return Row(self.record, _number(record.address + self.offset).value)

    def __set__(self, record: "Record", address: int) -> None:
        _number(record.address + self.offset).value = int(address)


class Row(Generic[R]):
    """Records that lie one behind the other, in plain Python."""

    def __init__(self, record: type[R], address: int) -> None:
        self.record, self.address = record, address

    def __getitem__(self, n: int) -> R:
        return self.record(self.address + int(n) * self.record.SIZE)


class Record:
    """Named int64 numbers at an address."""

    SIZE: ClassVar[int] = 0  # bytes
    NAMES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, address: Any) -> None:
        self.address: int = int(getattr(address, "address", address))
        self.numbers: NDArray[np.int64]  # its own memory, if it has any

    @classmethod
    def zeros(cls: type[R]) -> R:
        """Return a record of zeros in memory of its own, `numbers`."""
        numbers = np.zeros(cls.SIZE // WORD, np.int64)
        record = cls(numbers.ctypes.data)
        record.numbers = numbers
        return record

    def fill(self, **values: int) -> None:
        """Set fields by their names."""
        for name, value in values.items():
            if not isinstance(getattr(type(self), name), Field):
                raise AttributeError(f"{type(self).__name__} has no field {name!r}")
            setattr(self, name, value)


def table(record: type[Record], rows: Sequence[dict[str, int]]) -> NDArray[np.int64]:
    """Return records of numbers, one behind the other, in memory of their own."""
    numbers = [[row[name] for name in record.NAMES] for row in rows]
    return np.array(numbers, np.int64).reshape(len(rows), len(record.NAMES))


def fields_of(record: type[Record], value: object) -> dict[str, int]:
    """Return those fields of a record that a value has as attributes."""
    return {name: getattr(value, name) for name in record.NAMES if hasattr(value, name)}


def _number(address: int) -> ctypes.c_int64:
    return ctypes.c_int64.from_address(address)
