"""The kernel's plain twin: the same contract in NumPy."""

import numpy as np

from ..._compiler.activations.table import slope
from ..._geometry.storages import STORAGES
from ..shared.plain import reading, stored, writing
from .tile import SlopeTile

__all__ = ["kernel"]


def kernel(tile: SlopeTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    view, compute = writing(tile.storage), STORAGES[tile.storage].compute
    width = tile.vectors * tile.lanes

    def numbers_at(at, count):
        bits = view(at, count)
        if tile.storage == "bfloat16":
            return (bits.astype(np.uint32) << 16).view(np.float32)
        return bits.view(tile.storage).astype(compute)

    def compute_run(dy, v, dz, sums, numbers):
        z = numbers_at(dy, numbers)
        with np.errstate(all="ignore"):
            if tile.activation != "linear":
                z = z * slope(tile.activation, numbers_at(v, numbers)).astype(compute)
            if tile.adds:
                total = reading(tile.storage)(sums, width)
                total[:] = 0
                for first in range(0, numbers, width):
                    some = z[first : first + width]
                    total[: len(some)] += some
        if tile.writes:
            view(dz, numbers)[:] = stored(tile.storage, z)

    return compute_run
