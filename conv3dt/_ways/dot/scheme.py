"""The scheme of the dot way: input channels in the lanes, filters read where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from ..._compiler.records import Record
from ..._geometry import integers
from ..._geometry.axes import Axis
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked, in_lines
from ..shared.wording import counted, listed, quantity, stored_line
from .cost import PIECE, most_rows
from .records import CHANNELS, COLUMNS, DotTask, Row
from .tile import DotTile, FinishTile, LineTile
from .turned import CI, CO, Order, Runs, worthwhile

__all__ = ["DotScheme"]


@dataclass(frozen=True, eq=False)
class DotScheme(Blocked):
    """How a layer is computed with input channels in the lanes: all positions are one block."""

    filters_lie: str = "ci"
    turned: Order = ()

    @property
    def task_record(self) -> type[Record]:
        """The record in which a thread writes what it has in work."""
        return DotTask

    @cached_property
    def chunk(self) -> int:
        """Input channels that are multiplied before lanes are summed: a tile's stay in L1."""
        ci = max(1, self.layer.request.ci)
        vectors = -(-ci // self.lanes)
        return self.lanes * -(-vectors // -(-ci * self.size // PIECE))

    @cached_property
    def run(self) -> int:
        """Input channels that are multiplied at a time."""
        return self.chunk

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input along batch, depth, height, width and chunks, in bytes."""
        chunk = self.chunk * self.size
        if self.direct:
            d, h, w = self.layer.request.i
            step = self.layer.request.ci * self.size
            return d * h * w * step, h * w * step, w * step, step, chunk
        n, d, h, w = self.packed
        return d * h * w * chunk, h * w * chunk, w * chunk, chunk, n * d * h * w * chunk

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input."""
        return 0 if self.direct else self.chunks * self.packed_steps[4]

    @property
    def task_channels(self) -> int:
        """Input channels that a task packs, in the mean: a thread packs all of them once."""
        return -(-self.chunk * self.chunks * self.threads // max(1, self.tasks))

    @cached_property
    def weights(self) -> int:
        """Numbers of packed filters: there are none."""
        return 0

    @cached_property
    def phase_bytes(self) -> int:
        """Bytes of panels: there are none."""
        return 0

    @cached_property
    def positions(self) -> int:
        """Most positions of a phase."""
        return prod(self.blocking.block)

    @property
    def sums_bytes(self) -> int:
        """Bytes of the sums of a phase."""
        return self.positions * COLUMNS * self.size

    @property
    def made_bytes(self) -> int:
        """Bytes of sums, and of filters that are turned."""
        runs = self.runs
        return in_lines(self.sums_bytes) + (runs.n_lines * self.line_bytes if runs else 0)

    @property
    def turned_channels(self) -> int:
        """Output channels whose filters are turned at a time."""
        return COLUMNS

    @property
    def near(self) -> int:
        """The axis of filters along which the numbers of a line lie."""
        return CI if self.filters_lie == "ci" else CO

    @cached_property
    def runs(self) -> Runs | None:
        """How filters lie in memory that are turned."""
        if not self.turned:
            return None
        r = self.layer.request
        box = (*(axis.taps_read() for axis in self.axes[1:]), (0, r.co), (0, r.ci))
        return worthwhile((*r.k, r.co, r.ci), box, self.turned, self.near, self.turned_channels)

    @property
    def line_bytes(self) -> int:
        """Bytes from one line of turned filters to the next.

        An odd number of cache lines: of 512 channels and even ones, squares took twice as long.
        """
        return in_lines(self.layer.request.ci * self.layer.storage.item) | LINE

    def turning(self, order: Order) -> DotScheme:
        """Return the scheme whose tasks turn filters that lie so, if they lie in runs."""
        turned = replace(self, turned=order)
        return turned if turned.runs else self

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of its list of rows."""
        return in_lines(self.task_record.SIZE + Row.SIZE * self.positions)

    @property
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on: they lie as they are, beside a bias."""
        r = self.layer.request
        return type(self), r.dtype, r.co

    def in_place(self) -> DotScheme:
        """Return the scheme that reads the input where it lies, if it is in the compute type.

        Positions that share cache lines, all of them, are packed; so are inputs of which some are
        never read.
        """
        lines = self.positions == 1 or self.layer.request.ci * self.size % TUNING.pad_every
        ready = lines and self.all_read and not (self.layer.apart or self.layer.converted)
        return replace(self, direct=True) if ready else self

    def packed_by_tasks(self) -> DotScheme:
        """Return the scheme: there is nothing to pack."""
        return self

    # ---- tiles -----------------------------------------------------------------------------------

    def tiles(self) -> Iterator[tuple[int, int, int, DotTile | LineTile]]:
        """Yield (0, output channels, positions, tile) for every micro-kernel that multiplies.

        Those of number 1 are for channels behind which others follow, if tiles know the difference.
        """
        layer = self.layer
        half = layer.storage.pairs and layer.halves % 2 == 1
        rest = (layer.request.ci - half) % self.lanes
        for columns, rows in sorted(self._shapes()):
            how = layer.request.dtype, self.lanes, layer.machine.fused, rows, columns
            yield 0, columns, rows, DotTile(*how, rest, half)
            if self.chunks > 1 and (half or rest):
                yield 1, columns, rows, DotTile(*how, 0, False)

    def _shapes(self) -> set[tuple[int, int]]:
        """Return the (output channels, positions) that tiles have."""
        co, rows = self.layer.request.co, self._rows(most_rows(self.layer.machine))
        return set(product({min(CHANNELS, co), co % CHANNELS} - {0}, rows))

    def _rows(self, most: int) -> set[int]:
        """Return the numbers of positions that tiles have, of at most so many."""
        rows = set()
        for count in self._counts():
            tiles = integers.n_tiles(count, most)
            rows |= {count // tiles, -(-count // tiles)}
        return rows

    def _counts(self) -> set[int]:
        """Return at how many positions taps read inside: the different numbers."""
        axes = [{hi - lo for f in a.phases for lo, hi in _inside(a, f)} for a in self.axes]
        return {prod(counts) for counts in product(*axes)} - {0}

    @property
    def finishes(self) -> list[FinishTile]:
        """What finishes outputs, by a block's kind."""
        layer = self.layer
        how = layer.request.dtype, self.lanes, layer.machine.fused
        last = layer.apart, layer.request.activation
        return [FinishTile(*how, channels, self.columns, *last) for _, channels in self.kinds]

    @property
    def vectors(self) -> int:
        """Whole vectors of input channels."""
        half = self.layer.storage.pairs and self.layer.halves % 2 == 1
        return (self.layer.request.ci - half) // self.lanes

    # ---- words -----------------------------------------------------------------------------------

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([tile.label for _, _, _, tile in self.tiles()])
        return {
            "kernel": f"input channels in lanes ({self.layer.instructions}, {self.lanes} per"
            f" vector): tiles of {shapes} (positions x channels)",
            "blocks": f"all positions, {counted(self.blocking.group * COLUMNS, 'channel')} a task",
            "memory": self.filters_line(),
            "after": stored_line(False),
        }

    def filters_line(self) -> str:
        """Return in words where filters and input are read."""
        if self.runs:
            lines = quantity(self.runs.n_lines * self.line_bytes, 1024)
            input_too = ", input read where it lies" if self.direct else ""
            return f"filters turned by the task that reads them, {lines}B{input_too}"
        return f"filters read where they lie{', as is the input' if self.direct else ''}"


def _inside(axis: Axis, f: integers.Phase) -> Iterator[tuple[int, int]]:
    """Yield the positions of a phase, from .. to, at which its taps read inside."""
    for j in range(f.taps):
        yield integers.rows_inside(0, f.length, j, f.shift, f.dilation, axis.i, axis.in_s)
