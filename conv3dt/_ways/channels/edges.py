"""Rows that miss a tap beside the width: which tiles have loops that leave them out."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TypeAlias

from ..._geometry import integers
from ..._geometry.integers import Phase
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocked

__all__ = ["Edges", "cost_more", "in_use", "outweigh_packing", "pay"]

Edges: TypeAlias = tuple[tuple[int, int], ...]  # of ChannelTile


def pay(scheme: Blocked) -> bool:
    """Return whether tiles leave out taps for the rows that miss them, instead of reading zeros.

    Such a tap is an entry, and a loop of the micro-kernel, of its own. With zeros around the input
    that does not pay where rows are long, or a tap has few products.
    """
    rows = scheme.shape.most[3] > 1 and not scheme.layer.no_zeros
    width = scheme.axes[3]
    pays = _products(scheme) >= TUNING.edge_products and width.positions <= TUNING.edge_positions
    return rows and (pays or scheme.direct) and not width.inside


def cost_more(scheme: Blocked) -> bool:
    """Return whether to leave out taps costs several blocks of channels more than to pack once.

    Where rows are short, and a tap has few products: taps that are joined would fall apart.
    """
    width, again = scheme.axes[3], len(scheme.shape.blocks) > 1
    few = _products(scheme) < TUNING.direct_products and width.positions < TUNING.edge_positions
    return again and few and not width.inside


def _products(scheme: Blocked) -> int:
    """Return the vectors of products of a row and a tap."""
    return scheme.layer.request.ci * scheme.columns // scheme.lanes


def outweigh_packing(scheme: Blocked) -> bool:
    """Return whether packing an input, zeros included, costs less than entries for some rows.

    Of one channel an entry may have as few products as the next one takes to begin.
    """
    channels, (batch, depth, height, width) = scheme.layer.request.ci, scheme.axes
    if not scheme.joined:  # each tap is an entry anyway
        return False
    rows = batch.i * depth.pairs() * height.pairs() * len(scheme.shape.blocks)
    more = sum(_more_entries(scheme, *tile) for tile in _tiles(scheme))
    taps = sum(f.length * f.taps for f in width.phases)
    zeros = (taps - width.pairs()) * channels * scheme.columns / scheme.lanes
    packed = prod(scheme.packed) * prod(scheme.n_blocks)
    lines = packed / scheme.packed[3] * TUNING.fold_row_cycles
    packing = TUNING.input_cycles * channels * packed + lines
    return rows * (more * TUNING.tap_cycles - zeros / scheme.layer.machine.fmas) > 2 * packing


def _more_entries(scheme: Blocked, phase: Phase, start: int, rows: int) -> int:
    """Return how many entries a tile has beyond one, for taps that some of its rows miss."""
    counts = [end - first for first, end in _rows_inside(scheme, phase, start, rows)]
    return sum(0 < count < rows for count in counts) + (rows in counts) - 1


def _rows_inside(scheme: Blocked, phase: Phase, start: int, rows: int) -> Iterator[tuple[int, int]]:
    """Yield, for each tap, the rows of a tile for which it reads inside, from .. to."""
    axis = scheme.axes[3]
    for j in range(phase.taps):
        yield integers.rows_inside(start, rows, j, phase.shift, phase.dilation, axis.i, axis.in_s)


def in_use(scheme: Blocked) -> dict[int, Edges]:
    """Return, by the number of a tile's rows, for which of them a tap may read inside, if not all.

    With zeros around the input, only the taps that save the most have loops.
    """
    found: dict[int, set[tuple[int, int]]] = {}
    for phase, start, rows in _tiles(scheme):
        for first, end in _rows_inside(scheme, phase, start, rows):
            if first < end and end - first < rows:
                found.setdefault(rows, set()).add((first, end))
    most = None if scheme.direct else TUNING.edge_loops
    return {
        rows: tuple(sorted(parts, key=lambda part: part[1] - part[0])[:most])
        for rows, parts in found.items()
    }


def _tiles(scheme: Blocked) -> Iterator[tuple[Phase, int, int]]:
    """Yield (phase, first position, rows) of all tiles some of whose rows may miss a tap."""
    axis, block = scheme.axes[3], scheme.blocking.block[3]
    for phase, lo in product(axis.phases, range(0, axis.positions, block)):
        hi = min(lo + block, phase.length)
        reach = phase.taps, phase.shift, phase.dilation, axis.i, axis.in_s
        if (lo, hi) == integers.whole_range(lo, hi, *reach):
            continue
        tiles = integers.n_tiles(hi - lo, scheme.shape.most[3])
        for t in range(tiles):
            start, end = integers.tile_range(lo, hi, tiles, t)
            yield phase, start, end - start
