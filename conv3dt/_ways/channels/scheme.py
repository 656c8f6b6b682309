"""The scheme of the channel way: output channels in the lanes, rows along an axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from ..._compiler.records import Record
from ..._geometry import integers
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocked, in_lines, unaligned
from ..shared.blocking import Blocking
from ..shared.cuts import rows_of_tiles
from ..shared.sharing import best_of
from ..shared.storing import past_caches
from ..shared.wording import listed, stored_line
from . import edges, outputs
from .amx_cost import MOST_ROWS, pairs_at_once
from .records import ChannelTask
from .tile import ChannelTile

__all__ = ["ChannelScheme"]


@dataclass(frozen=True, eq=False)
class ChannelScheme(Blocked):
    """How a layer is computed with output channels in the lanes."""

    @property
    def task_record(self) -> type[Record]:
        """The record in which a thread writes what it has in work."""
        return ChannelTask

    # ---- packed inputs ---------------------------------------------------------------------------

    @cached_property
    def chunk(self) -> int:
        """Input channels that lie together: all, or so many that prefetching follows them."""
        ci, most = max(1, self.layer.request.ci), TUNING.chunk_bytes // self.size
        return ci if self.direct else min(most - most % max(1, self.amx[1]), ci)

    @cached_property
    def run(self) -> int:
        """Input channels of an entry of the micro-kernel's table."""
        return self.chunk

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input along batch, depth, height, width and chunks, in bytes."""
        step_w = self.chunk * self.size
        if self.direct:
            d, h, w = self.layer.request.i
            row, (_, *every) = w * step_w, (axis.every for axis in self.axes)
            return d * h * row, every[0] * h * row, every[1] * row, every[2] * step_w, row
        n, d, h, w = self.packed
        most = self.shape.most
        step_h = unaligned(w * step_w, most[2] > 1, self.axes[2].in_s)
        step_d = h * step_h
        step_n = unaligned(d * step_d, most[0] > 1)
        return step_n, step_d, step_h, step_w, n * step_n

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input."""
        return 0 if self.direct else self.chunks * self.packed_steps[4] + self.beyond

    def in_place(self) -> ChannelScheme:
        """Return the scheme that reads the input where it lies, if it can do without zeros.

        For inputs whose numbers lie as the shape says, in the compute type. Tiles leave out, row by
        row, taps that read beyond the width. Packed are rows in height, and what lies at steps that
        share cache lines: rows of a batch, or positions of which a single tap reads every other.
        """
        r, most = self.layer.request, self.shape.most
        ready = not (self.layer.apart or self.layer.converted or self.layer.no_zeros)
        lines = most[0] == 1 or prod(r.i) * r.ci * self.size % TUNING.pad_every
        every = self.axes[3].every  # neighbouring taps would be one run
        alone = every == 1 or (r.k[2] == 1 and every * r.ci * self.size % TUNING.pad_every)
        ready = ready and bool(lines and alone) and edges.can_be_told(self)
        if not (ready and (most[2] == 1 or self.axes[2].inside)):
            return self
        direct = replace(self, direct=True)
        direct = best_of([*direct._by_channels()] or [direct], lambda scheme: scheme.sharing)
        if self.shape.amx and (direct.beyond or not self.axes[3].inside):
            return self
        loops = [sum(e.loops(rows) for e in some) for rows, some in direct.edges.items()]
        return self if max(loops, default=0) > TUNING.edge_loops else direct

    def between_lines(self) -> ChannelScheme:
        """Return the scheme that makes rows of outputs in scratch, if tiles cannot stream them."""
        shifted = replace(self, shifted=True)
        return shifted if self.streamed and shifted.made.what else self

    def _by_channels(self) -> Iterator[ChannelScheme]:
        """Yield all positions as one block, where there are few, and many channels to share out.

        What is not packed can be read by all tasks; so each of them needs panels of its own.
        """
        r, channels = self.layer.request, len(self.shape.blocks)
        few = r.n * prod(r.i) * r.ci * self.size <= TUNING.block_bytes
        if self.panels <= TUNING.serial_panels or not few or channels < 4 * self.threads:
            return
        n, d, h, w = (max(1, axis.positions) for axis in self.axes)
        wanted = TUNING.tasks_per_thread, *TUNING.other_tasks
        groups = [-(-channels // (each * self.threads)) for each in wanted]
        for group in dict.fromkeys(groups):
            blocking = Blocking((n, d, h, w), group, -(-channels // group))
            yield replace(self, blocking=blocking)

    # ---- panels ----------------------------------------------------------------------------------

    @property
    def in_turn(self) -> int:
        """Phases of the width that take turns tile by tile."""
        return max(1, self.axes[3].n_phases) if self.together else 1

    @property
    def panels_ahead(self) -> int:
        """Bytes of panels asked for ahead: as many as are in use, where few tiles use them.

        All panels of a task follow one another. Rounded, so that other layers have the same tiles.
        """
        few = self.blocking.tiles(self.shape.most) <= TUNING.few_tiles
        near = self.panels <= TUNING.far_panels or self.phase_bytes > TUNING.panels_bytes
        if self.fresh or near or not few:
            return 0
        return -(-self.phase_bytes // TUNING.panels_step) * TUNING.panels_step

    # ---- edges, outputs --------------------------------------------------------------------------

    @cached_property
    def edged(self) -> bool:
        """Whether a tile leaves a tap out for the rows that miss it, instead of reading zeros."""
        return edges.pay(self) and not self.shape.amx

    @cached_property
    def edges(self) -> dict[int, edges.Edges]:
        """By the number of a tile's rows: which of them miss taps, where it has loops for these."""
        return edges.in_use(self) if self.edged else {}

    @property
    def row_tiles(self) -> int:
        """Most tiles in a row of a block, for one phase of the width."""
        return self.blocking.block[3] if self.layer.no_zeros else super().row_tiles

    @property
    def tables(self) -> int:
        """Tables of taps of a phase: one, and one for each tile that may be at an edge."""
        return 1 + self.row_tiles if self.edged else 1

    @cached_property
    def made(self) -> outputs.Made:
        """Which outputs are made in scratch first."""
        return outputs.made_in(self)

    @property
    def in_order(self) -> bool:
        """Whether rows of outputs are made one after the other, as they lie in memory."""
        return self.made.what in ("lines", "seams") or (self.streamed and outputs.in_blocks(self))

    @property
    def row_lists(self) -> int:
        """Bytes of the lists of a phase of the height, for one block of channels."""
        return self.list_bytes * self.axes[3].n_phases

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of all its lists."""
        lists = self.axes[2].n_phases * len(self.shape.blocks) if self.in_order else 1
        return in_lines(self.task_record.SIZE + lists * self.row_lists)

    def packed_by_tasks(self) -> Blocked:
        """Return the scheme whose tasks pack filters: not where rows use all of them in turn."""
        return self if self.in_order else super().packed_by_tasks()

    @property
    def made_bytes(self) -> int:
        """Bytes of a thread's outputs that are made in scratch first."""
        return self.made.bytes

    @property
    def streamed(self) -> bool:
        """Whether tiles store past the caches: where they write whole lines."""
        return past_caches(self.layer) and not self.made.what

    # ---- tiles -----------------------------------------------------------------------------------

    def tiles(self) -> Iterator[tuple[int, int, int, ChannelTile]]:
        """Yield (number of the kind, outer, inner, tile) for every micro-kernel in use."""
        inners = self._inners()
        for number, kind in enumerate(self.kinds):
            for outer, inner in product(sorted(self._outers()), sorted(inners)):
                yield number, outer, inner, self._tile(kind, outer, inner)

    @cached_property
    def amx(self) -> tuple[int, int]:
        """Rows and pairs of the tiles of AMX that hold inputs; 0 where there are none."""
        if not self.shape.amx:
            return 0, 0
        return min(MOST_ROWS, max(self._runs(), default=1)), pairs_at_once(self.layer.request.ci)

    @cached_property
    def beyond(self) -> int:
        """Bytes that tiles of AMX may read behind the last row, where they have more rows."""
        number = 0 if self.shape.most[0] > 1 else 3
        missing = self.amx[0] - min(self._runs(), default=1)
        return max(0, missing) * self.packed_steps[number] * self.axes[number].in_s

    def _runs(self) -> set[int]:
        """Return the numbers of rows at even distances that tiles have."""
        return self._outers() if self.shape.most[0] > 1 else self._inners()

    def _outers(self) -> set[int]:
        """Return the numbers of rows along batch and height."""
        return {n * h for n, h in product(rows_of_tiles(self, 0), rows_of_tiles(self, 2))}

    def _inners(self) -> set[int]:
        """Return the numbers of rows along the width; without zeros, those at edges stand alone."""
        if not self.layer.no_zeros:
            return rows_of_tiles(self, 3)
        axis = self.axes[3]

        def whole(phase: integers.Phase, lo: int, hi: int) -> tuple[int, int]:
            taps = phase.taps, phase.shift, phase.dilation
            return integers.whole_range(lo, hi, *taps, axis.i, axis.in_s)

        return {1} | rows_of_tiles(self, 3, whole)

    def _tile(self, kind: tuple[int, int], outer: int, inner: int) -> ChannelTile:
        """Return the micro-kernel for `outer` groups of `inner` rows."""
        step_n, _, step_h, step_w, _ = self.packed_steps
        outer_step = step_n if self.shape.most[0] > 1 else step_h * self.axes[2].in_s
        columns, channels = kind
        lanes = min(self.lanes, columns)  # half a vector, if the block has no more
        asks = self.direct and outer == 1 and not self.shape.amx
        return ChannelTile(
            storage=self.layer.request.dtype,
            lanes=lanes,
            fused=self.layer.machine.fused,
            outer=outer,
            inner=inner,
            outer_step=outer_step // self.size if outer > 1 else 0,
            inner_step=step_w * self.axes[3].in_s // self.size if inner > 1 else 0,
            vectors=columns // lanes,
            last=channels - columns + lanes,
            spread=self.layer.apart and not self.made.what,
            activation=self.layer.request.activation,
            # Half a line past the caches, and the other half later: twice as slow as through them.
            streamed=self.streamed and lanes == self.lanes,
            seamed=self.made.what == "seams",
            edges=self.edges.get(inner, ()),
            ahead=self._ahead(inner) if asks else 0,
            panels_ahead=self.panels_ahead,
            amx=self.amx,
        )

    def _ahead(self, rows: int) -> int:
        """Return how far apart a tile asks, with each k, to ask for all of the next one."""
        width = self.axes[3]
        taps = max((f.taps for f in width.phases), default=0)
        return -(-rows * width.in_s * width.every // max(1, taps))

    # ---- words -----------------------------------------------------------------------------------

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([tile.label for *_, tile in self.tiles()])
        used = self.layer.request.co / self.width if self.width else 0
        return {
            "kernel": f"channels in lanes ({self.layer.instructions}, {self.lanes} per vector):"
            f" tiles of {shapes} (positions x vectors), {used:.0%} of the lanes in use",
            "blocks": self.block_line(),
            "memory": f"{self.filters_line()}{', input read where it lies' if self.direct else ''}",
            "after": stored_line(self.streamed or self.in_order),
        }
