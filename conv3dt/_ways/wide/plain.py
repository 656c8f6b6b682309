"""The plain twins of the wide way's micro-kernels: the same contracts in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import uint16_at
from ..._geometry.storages import OPERANDS
from ..shared.lane_tile import LaneTile
from ..shared.plain import (
    added,
    entries,
    leave,
    multiplied,
    reading,
    store_runs,
    stored,
    wide,
    writing,
)
from ..shared.records import Table
from .row_tile import RowTile

__all__ = ["kernel", "rows"]


def kernel(tile: LaneTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read, factors = reading(tile.storage), multiplied(tile.storage)
    storage = OPERANDS[tile.storage]
    width = tile.vectors * tile.lanes

    def compute(a, tables, plane, bias, c, c_outer, c_channel, count, seam):
        sums = np.empty((tile.phases, tile.outer, tile.channels, width), storage.compute)
        sums[:] = read(bias, tile.channels)[:, None]
        table = Table(tables)
        for r in range(tile.phases):
            table = Table(table.following) if r else table
            for entry in entries(table.address + Table.SIZE, table.entries):
                panel = factors(entry.panel, entry.length * tile.channels)
                panel = panel.reshape(entry.length, tile.channels)
                for y in range(tile.outer):
                    at = a + entry.input + y * tile.outer_step * storage.size
                    for k in range(entry.length):
                        with np.errstate(all="ignore"):
                            x = factors(at + k * plane, width)
                            sums[r, y] = added(sums[r, y], (panel[k][:, None], x))
        results = stored(tile.storage, apply(tile.activation, sums))
        store_runs(tile, results, c, c_outer, c_channel, count)
        for m in range((tile.channels if tile.apart else 1) if tile.seamed else 0):
            leave(c + m * c_channel, count * storage.item, seam, m)

    return compute


def rows(tile: RowTile):
    """Return a Python function that does what the compiled kernel of long rows does."""
    read, factors = reading(tile.storage), multiplied(tile.storage)
    storage, write = OPERANDS[tile.storage], writing(tile.storage)

    def compute(a, tables, plane, bias, c, c_outer, c_channel, count, seam):
        (entry,) = entries(tables + Table.SIZE, 1)
        sums = np.empty((tile.channels, count), storage.compute)
        sums[:] = read(bias, tile.channels)[:, None]
        panel = factors(entry.panel, entry.length * tile.channels)
        for k, weights in enumerate(panel.reshape(entry.length, tile.channels)):
            alone = tile.half and k == entry.length - 1
            x = _inputs(tile, a + entry.input + k * plane, 0 if alone else plane // 2, count)
            with np.errstate(all="ignore"):
                sums = added(sums, (weights[:, None], x))
        for m, row in enumerate(stored(tile.storage, apply(tile.activation, sums))):
            write(c + m * c_channel, count)[:] = row

    return compute


def _inputs(tile, at, other, count):
    """Return inputs of a channel, or of a pair whose other one lies so far; 0: there is none."""
    if not tile.as_they_lie:
        return multiplied(tile.storage)(at, count)
    if not OPERANDS[tile.storage].pairs:
        return wide(tile.storage, at, count)
    lower = uint16_at(at, count).astype(np.uint32)
    return lower | (uint16_at(at + other, count).astype(np.uint32) << np.uint32(16) if other else 0)
