"""The plain twin of the wide way's micro-kernel: the same contract in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._geometry.storages import OPERANDS
from ..shared.lane_tile import LaneTile
from ..shared.plain import added, entries, leave, multiplied, reading, store_runs, stored
from ..shared.records import Table

__all__ = ["kernel"]


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
