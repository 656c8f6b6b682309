"""How a plan cuts its work: blocks of the output, and groups of channel blocks."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from ..._call.request import Request
from ..._geometry import integers
from ..._geometry.integers import Phase
from ..._geometry.tuning import TUNING

__all__ = ["Axis", "Blocking", "axes_of", "choose_blocks", "is_small"]

BATCH, DEPTH, HEIGHT, WIDTH = range(4)


class Axis(NamedTuple):
    """One of batch, depth, height, width. The batch is an axis with one tap and stride 1."""

    i: int  # inputs that are read: `start + n*every`, if they are not all
    s: int  # outputs from a position to the next
    phases: tuple[Phase, ...]
    in_s: int = 1  # inputs from a position to the next
    start: int = 0
    every: int = 1

    @property
    def positions(self) -> int:
        """How many positions q there are, in the longest phase."""
        return max((f.length for f in self.phases), default=0)

    @property
    def outputs(self) -> int:
        """How many outputs there are, in all phases."""
        return sum(f.length for f in self.phases)

    @property
    def shifts(self) -> tuple[int, int]:
        """Least and greatest distance i - q*in_s over all taps."""
        least = [f.shift - (f.taps - 1) * f.dilation for f in self.phases if f.taps]
        return min(least, default=0), max((f.shift for f in self.phases if f.taps), default=0)

    @property
    def inside(self) -> bool:
        """Whether every tap reads inside the input for every position."""
        return all(
            f.taps == 0
            or (0, f.length)
            == integers.whole_range(0, f.length, f.taps, f.shift, f.dilation, self.i, self.in_s)
            for f in self.phases
        )

    def phases_and_taps(self) -> list[tuple[Phase, int]]:
        """Return the phases, and how many of each one's taps read inside for some position."""
        ranges = [
            integers.tap_range(0, f.length, f.taps, f.shift, f.dilation, self.i, self.in_s)
            for f in self.phases
        ]
        return [(f, hi - lo) for f, (lo, hi) in zip(self.phases, ranges, strict=True)]

    def pairs(self) -> int:
        """Return how many (input index, tap) pairs land inside the output."""
        found = 0
        for f in self.phases:
            for j in range(f.taps):
                ahead = f.shift - j * f.dilation  # input index of position 0
                first, end = -(ahead // self.in_s), -((ahead - self.i) // self.in_s)
                found += max(0, min(f.length, end) - max(0, first))
        return found

    def packed(self, block: int, halo: bool) -> int:
        """Return the extent of the packed input of `block` positions."""
        extent = (block - 1) * self.in_s + 1 + self.shifts[1] - self.shifts[0]
        return extent if halo else min(self.i, extent)


def axes_of(r: Request) -> tuple[Axis, Axis, Axis, Axis]:
    """Return the axes of a request: batch, depth, height, width."""
    batch = Axis(r.n, 1, integers.phases(1, 1, 1, r.n, 0))
    return batch, _axis(r, 0), _axis(r, 1), _axis(r, 2)


def _axis(r: Request, a: int) -> Axis:
    if r.forward:
        f = integers.forward(r.i[a], r.k[a], r.s[a], r.d[a], r.o[a], r.p[a])
        return Axis(f.i, 1, f.phases, f.in_s, f.start, f.every)
    return Axis(r.i[a], r.s[a], integers.phases(r.k[a], r.s[a], r.d[a], r.o[a], r.p[a]))


class Blocking(NamedTuple):
    """A cut of the output: positions of a block on each axis, and groups of channel blocks."""

    block: tuple[int, int, int, int]
    group: int  # channel blocks in a group
    groups: int


def choose_blocks(
    axes: tuple[Axis, ...],
    most: tuple[int, ...],
    halos: tuple[bool, ...],
    position_bytes: int,
    limit: int,
    n_channel_blocks: int,
    threads: int,
) -> Blocking:
    """Return blocks whose packed input stays below `limit`, as large as leaves enough tasks."""
    whole = [max(1, axis.positions) for axis in axes]

    def packed(block: list[int]) -> int:
        sizes = (a.packed(b, h) for a, b, h in zip(axes, block, halos, strict=True))
        return position_bytes * prod(max(1, size) for size in sizes)

    block = [min(m, w) for m, w in zip(most, whole, strict=True)]
    _grow(block, [WIDTH], whole, packed, limit)
    _grow(block, [HEIGHT, DEPTH], whole, packed, limit)
    _grow(block, [BATCH], whole, packed, limit)
    _shrink_to(block, packed, TUNING.scratch_bytes // threads)

    wanted = TUNING.tasks_per_thread * threads if threads > 1 else 1
    while _count(block, whole) * n_channel_blocks < wanted:
        splittable = [a for a in (BATCH, DEPTH, HEIGHT) if block[a] >= 2 * most[a]]
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


def is_small(r: Request, axes: tuple[Axis, ...]) -> bool:
    """Return whether starting threads would cost more than it gives."""
    products = 2 * r.ci * r.co * prod(a.pairs() for a in axes)
    return products + r.n * prod(r.o) * r.co < TUNING.serial_flops
