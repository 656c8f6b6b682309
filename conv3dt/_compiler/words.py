"""Memory by address: views, calls and a shared counter, each with a plain twin.

Kernels hand each other int64 addresses. A view has no bounds; who makes one knows its length.
These are the words that drivers have beside Python (see `translate`). With NUMBA_DISABLE_JIT=1 the
twins at the end do the same, slowly.
"""

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from . import processor
from .build import PLAIN, function_at
from .vectors import I16, I32, I64, Words, i64

__all__ = [
    "View",
    "Word",
    "call_finish",
    "call_fold",
    "call_pack",
    "call_tile",
    "call_wide_tile",
    "copy_line",
    "float32_at",
    "float32_from_bits",
    "float64_at",
    "get",
    "int64_at",
    "next_task",
    "put",
    "uint16_at",
    "uint32_at",
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


def _viewing(element):
    """Return the word for a view of numbers of this type."""
    return Word(lambda builder, address, n: View(element, address, n))


int64_at = _viewing(I64)
float32_at = _viewing(ir.FloatType())
float64_at = _viewing(ir.DoubleType())
uint16_at = _viewing(I16)  # the bits of float16 or bfloat16
uint32_at = _viewing(I32)  # the bits of float32


@Word
def get(builder, address, index):
    """Return the int64 number at `address`, `index` numbers further."""
    return builder.load(View(I64, address, None).at(builder, index))


@Word
def put(builder, address, index, value):
    """Write an int64 number to `address`, `index` numbers further."""
    builder.store(value, View(I64, address, None).at(builder, index))


@Word
def float32_from_bits(builder, bits):
    """Return the float32 with these 32 bits."""
    return builder.bitcast(bits, ir.FloatType())


@Word
def next_task(builder, address):
    """Add 1 to the shared counter at `address` and return what it was."""
    counter = builder.inttoptr(address, I64.as_pointer())
    return builder.atomic_rmw("add", counter, i64(1), "monotonic")


@Word
def copy_line(builder, source, target):
    """Copy 64 bytes past the caches; the target is a multiple of them."""
    lanes = processor.machine().vector_bytes // 4
    words = Words(builder, False, lanes, False)
    for n in range(0, 16, lanes):
        x = words.load(words.pointer(source), i64(n), words.size)
        words.stream(x, builder.add(target, i64(4 * n)))


@Word
def _call(builder, address, *arguments):
    """Call the function at `address`: a micro-kernel, or the packing of a block."""
    kind = ir.FunctionType(ir.VoidType(), [I64] * len(arguments))
    builder.call(builder.inttoptr(address, kind.as_pointer()), arguments)


if PLAIN:

    def _viewer(ctype):
        def view(address, n):
            if n <= 0:
                return np.empty(0, ctype)
            return np.ctypeslib.as_array((ctype * int(n)).from_address(int(address)))

        return view

    int64_at = _viewer(ctypes.c_int64)
    float32_at = _viewer(ctypes.c_float)
    float64_at = _viewer(ctypes.c_double)
    uint16_at = _viewer(ctypes.c_uint16)
    uint32_at = _viewer(ctypes.c_uint32)

    def get(address, index):
        """Return the int64 number at `address`, `index` numbers further."""
        return int(int64_at(address + 8 * index, 1)[0])

    def put(address, index, value):
        """Write an int64 number to `address`, `index` numbers further."""
        int64_at(address + 8 * index, 1)[0] = value

    def float32_from_bits(bits):
        """Return the float32 with these 32 bits."""
        return np.uint32(bits).view(np.float32)

    def copy_line(source, target):
        """Copy 64 bytes."""
        uint32_at(target, 16)[:] = uint32_at(source, 16)

    def _call(address, *arguments):
        """Call the plain function an address stands for."""
        function_at(address)(*arguments)

    def next_task(address):
        """Add 1 to the counter at `address` and return what it was."""
        counter = int64_at(address, 1)
        counter[0] += 1
        return int(counter[0]) - 1


call_tile = call_wide_tile = call_fold = call_finish = call_pack = _call
