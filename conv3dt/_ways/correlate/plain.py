"""The plain twin of the micro-kernel: the same contract in NumPy."""

import numpy as np

from ..shared.plain import entries, reading
from .records import Tile
from .tile import CorrelateTile

__all__ = ["kernel"]


def kernel(tile: CorrelateTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read, size = reading(tile.storage), np.dtype(tile.storage).itemsize

    def compute(call):
        call = Tile(call)
        sums = np.zeros((tile.outer, tile.inner, tile.columns), tile.storage)
        for entry in entries(call.entries, call.n):
            for k in range(entry.length):
                a = call.a + entry.input + k * call.a_step * size
                rows = [read(a + y * call.a_outer * size, tile.inner) for y in range(tile.outer)]
                column = read(call.b + entry.panel + k * call.b_step * size, tile.columns)
                with np.errstate(all="ignore"):
                    sums += np.multiply.outer(np.array(rows), column)
        for y, x in np.ndindex(tile.outer, tile.inner):
            to = read(call.c + y * call.c_outer + x * call.c_row, tile.columns)
            to[:] = sums[y, x] if call.fresh else to + sums[y, x]

    return compute
