"""The tiles of a row, for each phase of the width: part of the driver."""

from ..._compiler.words import put
from ..._geometry.integers import n_tiles, tile_range, whole_range
from ..shared.lists import bytes_of_table, tile_of
from ..shared.tables import output_distance, packed_distance, taps_between

__all__ = ["list_tiles"]


def list_tiles(plan, task):
    """List the tiles of a row for each phase of the width.

    Where `no_zeros`, positions that miss a tap stand alone: nothing beyond the input is read. A
    tile at an edge has a table of its own: else each tile of a row would write it anew.
    """
    task.most_tiles = 0
    for rw in range(plan.width.n_phases):
        phase = plan.width.phases[rw]
        lo = task.width.lo
        hi = max(lo, min(task.width.hi, phase.length))
        left, right = _whole(plan.width, phase, lo, hi) if plan.no_zeros else (lo, hi)
        count = left - lo + n_tiles(right - left, plan.width.most) + hi - right
        put(tile_of(plan, task, rw, 0).address - 8, 0, count)
        task.most_tiles = max(task.most_tiles, count)
        own = 0
        for t in range(count):
            w0, w1 = _positions(lo, left, right, hi, count, t)
            tile = tile_of(plan, task, rw, t)
            _write_tile(plan, task, tile, phase, w0, w1)
            tile.table = 0
            if tile.edge > 0:
                own += bytes_of_table(plan)
                tile.table = own


def _positions(lo, left, right, hi, count, t):
    """Return from .. to of tile t: those before `left` and from `right` on have one position."""
    alone = left - lo
    parts = count - alone - (hi - right)
    if t < alone:
        return lo + t, lo + t + 1
    if t < alone + parts:
        return tile_range(left, right, parts, t - alone)
    q = right + t - alone - parts
    return q, q + 1


def _write_tile(plan, task, tile, phase, w0, w1):
    """Write a tile's record, but for its table."""
    first, end = taps_between(plan.width, phase, w0, w1)
    tile.edge = 0
    if plan.edges:
        left, right = _whole(plan.width, phase, w0, w1)
        if left > w0 or right < w1:
            tile.edge = w0 + 1
    tile.count = w1 - w0
    tile.at = packed_distance(plan.width, phase, w0, task.width.start)
    tile.to = output_distance(plan.width, phase, w0)
    tile.base = 0
    tile.taps_from = first
    tile.taps_to = end


def _whole(width, phase, lo, hi):
    """Return the part of [lo, hi) in which every tap reads inside the input."""
    return whole_range(lo, hi, phase.taps, phase.shift, phase.dilation, width.i, width.in_s)
