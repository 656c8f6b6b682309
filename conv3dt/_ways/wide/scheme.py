"""The scheme of the wide way: output positions in the lanes, for few or scattered channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from ..._compiler.records import Record
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocked, in_lines, unaligned
from ..shared.cuts import ends, rows_of_tiles, sizes
from ..shared.lane_tile import LaneTile
from ..shared.records import SEAM
from ..shared.storing import LINE, past_caches
from ..shared.wording import listed, stored_line
from .records import WideTask
from .row_cost import is_lost

__all__ = ["WideScheme"]


@dataclass(frozen=True, eq=False)
class WideScheme(Blocked):
    """How a layer is computed with output positions in the lanes."""

    whole = True  # tiles make whole vectors, whatever they have to store
    on_lines = False  # nor do they begin elsewhere

    @property
    def task_record(self) -> type[Record]:
        """The record in which a thread writes what it has in work."""
        return WideTask

    @cached_property
    def chunk(self) -> int:
        """Input channels that lie together: positions do."""
        return 1

    @cached_property
    def run(self) -> int:
        """Input channels of an entry of the micro-kernel's table: all."""
        return max(1, self.layer.request.ci)

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input, in bytes: n, d, h, w and channels."""
        _, d, h, w = self.packed
        if self.direct:
            step_c = self.axes[3].i * self.size
            step_n = self.layer.request.ci * step_c
            return step_n, step_n, step_n, self.size, step_c
        step_c = unaligned(w * self.size, self.layer.in_a_row)
        if self.part_step:
            step_c = self.axes[3].in_s * self.part_step
        step_h = unaligned(step_c * self.chunks, self.shape.most[2] > 1, self.axes[2].in_s)
        step_d = h * step_h
        return d * step_d, step_d, step_h, self.size, step_c

    @property
    def part_step(self) -> int:
        """Bytes from one part of a packed row to the next: whole vectors, and never whole pages.

        With strides, inputs that neighbouring positions read with a tap lie next to each other.
        """
        s = self.axes[3].in_s
        return unaligned(in_lines(-(-self.packed[3] // s) * self.size), True, s) if s > 1 else 0

    @cached_property
    def joined(self) -> bool:
        """Whether consecutive taps along the width are one run: not of rows in parts."""
        return super().joined and self.part_step == 0

    @property
    def asked_lines(self) -> int:
        """Lines of the next block's inputs that each tile asks for, so that all come in time."""
        r, axes = self.layer.request, self.axes
        far = r.input_bytes > TUNING.far_inputs
        alone = self.tasks <= self.threads or self.n_blocks[3] > 1
        if self.direct or self.layer.apart or not far or alone:
            return 0
        row = r.i[2] * r.ci * self.layer.storage.item
        tiles = self.blocking.tiles(self.shape.most) * self.blocking.group
        tiles *= axes[1].n_phases * axes[2].n_phases
        return -(-prod(self.packed[1:3]) * row // (LINE * max(1, tiles)))

    @property
    def k_step(self) -> int:
        """Bytes from one k to the next: the taps of a single channel are one run where joined."""
        return self.size if self.joined else self.packed_steps[4]

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input; tiles read whole vectors, beyond the last one."""
        if self.direct:
            return 0
        return self.packed[0] * self.packed_steps[0] + self.shape.most[3] * self.size

    def in_place(self) -> WideScheme:
        """Return the scheme that reads the input where it lies, if all positions are one row.

        A tile that would read beyond it begins earlier, and makes some outputs again: not those
        of another task, nor of lines that are handed on. What L2 loses is packed (32 to 24 at
        48x24x32 in float64: 2.0 ms, packed 1.6).
        """
        layer, most = self.layer, self.shape.most[3]
        row = self.axes[3].positions
        last = row - (self.n_blocks[3] - 1) * self.blocking.block[3]
        whole = row % self.lanes == 0 or (last >= most and not self.seamed)
        lost = is_lost(layer, self.shape.blocks)
        can = layer.in_a_row and not layer.patches and not layer.converted and whole and not lost
        return replace(self, direct=True) if can else self

    # ---- outputs that begin between cache lines --------------------------------------------------

    def between_lines(self) -> WideScheme:
        """Return the scheme whose tiles store whole lines wherever the output begins."""
        shifted = replace(self, shifted=True).in_whole_lines()
        return shifted if shifted.seamed else self

    def in_whole_lines(self) -> WideScheme:
        """Return the scheme whose tiles store whole lines wherever rows begin, if they can.

        Such tiles have one row: of as many vectors, or all that it has, if these hide the latency.
        Where two products are made a cycle, what is beside them counts, and one tile has the row.
        """
        _, _, outer, positions = self.shape.most
        machine, row = self.layer.machine, -(-self.axes[3].positions // self.lanes)
        along = outer * positions // self.lanes
        vectors = min(along, row)
        if machine.fmas > 1 and row * self.columns <= TUNING.seamed_sums:
            vectors = row
        hidden = vectors * self.columns >= machine.latency * machine.fmas
        most = (1, 1, 1, vectors * self.lanes) if along <= row or hidden else self.shape.most
        seamed = replace(self, shape=self.shape._replace(most=most))
        return seamed if seamed.seamed else self

    def packed_by_tasks(self) -> Blocked:
        """Return the scheme whose tasks pack filters: not where they do so for each plane."""
        return self if self.in_order else super().packed_by_tasks()

    @cached_property
    def seamed(self) -> bool:
        """Whether rows begin between lines, and results go past the caches nevertheless."""
        layer = self.layer
        run = self.n_blocks[3] == 1 or self.axes[2].outputs == 1
        alone = run and self.shape.most[2] == 1
        item, together = layer.storage.item, 1 if layer.apart else layer.request.co
        row = layer.request.o[2] * item * together
        lines = self.axes[3].n_phases * together * self.lanes * item % LINE == 0
        can = layer.machine.isa == "avx512" and lines and self.axes[2].n_phases <= TUNING.row_lists
        between = row >= LINE and (self.shifted or row % LINE > 0)
        return past_caches(layer) and can and alone and between

    @cached_property
    def in_order(self) -> bool:
        """Whether phases of the height take turns: rows of large outputs come as they lie.

        Not those of several lines a tile whose phases differ in length: tiles would, too.
        """
        height = self.axes[2]
        even = self.shape.most[2] == 1 or len({f.length for f in height.phases}) == 1
        large = self.layer.request.output_bytes >= TUNING.ordered_bytes
        several = 1 < height.n_phases <= TUNING.row_lists
        return self.seamed or (several and even and large)

    @property
    def made_bytes(self) -> int:
        """Bytes of a thread's seams."""
        return SEAM * (self.columns if self.layer.apart else 1) if self.seamed else 0

    @property
    def row_lists(self) -> int:
        """Bytes of the lists of a phase of the height."""
        return self.list_bytes * self.axes[3].n_phases

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of all its lists."""
        phases = self.axes[2].n_phases if self.in_order else 1
        return in_lines(self.task_record.SIZE + phases * self.row_lists)

    # ---- tiles -----------------------------------------------------------------------------------

    def tiles(self) -> Iterator[tuple[int, int, int, LaneTile]]:
        """Yield (number of the kind, outer, vectors, tile) for every micro-kernel in use."""
        outers = rows_of_tiles(self, 2)
        most = self.shape.most[3] // self.lanes
        lengths = {-(-(hi - lo) // self.lanes) for lo, hi in ends(self, 3)}
        vectors = set().union(*(sizes(length, most) for length in lengths))
        for number, (_, channels) in enumerate(self.kinds):
            for outer, count in product(sorted(outers), sorted(vectors)):
                yield number, outer, count, self._tile(channels, outer, count)

    def _tile(self, channels: int, outer: int, vectors: int) -> LaneTile:
        """Return the micro-kernel for `outer` rows and so many vectors of positions."""
        outer_step = self.packed_steps[2] * self.axes[2].in_s
        return LaneTile(
            storage=self.layer.request.dtype,
            lanes=self.lanes,
            fused=self.layer.machine.fused,
            outer=outer,
            outer_step=outer_step // self.size if outer > 1 else 0,
            channels=channels,
            vectors=vectors,
            phases=self.axes[3].n_phases,
            apart=self.layer.apart,
            activation=self.layer.request.activation,
            streamed=past_caches(self.layer),
            seamed=self.seamed,
            ahead=self.direct and len(self.shape.blocks) > 1,
        )

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        return {
            "kernel": f"positions in lanes ({self.layer.instructions}, {self.lanes} per vector):"
            f" {self.shapes_line()}",
            "blocks": self.block_line(),
            "memory": f"{self.filters_line()}{', input read where it lies' if self.direct else ''}",
            "after": stored_line(past_caches(self.layer)),
        }

    def shapes_line(self) -> str:
        """Return in words which tiles there are."""
        shapes = listed([f"{tile.outer}x{tile.label}" for *_, tile in self.tiles()])
        return f"tiles of {shapes} (rows x channels x vectors)"
