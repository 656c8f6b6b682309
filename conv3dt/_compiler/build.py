"""Machine code for a key: what this process has, what the cache has, or what is compiled now.

Kernels call each other by address: what is called need not be compiled again into its caller, and
one driver serves every tile. With NUMBA_DISABLE_JIT=1 nothing is compiled; an "address" is then a
small number that stands for a Python function.
"""

import ctypes
import logging
import os
import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast

from . import store
from .plain import DISABLED, PLAIN, WHY

__all__ = [
    "assembly",
    "callable_at",
    "clear",
    "count",
    "emitted",
    "function_at",
]

Function = Callable[..., None]
# Where an address came from has to be kept as long as the function may be called: plans do.
_kept: dict[str, int] = {}
_MOST = 2048  # of them, 8 KB each
_plain: list[Function] = []
_memory: Any = None
_lock = threading.RLock()

# A child must not inherit the lock from a thread that it does not have.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


def emitted(key: Any, n_arguments: int, write: Function, plain: Callable[[], Function]) -> int:
    """Return the address of a function of int64 arguments that `write(builder, *arguments)` writes.

    `key` names it, in every process; `plain()` is its twin for NUMBA_DISABLE_JIT=1.
    """
    return _address(repr(key), plain, lambda name: _code(name, n_arguments, write))


def _address(key: str, plain: Callable[[], Function], make: Callable[[str], bytes]) -> int:
    """Return the address for a key, after whatever has to be done for it."""
    address = _kept.get(key)
    if address is None:
        with _lock:
            address = _kept.get(key)
            if address is None:
                if len(_kept) >= _MOST:
                    clear()
                address = _kept[key] = _plain_address(plain()) if PLAIN else _loaded(key, make)
    return address


def _loaded(key: str, make: Callable[[str], bytes]) -> int:
    """Return the address of cached or new machine code."""
    global _memory
    from .machine import Memory

    name = "kernel_" + blake2b(key.encode(), digest_size=8).hexdigest()
    code = store.load(key)
    if code is None:
        code = make(name)
        store.save(key, code)
    if _memory is None:
        _memory = Memory()
    address: int = _memory.load(name, code)
    return address


def clear() -> None:
    """Forget all functions; memory in which nobody keeps an address is released."""
    global _memory
    with _lock:
        _kept.clear()
        _memory = None


def count() -> int:
    """Return how many functions this process has loaded and not forgotten."""
    return len(_kept)


def assembly(n_arguments: int, write: Function) -> str:
    """Return the machine code of what `write` writes, as text."""
    from .machine import assembly_text

    return assembly_text(_module("kernel", n_arguments, write))


def callable_at(address: int, n_arguments: int) -> Function:
    """Return the function at an address for Python to call; the GIL is released meanwhile."""
    if PLAIN:
        return function_at(address)
    function: Any = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * n_arguments)(address)
    function.address = address  # keeps the code in memory
    return cast(Function, function)


def function_at(address: int) -> Function:
    """Return the plain function an address stands for; only with NUMBA_DISABLE_JIT=1."""
    return _plain[address - 1]


def _plain_address(function: Function) -> int:
    if not _plain and WHY != DISABLED:
        logging.getLogger("conv3dt").warning(
            "%s, from which kernels are compiled: everything is plain Python, hundreds of times"
            " slower; install a wheel, which has a copy of them, or leave them in place",
            WHY,
        )
    _plain.append(function)
    return len(_plain)


def _code(name: str, n_arguments: int, write: Function) -> bytes:
    """Return the object code of what `write` writes."""
    from .machine import object_code

    return object_code(_module(name, n_arguments, write))


def _module(name: str, n_arguments: int, write: Function) -> str:
    """Return IR of a module with one function."""
    from llvmlite import ir

    module = ir.Module(name)
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * n_arguments)
    function = ir.Function(module, kind, name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    write(builder, *function.args)
    builder.ret_void()
    return str(module)
