"""The axes of a convolution: batch, depth, height and width, each with its phases."""

from collections.abc import Iterator
from typing import NamedTuple

from . import integers
from .integers import Phase

__all__ = ["Axis", "batch_axis", "forward_axis", "transposed_axis"]


class Axis(NamedTuple):
    """One of batch, depth, height, width. The batch is an axis with one tap and stride 1."""

    i: int  # inputs that are read: `start + n*every`, if they are not all
    s: int  # outputs from a position to the next
    phases: tuple[Phase, ...]
    in_s: int = 1  # inputs from a position to the next
    start: int = 0
    every: int = 1

    @property
    def n_phases(self) -> int:
        """How many phases there are; `phases` has the different ones."""
        return sum(f.alike for f in self.phases)

    @property
    def positions(self) -> int:
        """How many positions q there are, in the longest phase."""
        return max((f.length for f in self.phases), default=0)

    @property
    def dilation(self) -> int:
        """Inputs from a tap of a position to the next: the same in all phases."""
        return self.phases[0].dilation if self.phases else 1

    @property
    def outputs(self) -> int:
        """How many outputs there are, in all phases."""
        return sum(f.length * f.alike for f in self.phases)

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
        """Return different phases, and how many taps of each read inside for some position."""
        return [(f, hi - lo) for f, lo, hi in self._taps_of_phases()]

    def taps_read(self) -> tuple[int, int]:
        """Return the taps of the kernel, from .. to, beyond which none reads inside."""
        found = [f.k0 + j * f.k_step for f, lo, hi in self._taps_of_phases() for j in range(lo, hi)]
        return min(found, default=0), 1 + max(found, default=0)

    def _taps_of_phases(self) -> Iterator[tuple[Phase, int, int]]:
        """Yield different phases, and the taps of each, from .. to, that read inside somewhere."""
        for f in self.phases:
            how = f.taps, f.shift, f.dilation, self.i, self.in_s
            yield f, *integers.tap_range(0, f.length, *how)

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


def batch_axis(n: int) -> Axis:
    """Return the batch as an axis."""
    return Axis(n, 1, integers.phases(1, 1, 1, n, 0))


def transposed_axis(i: int, k: int, s: int, d: int, o: int, p: int) -> Axis:
    """Return an axis of space of a transposed convolution; the letters are those of `integers`."""
    return Axis(i, s, integers.phases(k, s, d, o, p))


def forward_axis(i: int, k: int, s: int, d: int, o: int, p: int) -> Axis:
    """Return an axis of space of a forward convolution."""
    f = integers.forward(i, k, s, d, o, p)
    return Axis(f.i, 1, f.phases, f.in_s, f.start, f.every)
