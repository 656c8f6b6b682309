"""The plain twin of the micro-kernel: the same contract in NumPy."""

import numpy as np

from ...shared.plain import reading
from .records import Pair, Tile
from .tile import ChannelwiseTile

__all__ = ["kernel"]


def kernel(tile: ChannelwiseTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read = reading(tile.storage)
    others = tile.lanes - tile.own

    def compute(call):
        call = Tile(call)
        for r in range(tile.rows):
            pair = Pair(call.pairs + r * Pair.SIZE)
            found = np.zeros((tile.taps, tile.lanes), tile.storage)
            for h, w, tap in np.ndindex(call.height, call.width, tile.taps):
                at = (w * tile.stride + tap * tile.dilation) * tile.step
                x = read(pair.row + call.big + h * call.big_step + at, tile.lanes)
                y = read(call.small + h * call.small_step + w * tile.step, tile.lanes)
                with np.errstate(all="ignore"):
                    found[tap] += x * y
            for tap in range(tile.taps):
                to = read(pair.sums + call.sums + tap * call.sums_step, tile.lanes)
                with np.errstate(all="ignore"):
                    to[others:] = to[others:] + found[tap, others:]

    return compute
