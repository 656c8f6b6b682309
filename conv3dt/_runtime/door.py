"""The door: how Python, and the parallel loop, call a compiled worker."""

import platform
from collections.abc import Callable
from functools import lru_cache

from .._compiler.build import callable_at, emitted, function_at

__all__ = ["door"]

# Round to nearest, mask all exceptions, keep subnormal numbers: how a thread starts out on x86.
_DEFAULT_MXCSR = 0x1F80


@lru_cache(maxsize=1)
def door() -> Callable[[int, int, int], None]:
    """Return how Python calls a worker(params, slot) at an address."""
    return callable_at(emitted("enter", 3, _write, lambda: _plain), 3)


def _write(builder, worker, params, slot):
    """Append a call of the worker that finds, and leaves, the same floating-point state.

    Whoever has set a thread to flush subnormal numbers gets the bits that everybody else gets, for
    any number of threads; the setting and the flags are as they were afterwards.
    """
    from llvmlite import ir

    from .._compiler.vectors import I8, I32, I64

    kind = ir.FunctionType(ir.VoidType(), [I64, I64])
    function = builder.inttoptr(worker, kind.as_pointer())
    if platform.machine().lower() not in ("x86_64", "amd64"):
        builder.call(function, [params, slot])
        return
    word = builder.alloca(I32)
    pointer = builder.bitcast(word, I8.as_pointer())
    save, restore = (
        builder.module.declare_intrinsic(
            f"llvm.x86.sse.{name}", fnty=ir.FunctionType(ir.VoidType(), [pointer.type])
        )
        for name in ("stmxcsr", "ldmxcsr")
    )
    builder.call(save, [pointer])
    found = builder.load(word)
    builder.store(I32(_DEFAULT_MXCSR), word)
    builder.call(restore, [pointer])
    builder.call(function, [params, slot])
    builder.store(found, word)
    builder.call(restore, [pointer])


def _plain(worker, params, slot):
    """Call a worker that is plain Python."""
    function_at(worker)(params, slot)
