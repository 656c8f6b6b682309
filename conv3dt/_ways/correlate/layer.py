"""What is to be computed: a gradient of filters, as sums of products of two arrays.

    gradient[t, b, s] = sum over n, q of  big[n, q*stride + t*dilation - before, b] * small[n, q, s]

`big` is what the forward convolution reads, `small` has the positions q of what it makes. Without
strides they can be exchanged (`Correlation.mirror`), taps in the opposite order:

    gradient[t, b, s] = sum over n, q of  small[n, q - t*dilation + before, s] * big[n, q, b]
"""

from itertools import pairwise
from math import prod
from typing import NamedTuple

from ..._compiler import processor
from ..._geometry.integers import n_tiles, rows_inside, tile_range
from ..._geometry.storages import STORAGES, Storage
from ..._geometry.tuning import Machine

__all__ = ["Along", "Correlation", "Segment"]


class Segment(NamedTuple):
    """Neighbouring taps of the width, and the positions for which all of them read inside."""

    first: int
    taps: int
    lo: int
    hi: int


class Along(NamedTuple):
    """One axis of space: tap t of position q reads number q*s + t*d - p of `big`."""

    i: int  # of big
    o: int  # of small: positions
    k: int
    s: int
    d: int
    p: int

    def inside(self, tap: int) -> tuple[int, int]:
        """Return the positions from .. to for which a tap reads inside."""
        return rows_inside(0, self.o, 0, tap * self.d - self.p, 0, self.i, self.s)

    def mirror(self) -> "Along":
        """Return the axis whose tap k - 1 - t has the pairs of tap t, exchanged; s must be 1."""
        return Along(self.o, self.i, self.k, 1, self.d, (self.k - 1) * self.d - self.p)

    def pairs(self) -> int:
        """Return how many (position, tap) read inside."""
        return sum(hi - lo for lo, hi in map(self.inside, range(self.k)))

    def shared(self, positions: int) -> bool:
        """Return whether taps share rows that are packed for so many positions: if fewer are."""
        return self.between(positions) <= positions * self.k

    def rows(self, positions: int) -> int:
        """Return how many rows are packed: those in between, or each tap's own."""
        return min(self.between(positions), positions * self.k)

    def between(self, positions: int) -> int:
        """Return how many numbers lie between the first and the last that positions read."""
        return (positions - 1) * self.s + (self.k - 1) * self.d + 1

    def groups(self, at_once: int) -> list[list[Segment]]:
        """Return the taps in groups of at most so many: each group's segments.

        The first has all taps of the group, and maybe no positions.
        """
        count = n_tiles(self.k, at_once)
        return [self._segments(*tile_range(0, self.k, count, g)) for g in range(count)]

    def _segments(self, first: int, end: int) -> list[Segment]:
        """Return the segments of a group of taps; later ones begin, and end, at lower positions."""
        parts = {tap: self.inside(tap) for tap in range(first, end)}
        lo, hi = parts[first][0], parts[end - 1][1]
        found = [Segment(first, end - first, lo, max(lo, hi))]
        points = sorted({point for part in parts.values() for point in part})
        for left, right in pairwise(points):
            taps = [t for t, (a, z) in parts.items() if a <= left and right <= z]
            if 0 < len(taps) < end - first:
                found.append(Segment(taps[0], len(taps), left, right))
        return found


class Correlation(NamedTuple):
    """What a scheme depends on."""

    dtype: str
    n: int
    axes: tuple[Along, Along, Along]
    cb: int  # channels of big
    cs: int  # and of small
    packed: tuple[bool, bool]  # whether big and small must be packed before tiles can read them
    run: bool  # whether the positions of big's width are neighbours in memory
    groups: int = 1  # of channels: 1, or each channel of the array that has fewer is one
    mirrored: bool = False  # big and small, and so b and s, are exchanged; taps are in reverse
    runs: bool = False  # whether a row of either array is one run of numbers, maybe packed
    algorithm: str = "auto"  # one of `arguments.ALGORITHMS`

    def mirror(self, run: bool) -> "Correlation":
        """Return the same sums with the arrays exchanged; `run` is that of small."""
        depth, height, width = (axis.mirror() for axis in self.axes)
        channels, packed = (self.cs, self.cb), (self.packed[1], self.packed[0])
        return Correlation(
            self.dtype, self.n, (depth, height, width), *channels, packed, run,
            mirrored=True, algorithm=self.algorithm,
        )  # fmt: skip

    @property
    def storage(self) -> Storage:
        """The type of the numbers."""
        return STORAGES[self.dtype]

    @property
    def machine(self) -> Machine:
        """The processor."""
        return processor.machine()

    @property
    def lanes(self) -> int:
        """Numbers of a vector, in the compute type."""
        return self.machine.vector_bytes // self.storage.size

    @property
    def halves(self) -> bool:
        """Whether half a vector saves time."""
        return bool(self.machine.half_loads)

    @property
    def kernel(self) -> tuple[int, int, int]:
        """Taps along depth, height and width."""
        depth, height, width = self.axes
        return depth.k, height.k, width.k

    @property
    def numbers(self) -> int:
        """Numbers of the gradient."""
        return prod(self.kernel) * self.cb * self.cs // self.groups

    @property
    def positions(self) -> int:
        """Positions, of all images."""
        return self.n * prod(axis.o for axis in self.axes)

    @property
    def flops(self) -> int:
        """Two for every product of numbers that exist."""
        pairs = self.n * self.cb * self.cs // self.groups
        return 2 * pairs * prod(axis.pairs() for axis in self.axes)

    @property
    def bytes(self) -> int:
        """Both arrays and the gradient, each counted once."""
        big = self.n * self.cb * prod(axis.i for axis in self.axes)
        return self.storage.item * (big + self.cs * self.positions + self.numbers)
