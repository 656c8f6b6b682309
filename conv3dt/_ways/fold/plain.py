"""The plain twins of the folding way's micro-kernels: the same contracts in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import get
from ..shared.lane_tile import LaneTile
from ..shared.plain import added, entries, multiplied, reading, store_runs, stored

__all__ = ["finish", "fold"]


def fold(tile: LaneTile, step: int):
    """Return a Python function that does what the compiled `fold` of `tile` does."""
    read, factors = reading(tile.storage), multiplied(tile.storage)
    width = tile.vectors * tile.lanes

    def compute(a, plane, entry, rows, at, ask, ask_step, *turned):
        (tap,) = entries(entry, 1)
        panel = factors(tap.panel, tap.length * tile.channels).reshape(tap.length, tile.channels)
        sums = np.zeros((tile.channels, width), read(0, 0).dtype)
        with np.errstate(all="ignore"):
            for k in range(tap.length):
                x = factors(a + tap.input + k * plane, width)
                sums = added(sums, (panel[k][:, None], x))
            for m in range(tile.channels):
                read(get(rows, m) + at, width)[:] += sums[m]
        if step:
            _turn(factors, *turned, step, plane, 2 * tile.lanes, tap.length)

    return compute


def _turn(factors, x, y, step, plane, positions, channels):
    """Write target[c, n] = source[n, c]."""
    for n in range(positions):
        for c, number in enumerate(factors(x + n * step, channels)):
            factors(y + c * plane, positions)[n] = number


def finish(tile: LaneTile):
    """Return a Python function that does what the compiled `finish` of `tile` does."""
    read = reading(tile.storage)

    def compute(x, phase, channel, c, count, bias):
        length = -(-count // (tile.streams * tile.lanes)) * tile.lanes
        sums = np.empty((tile.phases, 1, tile.channels, length), read(x, 1).dtype)
        for r in range(tile.phases):
            for m in range(tile.channels):
                row = read(x + r * phase + m * channel, length)
                sums[r, 0, m] = row
                row[:] = read(bias, tile.channels)[m]
        results = stored(tile.storage, apply(tile.activation, sums))
        store_runs(tile, results, c, 0, 0, count)

    return compute
