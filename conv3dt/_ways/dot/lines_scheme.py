"""The scheme of the dot way where filters lie in lines of output channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, in_lines
from ..shared.wording import counted, listed, stored_line
from .lines_cost import PIECE
from .scheme import DotScheme
from .tile import DotTile, LineTile
from .turned import Order

__all__ = ["LinesScheme"]


@dataclass(frozen=True, eq=False)
class LinesScheme(DotScheme):
    """How a layer is computed with lines of output channels: all positions are one block."""

    filters_lie: str = "co"

    @cached_property
    def chunk(self) -> int:
        """Input channels that are multiplied at a time: those of a tile stay in L1."""
        return min(PIECE // self.size, max(1, self.layer.request.ci))

    @property
    def block_sums(self) -> int:
        """Bytes of the sums of a block of output channels."""
        return in_lines(self.positions * self.columns * self.size)

    @property
    def gathered_at(self) -> int:
        """Where in a thread's region inputs are gathered."""
        return self.made_at + self.blocking.group * self.block_sums

    @property
    def sums_bytes(self) -> int:
        """Bytes of the sums of a task, and of the inputs that are gathered."""
        return self.blocking.group * self.block_sums + self.positions * self.chunk * self.size

    @property
    def turned_channels(self) -> int:
        """Output channels whose filters are turned at a time: those of a task."""
        return self.blocking.group * self.columns

    @property
    def line_bytes(self) -> int:
        """Bytes from one line of turned filters to the next."""
        return in_lines(self.turned_channels * self.layer.storage.item)

    def turning(self, order: Order) -> DotScheme:
        """Return the scheme whose tasks turn filters, few enough that these stay near."""
        r = self.layer.request
        each = prod(r.k) * r.ci * self.columns * self.layer.storage.item
        group = min(self.blocking.group, max(1, TUNING.turned_bytes // each))
        cut = self.blocking._replace(group=group, groups=-(-len(self.shape.blocks) // group))
        turned = replace(self, turned=order, blocking=cut)
        return turned if turned.runs else self

    def in_place(self) -> LinesScheme:
        """Return the scheme that gathers inputs from where they lie, in the compute type."""
        ready = self.all_read and not (self.layer.apart or self.layer.converted)
        return replace(self, direct=True) if ready else self

    @cached_property
    def asked(self) -> int:
        """Cache lines of a position's next inputs that a tile asks for: its share of them."""
        return -(-self.chunk * self.size // LINE // max(1, self.blocking.group))

    def tiles(self) -> Iterator[tuple[int, int, int, DotTile | LineTile]]:
        """Yield (kind of the block, half, positions, tile) for every micro-kernel that multiplies.

        Half is 1 where half a pair of input channels follows, behind the last ones.
        """
        layer = self.layer
        odd = int(layer.storage.pairs and layer.halves % 2)
        halves = {odd, odd if self.chunks == 1 else 0}
        for kind, (columns, channels) in enumerate(self.kinds):
            lanes = min(self.lanes, columns)
            vectors = columns // lanes
            for rows in sorted(self._rows(layer.machine.rows[vectors - 1])):
                how = layer.request.dtype, lanes, layer.machine.fused, rows, vectors
                last = channels - columns + lanes
                for half in sorted(halves):
                    yield kind, half, rows, LineTile(*how, last, self.chunk, self.asked, half == 1)

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([tile.label for *_, tile in self.tiles()])
        channels = min(self.blocking.group * self.columns, self.layer.request.co)
        return {
            "kernel": f"output channels in lanes ({self.layer.instructions}, {self.lanes} per"
            f" vector): tiles of {shapes} (positions x vectors)",
            "blocks": f"all positions, {counted(channels, 'channel')} a task",
            "memory": self.filters_line(),
            "after": stored_line(False),
        }
