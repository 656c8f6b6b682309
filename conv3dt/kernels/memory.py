"""Memory by address: views, calls and a shared counter, each with a plain twin.

Kernels hand each other int64 addresses. A view has no bounds; who makes one knows its length.
With NUMBA_DISABLE_JIT=1 the twins at the end do the same in Python, slowly.
"""

import ctypes

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from .build import PLAIN, function_at, inner
from .emit import Words, i64

__all__ = [
    "call_finish",
    "call_fold",
    "call_pack",
    "call_tile",
    "call_wide_tile",
    "float32_at",
    "float32_from_bits",
    "float64_at",
    "get",
    "int64_at",
    "next_task",
    "prefetch",
    "put",
    "uint16_at",
    "uint32_at",
]

_I64 = ir.IntType(64)


def _pointer_to(element):
    """Make the intrinsic that turns an address into a pointer to `element`."""

    @intrinsic
    def pointer(typingctx, address):
        def codegen(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(types.int64), codegen

    return pointer


def _caller(n_arguments):
    """Make the intrinsic that calls the function at an address with int64 arguments."""

    def codegen(context, builder, signature, args):
        function = ir.FunctionType(ir.VoidType(), [_I64] * n_arguments)
        builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * (n_arguments + 1)), codegen


_int64_pointer = _pointer_to(types.int64)
_float32_pointer = _pointer_to(types.float32)
_float64_pointer = _pointer_to(types.float64)
_uint16_pointer = _pointer_to(types.uint16)
_uint32_pointer = _pointer_to(types.uint32)


@inner
def int64_at(address, n):
    """View `n` int64 numbers."""
    return carray(_int64_pointer(address), n)


@inner
def float32_at(address, n):
    """View `n` float32 numbers."""
    return carray(_float32_pointer(address), n)


@inner
def float64_at(address, n):
    """View `n` float64 numbers."""
    return carray(_float64_pointer(address), n)


@inner
def uint16_at(address, n):
    """View `n` uint16 numbers: the bits of float16 or bfloat16."""
    return carray(_uint16_pointer(address), n)


@inner
def uint32_at(address, n):
    """View `n` uint32 numbers: the bits of float32."""
    return carray(_uint32_pointer(address), n)


@intrinsic
def get(typingctx, address, index):
    """Return the int64 number at `address`, `index` numbers further."""

    def codegen(context, builder, signature, args):
        first = builder.inttoptr(args[0], _I64.as_pointer())
        return builder.load(builder.gep(first, [args[1]]))

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def put(typingctx, address, index, value):
    """Write an int64 number to `address`, `index` numbers further."""

    def codegen(context, builder, signature, args):
        first = builder.inttoptr(args[0], _I64.as_pointer())
        builder.store(args[2], builder.gep(first, [args[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def prefetch(typingctx, address):
    """Ask for the cache line at `address`, which is going to be read."""

    def codegen(context, builder, signature, args):
        words = Words(builder, False, 1, False)
        words.prefetch(words.pointer(args[0]), i64(0))
        return context.get_dummy_value()

    return types.void(types.int64), codegen


@intrinsic
def float32_from_bits(typingctx, bits):
    """Return the float32 with these 32 bits."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.uint32), codegen


@intrinsic
def call_tile(typingctx, address, a, taps, n_taps, bias, c, outer, inner, channel):
    """Call the micro-kernel at `address`."""
    return _caller(8)


@intrinsic
def call_wide_tile(
    typingctx, address, a, tables, table_step, plane, bias, c, outer, channel, count
):
    """Call the wide micro-kernel at `address`."""
    return _caller(9)


@intrinsic
def call_fold(typingctx, address, a, plane, entry, rows, at):
    """Call the micro-kernel at `address` that multiplies and folds."""
    return _caller(5)


@intrinsic
def call_finish(typingctx, address, x, phase, channel, c, count):
    """Call the micro-kernel at `address` that finishes outputs."""
    return _caller(5)


@intrinsic
def call_pack(typingctx, address, params, target, n0, n1, d0, d1, h0, h1, w0, w1):
    """Call the packing function at `address`."""
    return _caller(10)


@intrinsic
def next_task(typingctx, address):
    """Add 1 to the shared counter at `address` and return what it was."""

    def codegen(context, builder, signature, args):
        counter = builder.inttoptr(args[0], _I64.as_pointer())
        return builder.atomic_rmw("add", counter, ir.Constant(_I64, 1), "monotonic")

    return types.int64(types.int64), codegen


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

    def prefetch(address):
        """Ask for nothing."""

    def float32_from_bits(bits):
        """Return the float32 with these 32 bits."""
        return np.uint32(bits).view(np.float32)

    def _call(address, *arguments):
        """Call the plain function an address stands for."""
        function_at(address)(*arguments)

    call_tile = call_wide_tile = call_fold = call_finish = call_pack = _call

    def next_task(address):
        """Add 1 to the counter at `address` and return what it was."""
        counter = int64_at(address, 1)
        counter[0] += 1
        return int(counter[0]) - 1
