"""What the micro-kernels' plain twins have in common: in NumPy, for NUMBA_DISABLE_JIT=1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler import words
from ..._compiler.records import Row
from ..._geometry.storages import OPERANDS
from .records import Entry

__all__ = ["entries", "product", "reading", "store_runs", "stored", "writing"]

_READING = {"float32": words.float32_at, "float64": words.float64_at}
_WRITING = {
    "float32": words.float32_at,
    "float64": words.float64_at,
    "float16": words.uint16_at,
    "bfloat16": words.uint16_at,
}


def reading(storage: str) -> Any:
    """Return what views numbers in the compute type of a storage type."""
    return _READING[OPERANDS[storage].compute]


def writing(storage: str) -> Any:
    """Return what views numbers as they are stored."""
    return _WRITING[storage]


def entries(address, n):
    """Yield the entries of a table of taps."""
    rows = Row(Entry, int(address))
    return (rows[t] for t in range(n))


def product(row, panel):
    """Return row @ panel, silently: lanes without a channel may hold 0 * infinity."""
    with np.errstate(all="ignore"):
        return (row[:, None] * panel).sum(axis=0, dtype=row.dtype)


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
}


def stored(storage: str, x: NDArray[Any]) -> Any:
    """Return numbers in the output's type: numbers, or the bits of 16-bit numbers."""
    return _STORED[storage](x)


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
