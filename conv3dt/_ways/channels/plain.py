"""The plain twin of the channel way's micro-kernel: the same contract in NumPy."""

from functools import partial

import numpy as np

from ..._compiler.activations.table import apply
from ..shared.plain import (
    added_by_tiles,
    entries,
    leave,
    multiplied,
    product,
    reading,
    stored,
    writing,
)
from .tile import ChannelTile, Part

__all__ = ["kernel"]


def kernel(tile: ChannelTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read, factors = reading(tile.storage), multiplied(tile.storage)
    width, pairs = tile.vectors * tile.lanes, tile.amx[1]
    known = {edge.rows: edge.parts for edge in tile.edges}
    add = partial(added_by_tiles, pairs=pairs) if pairs else product

    def compute(a, taps, n_taps, bias, c, c_outer, c_inner, c_channel, seam, following):
        sums = np.tile(read(bias, width), (tile.rows, 1))
        for entry in entries(taps, n_taps):
            panel = factors(entry.panel, entry.length * width).reshape(entry.length, width)
            done = 0
            for numbers, first, end in known.get(entry.rows, [Part(0, 0, tile.inner)]):
                k = slice(done, done + numbers if numbers else entry.length)
                for m in range(tile.rows):
                    y, x = divmod(m, tile.inner)
                    if first <= x < end:
                        offset = (y * tile.outer_step + x * tile.inner_step) * sums.itemsize
                        row = factors(a + entry.input + offset, entry.length)
                        sums[m] = add(sums[m], row[k], panel[k])
                done = k.stop
        _store(tile, apply(tile.activation, sums), c, c_outer, c_inner, c_channel)
        if tile.seamed:
            leave(c, tile.rows * c_inner, seam)

    return compute


def _store(tile, rows, c, c_outer, c_inner, c_channel):
    """Write the channels that exist."""
    channels = (tile.vectors - 1) * tile.lanes + tile.last
    values, write = stored(tile.storage, rows[:, :channels]), writing(tile.storage)
    step = c_channel if tile.spread else values.itemsize
    for m, row in enumerate(values):
        y, x = divmod(m, tile.inner)
        at = c + y * c_outer + x * c_inner
        for channel, value in enumerate(row):
            write(at + channel * step, 1)[0] = value
