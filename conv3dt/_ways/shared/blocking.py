"""Cutting the output into blocks of positions, and channels into groups of blocks."""

from collections.abc import Callable, Iterator
from math import prod
from typing import NamedTuple

from ..._geometry.axes import Axis
from ..._geometry.integers import n_tiles
from ..._geometry.tuning import TUNING
from .sharing import Costs, each_of
from .wording import counted

__all__ = ["AT_ONCE", "Blocking", "blockings", "costs_of", "uncut"]

BATCH, DEPTH, HEIGHT, WIDTH = range(4)
AT_ONCE = 64  # input channels, or pairs of them, of a piece of packing


class Blocking(NamedTuple):
    """A cut of the output: positions of a block on each axis, and groups of channel blocks."""

    block: tuple[int, int, int, int]
    group: int  # channel blocks in a group
    groups: int

    def tiles(self, most: tuple[int, ...]) -> int:
        """Return how many tiles of at most so many positions along each axis a whole block has."""
        return prod(n_tiles(b, m) for b, m in zip(self.block, most, strict=True))

    def words(self, together: bool) -> str:
        """Return in words how the output is cut."""
        n, d, h, w = self.block
        how = "tile by tile" if together else "one after the other"
        return (
            f"{n} x {d}x{h}x{w} positions, {counted(self.group, 'channel block')} a task;"
            f" phases of the width {how}"
        )


def uncut(axes: tuple[Axis, ...], n_channel_blocks: int) -> Blocking:
    """Return blocks that have all positions, and a block of channels each."""
    n, d, h, w = (max(1, axis.positions) for axis in axes)
    return Blocking((n, d, h, w), 1, n_channel_blocks)


def costs_of(
    blocking: Blocking, axes: tuple[Axis, ...], columns: list[int], cycles: float
) -> Costs:
    """Return what the tasks share of so many cycles, by their outputs, groups of channels first."""
    group = blocking.group
    groups = [sum(columns[n : n + group]) for n in range(0, len(columns), group)]
    cuts = zip(axes, blocking.block, strict=True)
    lengths = [
        [min(block, axis.positions - lo) for lo in range(0, axis.positions, block)]
        for axis, block in cuts
    ]
    return each_of([groups or [1], *lengths], cycles)


def blockings(
    axes: tuple[Axis, ...],
    most: tuple[int, ...],
    halos: tuple[bool, ...],
    position_bytes: int,
    limit: int,
    n_channel_blocks: int,
    threads: int,
) -> Iterator[Blocking]:
    """Yield different cuts, as large as leaves enough tasks, for several meanings of enough.

    Packed inputs of a block stay below `limit`. In which one outputs are made changes no bit of
    them, so the number of threads may decide.
    """
    whole = [max(1, axis.positions) for axis in axes]

    def packed(block: list[int]) -> int:
        sizes = (a.packed(b, h) for a, b, h in zip(axes, block, halos, strict=True))
        return position_bytes * prod(max(1, size) for size in sizes)

    block = [min(m, w) for m, w in zip(most, whole, strict=True)]
    _grow(block, [WIDTH], whole, packed, limit)
    _grow(block, [HEIGHT, DEPTH], whole, packed, limit)
    _grow(block, [BATCH], whole, packed, limit)
    _shrink_to(block, packed, max(TUNING.scratch_bytes // threads, TUNING.thread_bytes))

    each = TUNING.tasks_per_thread, *TUNING.other_tasks
    wanted = [n * threads for n in each] if threads > 1 else [1]
    yield from dict.fromkeys(_cut(block, whole, most, max(1, n_channel_blocks), n) for n in wanted)


def _cut(
    largest: list[int], whole: list[int], most: tuple[int, ...], channels: int, wanted: int
) -> Blocking:
    """Return blocks, halved until there are as many tasks as wanted, and then groups."""
    block, axes = list(largest), [BATCH, DEPTH, HEIGHT]
    if whole[DEPTH] == whole[HEIGHT] == 1:
        axes.append(WIDTH)
    while _count(block, whole) * channels < wanted:
        splittable = [a for a in axes if block[a] >= 2 * most[a]]
        if not splittable:
            break
        axis = max(splittable, key=lambda a: block[a])
        block[axis] = -(-block[axis] // 2)
        if axis == WIDTH:  # whole tiles
            block[axis] += -block[axis] % most[axis]
    groups = min(channels, -(-wanted // _count(block, whole)))
    group = -(-channels // groups)
    return Blocking((block[0], block[1], block[2], block[3]), group, -(-channels // group))


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
