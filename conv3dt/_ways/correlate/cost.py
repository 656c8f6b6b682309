"""How an outer product is cut into register tiles, what that costs, and which array has the lanes.

At each position a run of numbers of one array is multiplied by one of the other: the channels of
`small`, and those of `big` of one tap, or of neighbouring taps of the width, which lie together.
"""

from collections import Counter
from itertools import product
from typing import NamedTuple

from ..._geometry.integers import n_tiles, tile_range
from ..._geometry.tuning import Machine
from .layer import Correlation

__all__ = ["Columns", "Roles", "chains", "columns_of", "most_rows", "roles_of", "row_tiles"]

_BESIDE = 0.3  # cycles of a position in a tile, beside its products: larger tiles win draws
_MOST_TAPS = 32  # at once
_TURNED = 4.0  # cycles to store a sum whose row and column change


class Columns(NamedTuple):
    """A block of numbers that lie in the lanes."""

    start: int
    lanes: int
    vectors: int
    last: int  # lanes of the last vector that are its own


class Roles(NamedTuple):
    """Which array has the lanes, and how many taps are taken at once."""

    swapped: bool  # big has the lanes, small the rows
    heights: int  # and of the height
    taps: int  # of the width


def columns_of(count: int, full: int, half: bool) -> list[Columns]:
    """Return the blocks of `count` numbers: two vectors, or 1 or 3, the last ending with them.

    Where there are fewer than a vector has, shorter ones; where half a vector is left and that
    saves time, half of one.
    """
    lanes = min(full, 1 << (count.bit_length() - 1))
    rest = count % lanes
    halved = half and lanes == full and 0 < rest <= full // 2
    whole = count - rest if halved else count
    vectors = n_tiles(whole, lanes)
    sizes = [2] * (vectors // 2)
    if vectors % 2:
        sizes[-1:] = [3] if sizes else [1]
    starts = [lanes * sum(sizes[:n]) for n in range(len(sizes))]
    found = [Columns(start, lanes, v, lanes) for start, v in zip(starts, sizes, strict=True)]
    found[-1] = found[-1]._replace(last=whole - lanes * (vectors - 1))
    return [*found, Columns(whole, full // 2, 1, rest)] if halved else found


def most_rows(machine: Machine, columns: Columns) -> int:
    """Return the most rows of a tile with these columns."""
    return machine.rows[columns.vectors - 1]


def row_tiles(machine: Machine, columns: Columns, rows: int) -> list[int]:
    """Return the rows of the tiles that cover so many, as even as possible."""
    count = n_tiles(rows, most_rows(machine, columns))
    ranges = (tile_range(0, rows, count, t) for t in range(count))
    return [end - first for first, end in ranges]


def chains(machine: Machine, rows: int, vectors: int) -> int:
    """Return how many sums of each number take turns, so that none waits for the one before."""
    found = 1
    enough, most = machine.latency * machine.fmas, machine.rows[0]
    while rows * vectors * found < enough and rows * vectors * found * 2 <= most:
        found *= 2
    return found


def roles_of(layer: Correlation) -> Roles:
    """Return the roles with the fewest predicted cycles; small has the lanes in a draw."""
    height, width = layer.axes[1:]
    most = min(width.k, _MOST_TAPS) if layer.run and width.d == 1 else 1
    found = []
    for swapped, taps in product((False, True), range(1, most + 1)):
        single = Roles(swapped, 1, taps)
        found.append((_all_cycles(layer, single), single))
        for heights in range(2, min(height.k, _MOST_TAPS) + 1):
            roles = Roles(swapped, heights, taps)
            if not swapped and _fits(layer, roles):
                found.append((_all_cycles(layer, roles), roles))
    return min(found)[1]


def _fits(layer: Correlation, roles: Roles) -> bool:
    """Return whether taps of the height that are taken at once are the rows of one tile."""
    rows = roles.heights * roles.taps * layer.cb
    blocks = columns_of(layer.cs, layer.lanes, layer.halves)
    return all(rows <= most_rows(layer.machine, block) for block in blocks)


def _all_cycles(layer: Correlation, roles: Roles) -> float:
    """Return the cycles of all products, and of storing sums whose rows and columns change."""
    _, height, width = layer.axes
    total = 0.0
    for heights, h in Counter(_sizes(height.k, roles.heights)).items():
        for taps, w in Counter(_sizes(width.k, roles.taps)).items():
            total += h * w * _cycles(layer, roles.swapped, heights, taps)
    turned = _TURNED * layer.numbers if roles.swapped else 0.0
    return layer.axes[0].k * layer.positions * total + turned


def _sizes(taps: int, most: int) -> list[int]:
    """Return how many taps each group has."""
    groups = n_tiles(taps, most)
    ranges = (tile_range(0, taps, groups, g) for g in range(groups))
    return [end - first for first, end in ranges]


def _cycles(layer: Correlation, swapped: bool, heights: int, taps: int) -> float:
    """Return the cycles of a position and some taps at once."""
    rows, columns = taps * layer.cb, layer.cs
    if swapped:
        rows, columns = columns, rows
    machine = layer.machine
    return sum(
        _tile_cycles(layer, block, heights * n)
        for block in columns_of(columns, layer.lanes, layer.halves)
        for n in row_tiles(machine, block, rows)
    )


def _tile_cycles(layer: Correlation, columns: Columns, rows: int) -> float:
    """Return the cycles of one position in a tile."""
    machine, vectors = layer.machine, columns.vectors
    short = layer.halves and columns.lanes < layer.lanes
    products = rows * vectors / machine.fmas * (0.5 if short else 1.0)
    loads = (rows + vectors) / (machine.half_loads if short else machine.loads)
    arriving = vectors * columns.lanes * layer.storage.size / machine.panel_rate
    return max(products, loads, arriving) + _BESIDE
