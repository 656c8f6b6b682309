"""The plain twin of the kernel: the same contract in NumPy."""

import numpy as np

from ...shared.plain import reading
from .records import Source
from .tile import MixTile

__all__ = ["kernel"]


def kernel(tile: MixTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read, number = reading(tile.storage), np.dtype(tile.storage).type

    def mix(sources, to, count):
        total = np.zeros(count, tile.storage)
        for n in range(tile.sources):
            source = Source(sources + n * Source.SIZE)
            with np.errstate(all="ignore"):
                total = total + read(source.at, count) * number(source.quarters / 4)
        read(to, count)[:] = total

    return mix
