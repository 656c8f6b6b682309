"""How a plan cuts its work: rows of a tile, blocks of the output, groups of channels."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from . import _geometry
from ._geometry import Phase
from ._tuning import TUNING, Machine

__all__ = ["Axis", "Blocking", "Rows", "channel_blocks", "choose_blocks", "choose_rows"]

BATCH, DEPTH, HEIGHT, WIDTH = range(4)


class Axis(NamedTuple):
    """One of batch, depth, height, width. The batch is an axis with one tap and stride 1."""

    i: int
    s: int
    phases: tuple[Phase, ...]

    @property
    def positions(self) -> int:
        """How many positions q there are, in the longest phase."""
        return max((f.length for f in self.phases), default=0)

    @property
    def shifts(self) -> tuple[int, int]:
        """Least and greatest distance i - q over all taps."""
        least = [f.shift - (f.taps - 1) * f.dilation for f in self.phases if f.taps]
        return min(least, default=0), max((f.shift for f in self.phases if f.taps), default=0)

    def pairs(self) -> int:
        """Return how many (input index, tap) pairs land inside the output."""
        found = 0
        for f in self.phases:
            for j in range(f.taps):
                first = j * f.dilation - f.shift  # position whose input index is 0
                found += max(0, min(f.length, first + self.i) - max(0, first))
        return found

    def packed(self, block: int, halo: bool) -> int:
        """Return the extent of the packed input of `block` positions."""
        extent = block + self.shifts[1] - self.shifts[0]
        return extent if halo else min(self.i, extent)


class Rows(NamedTuple):
    """What the rows of a tile run along, and how many there are at most on each axis."""

    along: str
    most: tuple[int, int, int, int]
    why: str


class Blocking(NamedTuple):
    """A cut of the output: positions of a block on each axis, and groups of channel blocks."""

    block: tuple[int, int, int, int]
    group: int  # channel blocks in a group
    groups: int


def channel_blocks(co: int, lanes: int) -> tuple[tuple[int, int], ...]:
    """Return (first channel, vectors) of the blocks of output channels: two vectors, or 1 or 3.

    Two vectors use every broadcast twice; a third is taken where one would be left over.
    """
    vectors = -(-co // lanes)
    sizes = [2] * (vectors // 2)
    if vectors % 2:
        sizes[-1:] = [3] if sizes else [1]
    starts = [lanes * sum(sizes[:n]) for n in range(len(sizes))]
    return tuple(zip(starts, sizes, strict=True))


def tile_cycles(machine: Machine, rows: int, vectors: int) -> float:
    """Return the cycles of one k of a tile: products, loads, latency or the panel's arrival."""
    return max(
        rows * vectors / machine.fmas,
        (rows + vectors) / machine.loads,
        machine.latency,
        vectors * machine.vector_bytes / machine.panel_rate,
    )


def choose_rows(axes: tuple[Axis, ...], vectors: list[int], machine: Machine) -> Rows:
    """Return the rows that need the fewest cycles by `tile_cycles`; along the width if equal."""
    most = min(machine.rows[v - 1] for v in set(vectors))
    batch, depth, height, width = axes
    longest = width.positions

    def cycles(rows: int) -> float:
        return sum(tile_cycles(machine, rows, v) for v in vectors)

    outside = depth.pairs() * batch.i
    costs: list[tuple[float, Rows]] = []
    along_width = sum(f.taps * _tiled(f, most, cycles) for f in width.phases)
    costs.append((outside * height.pairs() * along_width, Rows("width", (1, 1, 1, most), "")))
    if 0 < longest <= most // 2:
        groups = most // longest
        in_space = 0.0
        for fw in width.phases:
            q = fw.length

            def group_cycles(g: int, q: int = q) -> float:
                return cycles(g * q)

            in_space += fw.taps * sum(
                f.taps * _tiled(f, groups, group_cycles) for f in height.phases
            )
        costs.append((outside * in_space, Rows("height and width", (1, 1, groups, longest), "")))
    in_batch = _tiled(batch.phases[0], most, cycles) if batch.phases else 0.0
    cost = in_batch * depth.pairs() * height.pairs() * width.pairs()
    costs.append((cost, Rows("batch", (most, 1, 1, 1), "")))
    best = min(costs, key=lambda c: c[0])
    if costs[0][0] <= 1.05 * best[0]:
        return costs[0][1]._replace(why="the width fills the tile")
    ratio = costs[0][0] / max(best[0], 1.0)
    return best[1]._replace(why=f"{ratio:.1f} times fewer cycles than rows along the width")


def _tiled(phase: Phase, most: int, cycles: Callable[[int], float]) -> float:
    """Return the cycles of a phase's positions in even tiles of at most `most` rows."""
    tiles = _geometry.n_tiles(phase.length, most)
    rows, longer = divmod(phase.length, tiles)
    return float((tiles - longer) * cycles(rows) + longer * (cycles(rows + 1) if longer else 0))


def choose_blocks(
    axes: tuple[Axis, ...],
    rows: Rows,
    halos: tuple[bool, ...],
    position_bytes: int,
    n_channel_blocks: int,
    threads: int,
) -> Blocking:
    """Return blocks whose packed input fits L2, as large as they leave enough tasks."""
    whole = [max(1, axis.positions) for axis in axes]

    def packed(block: list[int]) -> int:
        sizes = (a.packed(b, h) for a, b, h in zip(axes, block, halos, strict=True))
        return position_bytes * prod(max(1, size) for size in sizes)

    block = [min(m, w) for m, w in zip(rows.most, whole, strict=True)]
    _grow(block, [WIDTH], whole, packed, TUNING.block_bytes)
    _grow(block, [HEIGHT, DEPTH], whole, packed, TUNING.block_bytes)
    _grow(block, [BATCH], whole, packed, TUNING.block_bytes)
    _shrink_to(block, packed, TUNING.scratch_bytes // threads)

    wanted = TUNING.tasks_per_thread * threads if threads > 1 else 1
    while _count(block, whole) * n_channel_blocks < wanted:
        splittable = [a for a in (BATCH, DEPTH, HEIGHT) if block[a] >= 2 * rows.most[a]]
        if not splittable:
            break
        axis = max(splittable, key=lambda a: block[a])
        block[axis] = -(-block[axis] // 2)
    groups = min(max(1, n_channel_blocks), -(-wanted // _count(block, whole)))
    group = -(-max(1, n_channel_blocks) // groups)
    return Blocking(
        (block[0], block[1], block[2], block[3]), group, -(-max(1, n_channel_blocks) // group)
    )


def _count(block: list[int], whole: list[int]) -> int:
    """Return the number of blocks."""
    return prod(-(-w // b) for b, w in zip(block, whole, strict=True))


def _grow(
    block: list[int],
    which: list[int],
    whole: list[int],
    packed: Callable[[list[int]], int],
    limit: int,
) -> None:
    """Double the block along the axes `which`, the shorter first, while it stays below `limit`."""
    open_axes = [axis for axis in which if block[axis] < whole[axis]]
    while open_axes:
        axis = min(open_axes, key=lambda a: block[a])
        larger = list(block)
        larger[axis] = min(2 * block[axis], whole[axis])
        if packed(larger) > limit:
            open_axes.remove(axis)
            continue
        block[:] = larger
        open_axes = [a for a in open_axes if block[a] < whole[a]]


def _shrink_to(block: list[int], packed: Callable[[list[int]], int], limit: int) -> None:
    """Halve the longest side of the block until its packed input fits, or it is one position."""
    while packed(block) > limit and max(block) > 1:
        axis = block.index(max(block))
        block[axis] = -(-block[axis] // 2)
