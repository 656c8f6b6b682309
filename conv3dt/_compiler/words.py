"""The words that drivers have beside Python, and what they stand for: numbers at addresses.

Drivers get addresses as int64. `float32_at(address, n)` and its like give n numbers there, to be
read and written by index; `get` and `put` read and write one int64. A view has no bounds; who makes
one knows its length. A word is its instructions and, for NUMBA_DISABLE_JIT=1, its twin in Python;
to add one, decorate what appends its instructions with `@word(twin)` and name it in `__all__`.
"""

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from . import processor
from .build import function_at
from .plain import PLAIN
from .vectors import I16, I32, I64, Words, i64

__all__ = [
    "View",
    "Word",
    "ask",
    "call",
    "copy_line",
    "float32_at",
    "float32_from_bits",
    "float64_at",
    "get",
    "next_task",
    "put",
    "uint16_at",
    "uint32_at",
    "word",
]


class Word(NamedTuple):
    """A function whose instructions `write(builder, *values)` appends."""

    write: Callable[..., Any]


class View(NamedTuple):
    """`length` numbers of one type that lie next to each other."""

    element: Any
    address: Any
    length: Any

    def at(self, builder, index):
        """Return a pointer to a number."""
        first = builder.inttoptr(self.address, self.element.as_pointer())
        return builder.gep(first, [index])


def word(twin: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that makes a word of what appends its instructions, or its plain twin."""
    return lambda write: twin if PLAIN else Word(write)


def _viewing(element: ir.Type, ctype: Any) -> Any:
    """Return the word for a view of numbers of a type."""

    def view(address, n):
        if n <= 0:
            return np.empty(0, ctype)
        return np.ctypeslib.as_array((ctype * int(n)).from_address(int(address)))

    return word(view)(lambda builder, address, n: View(element, address, n))


float32_at = _viewing(ir.FloatType(), ctypes.c_float)
float64_at = _viewing(ir.DoubleType(), ctypes.c_double)
uint16_at = _viewing(I16, ctypes.c_uint16)  # the bits of float16 or bfloat16
uint32_at = _viewing(I32, ctypes.c_uint32)  # the bits of float32


def _int64(address: int) -> ctypes.c_int64:
    return ctypes.c_int64.from_address(int(address))


@word(lambda address, index: _int64(address + 8 * index).value)
def get(builder, address, index):
    """Return the int64 number at `address`, `index` numbers further."""
    return builder.load(View(I64, address, None).at(builder, index))


def _plain_put(address, index, value):
    _int64(address + 8 * index).value = int(value)


@word(_plain_put)
def put(builder, address, index, value):
    """Write an int64 number to `address`, `index` numbers further."""
    builder.store(value, View(I64, address, None).at(builder, index))


@word(lambda bits: np.uint32(bits).view(np.float32))
def float32_from_bits(builder, bits):
    """Return the float32 with these 32 bits."""
    return builder.bitcast(bits, ir.FloatType())


def _plain_next_task(counter):
    counter.taken += 1
    return counter.taken - 1


@word(_plain_next_task)
def next_task(builder, counter):
    """Add 1 to the first number of a record, which threads share, and return what it was."""
    pointer = builder.inttoptr(counter, I64.as_pointer())
    return builder.atomic_rmw("add", pointer, i64(1), "monotonic")


@word(lambda address: None)
def ask(builder, address):
    """Ask for the cache line of an address, into L2."""
    words = Words(builder, False, 1, False)
    words.prefetch(words.pointer(address), i64(0), keep=2)


def _plain_copy_line(source, target):
    uint32_at(target, 16)[:] = uint32_at(source, 16)


@word(_plain_copy_line)
def copy_line(builder, source, target):
    """Copy 64 bytes past the caches; the target is a multiple of them."""
    lanes = processor.machine().vector_bytes // 4
    words = Words(builder, False, lanes, False)
    for n in range(0, 16, lanes):
        x = words.load(words.pointer(source), i64(n), words.size)
        words.stream(x, builder.add(target, i64(4 * n)))


def _plain_call(address, *arguments):
    numbers = (int(getattr(x, "address", x)) for x in arguments)
    function_at(address)(*numbers)


@word(_plain_call)
def call(builder, address, *arguments):
    """Call the function at an address: a micro-kernel, or a part of a driver."""
    kind = ir.FunctionType(ir.VoidType(), [I64] * len(arguments))
    builder.call(builder.inttoptr(address, kind.as_pointer()), arguments)
