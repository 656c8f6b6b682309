"""How the gradient of depthwise filters is computed: blocks of channels, strips, tiles, tasks.

slab: a part of all positions, with sums of its own; a pairwise tree adds the slabs' sums
  box: positions whose numbers stay in L2 while the depth goes on
    block: a vector of channels
      strip: positions of the width that have the same taps
        tile: some rows of taps
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod
from typing import NamedTuple

from ...._geometry.integers import n_tiles, tile_range
from ...._geometry.kept import cached_property
from ...._geometry.tuning import TUNING
from ...shared.blocked import in_lines
from ...shared.wording import listed
from ..boxes import Box, box_within, packed_bytes
from ..cut import Cut
from ..layer import Correlation, Segment
from .records import ChannelwiseTask, Pair
from .tile import ChannelwiseTile

__all__ = ["Channels", "ChannelwiseScheme"]


class Channels(NamedTuple):
    """A vector of channels."""

    start: int
    own: int  # its last channels, which are not those of the vector before


@dataclass(frozen=True)
class ChannelwiseScheme(Cut):
    """How a gradient of filters is computed no two channels of which meet."""

    # ---- channels --------------------------------------------------------------------------------

    @property
    def channels(self) -> int:
        """Sums of a tap: channels of the array that has more."""
        return max(self.layer.cb, self.layer.cs)

    @property
    def shares(self) -> tuple[int, int]:
        """Sums of a channel of big, and of small: one of both is 1."""
        return self.channels // self.layer.cb, self.channels // self.layer.cs

    @cached_property
    def lanes(self) -> int:
        """Numbers of a vector: of few channels so many that none is read beyond them."""
        return min(self.layer.lanes, 1 << (self.channels.bit_length() - 1))

    @cached_property
    def blocks(self) -> list[Channels]:
        """Vectors of channels: the last ends with the last of them."""
        starts = range(0, self.channels, self.lanes)
        last = self.channels - self.lanes
        return [Channels(min(n, last), self.lanes - max(0, n - last)) for n in starts]

    # ---- taps ------------------------------------------------------------------------------------

    @cached_property
    def parts(self) -> list[list[Segment]]:
        """Taps of the width that are summed together: the strips of each."""
        most = max(1, (self.layer.machine.registers - 1) // 4)
        return self.layer.axes[2].groups(most)

    @cached_property
    def strips(self) -> list[Segment]:
        """Positions of the width that have the same taps: so few that their rows stay in L1."""
        found = []
        for x in (x for part in self.parts for x in part):
            count = n_tiles(x.hi - x.lo, TUNING.channelwise_strip)
            for n in range(count):
                lo, hi = tile_range(x.lo, x.hi, count, n)
                found.append(x._replace(lo=lo, hi=hi))
        return found

    @cached_property
    def heights(self) -> list[Segment]:
        """Positions of the height that have the same taps."""
        height = self.layer.axes[1]
        return [x for x in height.groups(height.k)[0] if x.lo < x.hi]

    @cached_property
    def rows(self) -> int:
        """Rows of taps of a tile: as many as have their sums in registers beside what is read."""
        taps, _ = self.most
        registers = self.layer.machine.registers
        most = max(1, (registers - 1 - self._beside) // max(1, taps))
        return ceil(self.all_rows / n_tiles(self.all_rows, most))

    @property
    def all_rows(self) -> int:
        """Rows of taps: those of depth and height."""
        return self.layer.kernel[0] * self.layer.kernel[1]

    @property
    def most(self) -> tuple[int, int]:
        """The most taps of a strip, and its positions."""
        return max((x.taps, x.hi - x.lo) for x in self.strips)

    @property
    def _beside(self) -> int:
        """Positions that are written out together, and registers for them."""
        return 4 if self.layer.machine.registers >= 32 else 2

    @cached_property
    def kinds(self) -> list[tuple[int, int]]:
        """The different strips: taps, and positions that are written out together."""
        return list(dict.fromkeys(map(self.kind, self.strips)))

    def kind(self, strip: Segment) -> tuple[int, int]:
        """Return what strips of the same tile have in common."""
        long = strip.hi - strip.lo >= 2 * self._beside
        return strip.taps, self._beside if long else 1

    def tile(self, block: Channels, kind: tuple[int, int]) -> ChannelwiseTile:
        """Return the micro-kernel of a block and a kind of strip."""
        layer, width = self.layer, self.layer.axes[2]
        return ChannelwiseTile(
            storage=layer.storage.compute,
            lanes=self.lanes,
            fused=layer.machine.fused,
            own=block.own,
            rows=self.rows,
            taps=kind[0],
            at_once=kind[1],
            stride=width.s,
            dilation=width.d,
            step=(self.lanes if layer.packed[0] else self.channels) * self.size,
            asked=min(4, layer.axes[1].s * width.s),
        )

    def tiles(self) -> Iterator[ChannelwiseTile]:
        """Yield every micro-kernel in use."""
        for block in self.blocks:
            for kind in self.kinds:
                yield self.tile(block, kind)

    # ---- positions and tasks ---------------------------------------------------------------------

    @property
    def near(self) -> int:
        """Blocks of a task, at most."""
        return max(1, min(len(self.blocks), TUNING.channelwise_channels // self.lanes))

    @cached_property
    def one(self) -> Correlation:
        """The layer of one block: what a box packs of it, or would, for no bit depends on that."""
        lanes = self.lanes
        return self.layer._replace(cb=lanes, cs=lanes, groups=lanes, packed=(True, True))

    @cached_property
    def box(self) -> Box:
        """Positions of a box: planes that taps of the depth read are in L2 for the next one."""
        depth, height, width = self.layer.axes
        planes = min(depth.k, depth.between(1) + depth.s) * height.s * width.s
        most = TUNING.channelwise_bytes // (self.size * self.near * self.lanes * (planes + 1))
        return box_within(self.one, max(64, most))

    @cached_property
    def groups(self) -> int:
        """Tasks of a slab, each of some blocks."""
        wanted = TUNING.tasks_per_thread * self.threads
        wanted = ceil(wanted / self.slabs) if self.threads > 1 else 1
        return min(len(self.blocks), max(n_tiles(len(self.blocks), self.near), wanted))

    # ---- memory ----------------------------------------------------------------------------------

    @property
    def in_place(self) -> bool:
        """Whether the first slab's sums lie as the gradient does, in the same type."""
        return not self.layer.storage.converted and self.shares[1] == 1

    @property
    def pad(self) -> int:
        """Bytes by which a packed row is longer where rows would fall into the same sets of L1."""
        return TUNING.channelwise_strip * self.lanes * self.size

    @cached_property
    def packed_bytes(self) -> tuple[int, int]:
        """Bytes of a block of what is packed for a box, of big and of small, at most."""
        if not self.layer.packed[0]:
            return 0, 0
        images, depth, height, _ = self.box
        rows = (axis.rows(x) for axis, x in zip(self.layer.axes, (depth, height), strict=False))
        pads = images * prod(rows) * self.pad, images * depth * height * self.pad
        sizes = zip(packed_bytes(self.one, self.box), pads, strict=True)
        big, small = (in_lines(size + pad) for size, pad in sizes)
        return big, small

    @cached_property
    def packed_at(self) -> tuple[int, int, int]:
        """Where in a thread's region big and small are packed, and its end."""
        first, (big, small) = in_lines(self.list_bytes), self.packed_bytes
        return first, first + self.near * big, first + self.near * (big + small)

    @property
    def ask_step(self) -> int:
        """Bytes of a vector of channels, where the next box is asked for; 0: it is not."""
        alone = self.near == len(self.blocks)
        return self.lanes * self.layer.storage.item if self.layer.run and alone else 0

    @property
    def list_at(self) -> int:
        """Where in a thread's region its list is."""
        return in_lines(ChannelwiseTask.SIZE)

    @property
    def unused_at(self) -> int:
        """Where in a thread's region sums are that nobody reads."""
        return self.list_at + in_lines(Pair.SIZE * (self.all_rows + self.rows))

    @property
    def list_bytes(self) -> int:
        """Bytes of what a thread writes of its task, of its list, and of sums nobody reads."""
        return self.unused_at + self.layer.kernel[2] * self.channels * self.size

    # ---- words -----------------------------------------------------------------------------------

    def kernel_line(self) -> str:
        """Return its tiles in words."""
        shapes = listed(sorted({tile.label for tile in self.tiles()}))
        return (
            f"channels in lanes, no two of which meet ({self.layer.machine.isa}, {self.lanes} per"
            f" vector): tiles of {shapes} (rows x taps of the width)"
        )
