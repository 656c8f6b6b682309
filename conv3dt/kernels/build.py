"""Compile a Python function to machine code with an address, once per process and cached on disk.

Kernels call each other by address: what is called need not be compiled again into its caller, and
one driver serves every tile. With NUMBA_DISABLE_JIT=1 nothing is compiled; an "address" is then a
small number that stands for the Python function itself.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba import types
from numba.core import config

from .. import _cache

__all__ = ["PLAIN", "address_of", "assembly", "function_at", "inner", "parallel", "serial"]

# Whether functions stay plain Python.
PLAIN: bool = config.DISABLE_JIT

_lock = threading.RLock()
_kept: dict[Any, Any] = {}
_plain: list[Callable[..., None]] = []

# Errors cannot cross a call by address, so nothing compiled here may raise: with error_model
# "numpy" a division is not checked.


@contextmanager
def _cached() -> Iterator[bool]:
    """Let Numba cache what is decorated inside in conv3dt's own folder, if there is one."""
    folder = _cache.folder()
    with _lock:
        before = config.CACHE_DIR
        config.CACHE_DIR = "" if folder is None else str(folder)
        try:
            yield folder is not None
        finally:
            config.CACHE_DIR = before


def address_of(key: Any, n_arguments: int, make: Callable[[], Callable[..., None]]) -> int:
    """Return the address of the function `make()`, which takes int64 arguments and returns nothing.

    `key` names the function in this process; `make` is called when the key is new.
    """
    if key not in _kept:
        with _cached() as cache:
            if key not in _kept:
                _kept[key] = _compile(make(), n_arguments, cache)
    return int(_kept[key][0])


def _compile(function: Callable[..., None], n_arguments: int, cache: bool) -> tuple[int, Any]:
    if PLAIN:
        _plain.append(function)
        return len(_plain), function
    signature = types.void(*[types.int64] * n_arguments)
    compiled = numba.cfunc(signature, cache=cache, error_model="numpy", boundscheck=False)(function)
    return int(compiled.address), compiled


# Helpers of kernels: called from compiled code only, so nothing is made that Python could call.
inner = numba.njit(
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    error_model="numpy",
    boundscheck=False,
)


def assembly(function: Callable[..., None], n_arguments: int) -> str:
    """Return the machine code of a function as text; compiled anew, as a cached one has no text."""
    signature = types.void(*[types.int64] * n_arguments)
    compiled = numba.cfunc(signature, error_model="numpy", boundscheck=False)(function)
    return str(compiled._library.get_asm_str())


def function_at(address: int) -> Callable[..., None]:
    """Return the plain function an address stands for; only with NUMBA_DISABLE_JIT=1."""
    return _plain[address - 1]


def parallel(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` compiled with its `prange` loops in parallel and without the GIL."""
    return _jitted(function, True)


def serial(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` compiled, without the GIL."""
    return _jitted(function, False)


def _jitted(function: Callable[..., None], in_parallel: bool) -> Callable[..., None]:
    if function not in _kept:
        with _cached() as cache:
            if function not in _kept:
                _kept[function] = numba.njit(
                    parallel=in_parallel, cache=cache, nogil=True, error_model="numpy"
                )(function)
    compiled: Callable[..., None] = _kept[function]
    return compiled
