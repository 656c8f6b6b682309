"""Rows that miss a tap beside the width: which tiles have loops that leave them out."""

from collections.abc import Iterator
from itertools import groupby, product
from types import SimpleNamespace
from typing import TypeAlias

from ..._geometry import integers
from ..._geometry.integers import Phase
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocked
from ..shared.missing import rows_of
from ..shared.records import EDGE
from .tile import Edge, Part

__all__ = ["Edges", "can_be_told", "in_use", "pay"]

Edges: TypeAlias = tuple[Edge, ...]  # of ChannelTile


def pay(scheme: Blocked) -> bool:
    """Return whether tiles leave out taps for the rows that miss them, instead of reading zeros.

    Such taps have loops of the micro-kernel of their own. With zeros around the input that does not
    pay where rows are long, or a tap has few products.
    """
    rows = scheme.shape.most[3] > 1 and not scheme.layer.no_zeros and can_be_told(scheme)
    width = scheme.axes[3]
    pays = _products(scheme) >= TUNING.edge_products and width.positions <= TUNING.edge_positions
    return rows and (pays or scheme.direct) and not width.inside


def can_be_told(scheme: Blocked) -> bool:
    """Return whether an entry has room to say what its taps read beyond the input."""
    return scheme.layer.request.k[2] < EDGE


def _products(scheme: Blocked) -> int:
    """Return the vectors of products of a row and a tap."""
    return scheme.layer.request.ci * scheme.columns // scheme.lanes


def in_use(scheme: Blocked) -> dict[int, Edges]:
    """Return, by the number of a tile's rows, its edges.

    With zeros around the input, only those that save the most.
    """
    found: dict[int, set[Edge]] = {}
    for phase, start, rows in _tiles(scheme):
        found.setdefault(rows, set()).update(_edges(scheme, phase, start, rows))
    return {rows: _worth(scheme, rows, edges) for rows, edges in found.items() if edges}


def _worth(scheme: Blocked, rows: int, edges: set[Edge]) -> Edges:
    """Return the edges that a tile of so many rows has, in order."""
    ordered = sorted(edges, key=lambda edge: edge.missing(rows), reverse=True)
    kept, loops = [], 0
    for edge in ordered:
        loops += edge.loops(rows)
        if scheme.direct or loops <= TUNING.edge_loops:
            kept.append(edge)
    return tuple(sorted(kept))


def _edges(scheme: Blocked, phase: Phase, start: int, rows: int) -> Iterator[Edge]:
    """Yield what entries of a tile may be for, if not for all rows."""
    axis = scheme.axes[3]
    reach = phase.taps, phase.shift, phase.dilation, axis.i, axis.in_s
    first, end = integers.tap_range(start, start + rows, *reach)
    tile = SimpleNamespace(edge=start + 1, count=rows)  # as drivers have it
    joined = max(1, end - first) if scheme.joined else 1
    for last in range(end - 1, first - 1, -joined):
        code = rows_of(axis, phase, tile, last, joined)
        if code > 0:
            taps = range(last, last - joined, -1)
            inside = [integers.rows_inside(start, rows, j, *reach[1:]) for j in taps]
            yield Edge(code, tuple(_parts(inside, scheme.layer.request.ci if joined > 1 else 0)))


def _parts(inside: list[tuple[int, int]], channels: int) -> Iterator[Part]:
    """Yield the parts of taps that are for the rows from .. to."""
    for (first, end), taps in groupby(inside):
        yield Part(len(list(taps)) * channels, first, end)


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
