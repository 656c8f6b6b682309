"""What the micro-kernels' plain twins have in common: in NumPy, for NUMBA_DISABLE_JIT=1."""

import ctypes
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler import words
from ..._compiler.records import Row
from ..._geometry.storages import OPERANDS, PAIRS
from .records import SEAM, Entry, Seam

__all__ = [
    "added",
    "added_by_tiles",
    "entries",
    "leave",
    "multiplied",
    "product",
    "reading",
    "store_runs",
    "stored",
    "wide",
    "writing",
]

_READING = {"float32": words.float32_at, "float64": words.float64_at}
_WRITING = {
    "float32": words.float32_at,
    "float64": words.float64_at,
    "float16": words.uint16_at,
    "bfloat16": words.uint16_at,
    PAIRS: words.uint16_at,
}


def reading(storage: str) -> Any:
    """Return what views numbers in the compute type of a storage type."""
    return _READING[OPERANDS[storage].compute]


def multiplied(storage: str) -> Any:
    """Return what views what is multiplied: numbers in the compute type, or words of two."""
    return words.uint32_at if OPERANDS[storage].pairs else reading(storage)


def writing(storage: str) -> Any:
    """Return what views numbers as they are stored."""
    return _WRITING[storage]


def wide(storage: str, address: int, count: int) -> Any:
    """Return numbers of an array in the compute type."""
    return _WIDENED[storage](writing(storage)(address, count))


_WIDENED = {
    "float32": lambda x: x,
    "float64": lambda x: x,
    "float16": lambda bits: bits.view(np.float16).astype(np.float32),
    "bfloat16": lambda bits: (bits.astype(np.uint32) << np.uint32(16)).view(np.float32),
}


def entries(address, n):
    """Yield the entries of a table of taps."""
    rows = Row(Entry, int(address))
    return (rows[t] for t in range(n))


def product(sums, row, panel):
    """Return sums + row @ panel, silently: lanes without a channel may hold 0 * infinity."""
    with np.errstate(all="ignore"):
        if row.dtype == np.uint32:
            return reduce(added, zip(row, panel, strict=True), sums)
        return sums + (row[:, None] * panel).sum(axis=0, dtype=row.dtype)


def added(sums, factors):
    """Return sums + x*y of factors (x, y); of words, as VDPBF16PS: the upper halves' product first.

    Products of two bfloat16 are exact in float32, so that adding one is a fused multiplication.
    """
    x, y = factors
    if x.dtype != np.uint32:
        return sums + x * y
    for half in (_upper, _lower):
        sums = _without_subnormals(sums + half(x) * half(y))
    return sums


def added_by_tiles(sums, row, panel, pairs):
    """Return sums + row @ panel of words, as TDPBF16PS of so many pairs at once.

    It sums the products of lower and of upper halves apart, from zero, before it adds both.
    """
    with np.errstate(all="ignore"):
        for first in range(0, len(row), pairs):
            some = slice(first, first + pairs)
            lower, upper = (_sum_of_half(half, row[some], panel[some]) for half in (_lower, _upper))
            both = _without_subnormals(lower + upper)
            sums = _without_subnormals(_without_subnormals(sums) + both)
    return sums


def _sum_of_half(half, row, panel):
    """Return the sum of the products of one half, each added by a fused multiplication."""
    total = np.zeros(panel.shape[1:], np.float32)
    for x, y in zip(half(row), half(panel), strict=True):
        total = _without_subnormals(total + x * y)
    return total


def _upper(words):
    """Return the upper halves of words as numbers."""
    return _without_subnormals((words & np.uint32(0xFFFF0000)).view(np.float32))


def _lower(words):
    """Return the lower halves of words as numbers."""
    return _without_subnormals((words << np.uint32(16)).view(np.float32))


def _without_subnormals(x):
    """Return numbers, zero where they are subnormal."""
    return np.where(np.abs(x) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), x), x)


def _float16(x: NDArray[Any]) -> NDArray[Any]:
    """Return the bits of numbers rounded to float16."""
    with np.errstate(over="ignore"):
        return x.astype(np.float16).view(np.uint16)


def _bfloat16(x: NDArray[Any]) -> NDArray[Any]:
    """Return the bits of numbers rounded to bfloat16; NaN stays a NaN."""
    bits = x.view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (np.where(np.isnan(x), bits | 0x00400000, rounded) >> 16).astype(np.uint16)


_STORED = {
    "float32": lambda x: x,
    "float64": lambda x: x,
    "float16": _float16,
    "bfloat16": _bfloat16,
    PAIRS: lambda x: _bfloat16(_without_subnormals(x)),
}


def stored(storage: str, x: NDArray[Any]) -> Any:
    """Return numbers in the output's type: numbers, or the bits of 16-bit numbers."""
    return _STORED[storage](x)


def leave(at, size, seam, number=0):
    """Leave in a seam the first and the last line of numbers of a run, which has been stored."""
    seam = Seam(seam)
    to, line = seam.at + number * SEAM, SEAM // 2
    if seam.first:
        ctypes.memmove(to, at, line)
    ctypes.memmove(to + line, at + size - line, line)


def store_runs(tile, results, c, c_outer, c_channel, count):
    """Interleave the streams of (phase, row, channel, position) and write what exists."""
    write = writing(tile.storage)
    for y in range(tile.outer):
        if tile.apart:
            for m in range(tile.channels):
                run = results[:, y, m].T.ravel()
                write(c + y * c_outer + m * c_channel, count)[:] = run[:count]
        else:
            run = results[:, y].transpose(2, 0, 1).ravel()
            write(c + y * c_outer, count)[:] = run[:count]
