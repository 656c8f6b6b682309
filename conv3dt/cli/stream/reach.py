"""Which inputs bricks need, and which bricks a piece of the input serves: tables, axis by axis."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._run.blocks.work import Work
from .bricks import Grid

__all__ = ["Axis", "tables"]

Numbers = NDArray[np.int64]


class Axis(NamedTuple):
    """One axis: `low` to `high` are the inputs that each brick needs.

    Of each piece of the input, `first` to `last` are the bricks that need some of it. Those after
    `main` need only what lies from `tail` on.
    """

    low: Numbers
    high: Numbers
    first: Numbers
    main: Numbers
    last: Numbers
    tail: Numbers
    size: int  # of a piece

    def overlap(self) -> int:
        """Return the most inputs that two bricks in succession share."""
        shared = np.minimum(self.high[:-1], self.high[1:]) - self.low[1:]
        return int(shared.max(initial=0))

    def advance(self, bricks: int) -> int:
        """Return the most pieces that so many bricks in succession are the first to need."""
        if len(self.low) <= bricks:
            return self.touched(bricks)
        steps = self.low[bricks:] - self.low[:-bricks]
        return max(1, -(-int(steps.max()) // self.size))

    def touched(self, bricks: int) -> int:
        """Return the most pieces that so many bricks in succession need."""
        ends = np.minimum(np.arange(len(self.low)) + bricks, len(self.low)) - 1
        counts = -(-self.high[ends] // self.size) - self.low // self.size
        return max(1, int(counts[::bricks].max()))

    def reads(self, bricks: int) -> float:
        """Return how often a piece is read if those of so many bricks are kept."""
        starts = np.arange(0, len(self.low), bricks)
        ends = np.minimum(starts + bricks, len(self.low)) - 1
        counts = -(-self.high[ends] // self.size) - self.low[starts] // self.size
        used = -(-int(self.high.max()) // self.size) - int(self.low.min()) // self.size
        return float(np.maximum(counts, 0).sum()) / max(1, used)


def tables(work: Work, grid: Grid, pieces: tuple[int, ...]) -> tuple[Axis, ...]:
    """Return the table of each axis; what an axis needs does not depend on the others."""
    return tuple(_table(work, grid, axis, size) for axis, size in enumerate(pieces))


def _table(work: Work, grid: Grid, axis: int, size: int) -> Axis:
    """Return the table of an axis whose pieces have a size."""
    low, high = [], []
    for number in range(grid.bricks[axis]):
        brick = tuple(number if a == axis else 0 for a in range(len(grid.shape)))
        need = work.needed(grid.region(grid.units_of(brick)))[axis]
        low.append(need.start)
        high.append(max(need.start, need.stop))
    lows, highs = np.array(low), np.array(high)
    starts = np.arange(0, work.input_shape[axis], size)
    first = np.minimum(np.searchsorted(highs, starts, "right"), len(low) - 1)
    last = np.searchsorted(lows, np.minimum(starts + size, work.input_shape[axis]), "left") - 1
    last = np.maximum(last, first)
    main = np.clip(np.searchsorted(lows, starts, "right") - 1, first, last)
    tail = lows[np.minimum(main + 1, len(low) - 1)]
    return Axis(lows, highs, first, main, last, tail, size)
