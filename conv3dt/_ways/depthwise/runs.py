"""Runs of positions along the width: the tiles of a row."""

from typing import NamedTuple

from ..._geometry import integers
from ..._geometry.axes import Axis

__all__ = ["Run", "runs_of"]


class Run(NamedTuple):
    """A run of positions of a phase of the width, with what its tile is specialised to."""

    before: int  # taps of the phases of the width before its own
    output: int  # of its first position
    first: int  # position
    positions: int
    taps: int
    ahead: int  # input of its first position and tap
    inside: tuple[int, int]  # inputs that exist, counted from that one

    @property
    def kind(self) -> tuple[int, int, tuple[int, int]]:
        """What runs of the same tile have in common."""
        return self.positions, self.taps, self.inside


def runs_of(axis: Axis, most: int) -> tuple[Run, ...]:
    """Return the runs of a row, as even as possible, phases in turn."""
    found, before = [], 0
    for f in integers.each(axis.phases, axis.s):
        tiles = integers.n_tiles(f.length, most)
        for t in range(tiles):
            lo, hi = integers.tile_range(0, f.length, tiles, t)
            ahead = lo * axis.in_s + f.shift - max(0, f.taps - 1) * f.dilation
            extent = (hi - lo - 1) * axis.in_s + max(0, f.taps - 1) * f.dilation + 1
            start = min(max(0, -ahead), extent)
            inside = start, max(start, min(extent, axis.i - ahead))
            found.append(Run(before, f.first + lo * axis.s, lo, hi - lo, f.taps, ahead, inside))
        before += f.taps
    return tuple(sorted(found, key=lambda run: (run.first, run.output)))
