"""Which array has the lanes, and how many taps are taken at once: what is predicted to be fastest.

At each position a run of numbers of one array is multiplied by one of the other: the channels of
`small`, and those of `big` of one tap, or of neighbouring taps of the width, which lie together.
More taps at once make larger tiles, but leave out more positions at the ends of an axis, which have
tiles of their own.
"""

from collections import Counter
from itertools import product
from math import prod
from typing import NamedTuple

from ..._geometry.integers import n_tiles
from ..._geometry.tuning import TUNING
from .boxes import box_of
from .layer import Along, Correlation
from .tiling import Columns, columns_of, most_rows, row_tiles

__all__ = ["Roles", "cycles_of", "faster", "roles_of", "row_cycles"]


class Roles(NamedTuple):
    """Which array has the lanes, and how many taps are taken at once."""

    swapped: bool  # big has the lanes, small the rows
    heights: int  # taps of the height
    taps: int  # and of the width


def roles_of(layer: Correlation) -> Roles:
    """Return the roles with the fewest predicted cycles; small has the lanes in a draw."""
    return _best(layer)[1]


def cycles_of(layer: Correlation) -> float:
    """Return the fewest predicted cycles, of one thread."""
    return _best(layer)[0]


def row_cycles(layer: Correlation, roles: Roles, rows: int, calls: float) -> float:
    """Return the predicted cycles of so many rows, in so many calls of each tile."""
    total = 0.0
    for taps, (positions, parts) in _parts(layer.axes[2], roles.taps, 1).items():
        total += _cycles(layer, roles.swapped, 1, taps, rows * positions, calls * parts)
    return total


def faster(layer: Correlation, run: bool) -> Correlation:
    """Return the layer, or its mirror image if it is predicted to be faster.

    Where big has many channels and small a few, the taps of small's width are rows of a tile.
    """
    if layer.groups > 1 or not layer.flops or any(axis.s > 1 for axis in layer.axes):
        return layer
    mirror = layer.mirror(run)
    return mirror if cycles_of(mirror) * TUNING.correlate_margin < cycles_of(layer) else layer


def _best(layer: Correlation) -> tuple[float, Roles]:
    """Return the fewest predicted cycles, and the roles that have them."""
    height, width = layer.axes[1:]
    most = min(width.k, TUNING.correlate_taps) if layer.run and width.d == 1 else 1
    found = []
    lanes = (False,) if layer.mirrored else (False, True)
    for swapped, taps in product(lanes, range(1, most + 1)):
        for heights in range(1, min(height.k, TUNING.correlate_taps) + 1):
            roles = Roles(swapped, heights, taps)
            if heights == 1 or (not swapped and _fits(layer, roles)):
                found.append((_all_cycles(layer, roles), roles))
    return min(found)


def _fits(layer: Correlation, roles: Roles) -> bool:
    """Return whether taps of the height that are taken at once are the rows of one tile."""
    rows = roles.heights * roles.taps * layer.cb
    blocks = columns_of(layer.cs, layer.lanes, layer.halves)
    return all(rows <= most_rows(layer.machine, block) for block in blocks)


def _all_cycles(layer: Correlation, roles: Roles) -> float:
    """Return the cycles of all products, of calls, and of storing sums that are turned."""
    depth, height, width = layer.axes
    counts = _boxes(layer)
    planes, boxes, total = layer.n * depth.pairs(), prod(counts), 0.0
    rows, columns = _parts(height, roles.heights, counts[2]), _parts(width, roles.taps, counts[3])
    for (heights, h), (taps, w) in product(rows.items(), columns.items()):
        positions, calls = planes * h[0] * w[0], depth.k * boxes * h[1] * w[1]
        total += _cycles(layer, roles.swapped, heights, taps, positions, calls)
    total *= TUNING.correlate_apart if roles.heights > 1 else 1.0
    turned = TUNING.correlate_turned * layer.numbers if roles.swapped or layer.mirrored else 0.0
    return total + turned


def _boxes(layer: Correlation) -> list[int]:
    """Return how many boxes lie along batch, depth, height and width."""
    extents = layer.n, *(axis.o for axis in layer.axes)
    return [n_tiles(o, b) for o, b in zip(extents, box_of(layer), strict=True)]


def _parts(axis: Along, at_once: int, boxes: int) -> dict[int, tuple[int, float]]:
    """Return by the taps of segments how many positions they have, and in how many boxes.

    In boxes, counted as parts of all boxes of the axis; those at an end are in one.
    """
    positions: Counter[int] = Counter()
    found: dict[int, float] = {}
    for segments in axis.groups(at_once):
        for n, x in enumerate(segments):
            positions[x.taps] += x.hi - x.lo
            found[x.taps] = found.get(x.taps, 0.0) + (1.0 / boxes if n else 1.0)
    return {taps: (positions[taps], parts) for taps, parts in found.items()}


def _cycles(
    layer: Correlation, swapped: bool, heights: int, taps: int, positions: int, calls: float
) -> float:
    """Return the cycles of some taps at once, for so many positions and calls."""
    rows, columns = taps * layer.cb, layer.cs
    if swapped:
        rows, columns = columns, rows
    far = layer.numbers * layer.storage.size > TUNING.correlate_beyond
    added = TUNING.correlate_again if far else TUNING.correlate_added
    total = 0.0
    for block in columns_of(columns, layer.lanes, layer.halves):
        for n, count in Counter(row_tiles(rows, most_rows(layer.machine, block))).items():
            beside = TUNING.correlate_call + added * heights * n * block.vectors
            total += count * (positions * _tile_cycles(layer, block, heights * n) + calls * beside)
    return total


def _tile_cycles(layer: Correlation, columns: Columns, rows: int) -> float:
    """Return the cycles of one position in a tile."""
    machine, vectors = layer.machine, columns.vectors
    short = layer.halves and columns.lanes < layer.lanes
    products = rows * vectors / machine.fmas * (0.5 if short else 1.0)
    loads = (rows + vectors) / (machine.half_loads if short else machine.loads)
    arriving = vectors * columns.lanes * layer.storage.size / machine.panel_rate
    return max(products, loads, arriving) + TUNING.correlate_beside
