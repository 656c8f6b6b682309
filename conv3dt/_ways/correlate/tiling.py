"""How an outer product is cut into register tiles."""

from typing import NamedTuple

from ..._geometry.integers import n_tiles, tile_range
from ..._geometry.tuning import Machine

__all__ = ["Columns", "chains", "columns_of", "most_rows", "row_tiles"]


class Columns(NamedTuple):
    """A block of numbers that lie in the lanes."""

    start: int
    lanes: int
    vectors: int
    last: int  # lanes of the last vector that are its own


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
    """Return the most rows of a tile with these columns.

    Of one vector LLVM sums into the registers of broadcasts, and has fewer of them: with 16, tiles
    of 8 rows and more spilled.
    """
    rows = machine.rows[columns.vectors - 1]
    return min(rows, 7) if columns.vectors == 1 and machine.registers == 16 else rows


def row_tiles(rows: int, most: int) -> list[int]:
    """Return the rows of the tiles of at most so many that cover `rows`, as even as possible."""
    count = n_tiles(rows, most)
    ranges = (tile_range(0, rows, count, t) for t in range(count))
    return [end - first for first, end in ranges]


def chains(machine: Machine, rows: int, vectors: int) -> int:
    """Return how many sums of each number take turns, so that none waits for the one before."""
    found = 1
    enough, most = machine.latency * machine.fmas, machine.rows[0]
    while rows * vectors * found < enough and rows * vectors * found * 2 <= most:
        found *= 2
    return found
