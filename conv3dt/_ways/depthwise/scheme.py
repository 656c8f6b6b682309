"""The scheme of the depthwise way: runs of positions along the width, channels in the lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from ..._compiler.records import Record
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked, in_lines, unaligned
from ..shared.encode import output_steps
from ..shared.storing import past_caches
from ..shared.wording import counted, listed, stored_line
from .asking import NOTHING, Asked, asked_of
from .blocking import planes_of_sums
from .caches import crowded, lies_in_lines, sums_wait
from .records import DepthwiseTask, Open, Row
from .runs import Run, runs_of
from .tile import DepthwiseTile

__all__ = ["DepthwiseScheme"]


@dataclass(frozen=True, eq=False)
class DepthwiseScheme(Blocked):
    """How a depthwise layer is computed: a task at a time, from planes of its inputs."""

    @property
    def task_record(self) -> type[Record]:
        """The record in which a thread writes what it has in work."""
        return DepthwiseTask

    @cached_property
    def chunk(self) -> int:
        """Input channels that lie together."""
        return 1

    @cached_property
    def run(self) -> int:
        """Input channels of an entry of the micro-kernel's table."""
        return 1

    # ---- inputs and outputs ----------------------------------------------------------------------

    @property
    def task_channels(self) -> int:
        """Input channels that a task reads: those of its outputs."""
        return -(-self.blocking.group * self.lanes // self.share) * self.layer.request.ci

    def in_place(self) -> DepthwiseScheme:
        """Return the scheme that reads a contiguous input, on a cache line, where it lies."""
        far = not lies_in_lines(self.layer) or crowded(self.layer, self.shape.most[3], self.waits)
        return self if far else replace(self, direct=True)

    @cached_property
    def waits(self) -> bool:
        """Whether sums wait in scratch from one plane of inputs to the next."""
        return sums_wait(self.layer, self.shape.most[3])

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances of the inputs as tiles read them, in bytes: n, d, h, w and channels."""
        asked, item = self.layer.asked, self.layer.storage.item
        if self.direct:
            steps = [prod(asked.i[a:]) * asked.ci * item for a in range(1, 4)]
            d, h, w = (axis.every * step for axis, step in zip(self.axes[1:], steps, strict=True))
            return prod(asked.i) * asked.ci * item, d, h, w, item
        most = ((self.blocking.group * self.lanes - 1) // self.share + 2) * self.layer.request.ci
        pitch = in_lines(min(asked.ci, most) * self.size)
        # Rows are packed whole: of a crop as long as the kernel no tap reads the first inputs.
        row = unaligned(self.axes[3].i * pitch, True)
        return 0, unaligned(self.packed[2] * row, True), row, pitch, self.size

    @cached_property
    def window(self) -> int:
        """Planes of packed inputs that taps of the depth read together."""
        lo, hi = self.axes[1].shifts
        return 1 if self.waits else hi - lo + 1

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input."""
        return 0 if self.direct else self.window * self.packed_steps[1]

    @cached_property
    def asked(self) -> Asked:
        """What a tile asks for with each tap of depth and height."""
        if not self.direct and self.layer.asked.input_bytes < TUNING.depthwise_asked:
            return NOTHING
        channels = min(self.task_channels, self.layer.asked.ci)
        return asked_of(self.layer, self.blocking, self.packed[2], channels, len(self.runs))

    @cached_property
    def output_steps(self) -> tuple[int, int, int, int, int]:
        """Distances of outputs where tiles store them: of channels that lie apart, in scratch."""
        n, d, h, w, c = output_steps(self)
        if not self.layer.apart:
            return n, d, h, w, c
        item = self.layer.storage.item
        w = in_lines(min(self.layer.request.co, self.blocking.group * self.lanes) * item)
        return n, d, self.axes[3].outputs * w, w, c

    @property
    def made_plane(self) -> int:
        """Bytes of a plane of a task's outputs that are made in scratch first."""
        rows = self.blocking.block[2] * self.axes[2].s
        return in_lines(rows * self.output_steps[2]) if self.made else 0

    @property
    def made_bytes(self) -> int:
        """Bytes of a thread's outputs that are made in scratch first."""
        return self.made_plane * self.sums_planes

    @property
    def made(self) -> str:
        """What stores outputs that are made in scratch, or nothing if tiles do.

        Where channels lie apart they are turned, and where tiles would store parts of lines, copied
        past the caches: the rows of a task that has all channels are one run in memory.
        """
        if self.layer.apart:
            past = past_caches(self.layer) and not self.layer.converted
            return "turn_past" if past else "turn_rows"
        position = self.layer.request.co * self.layer.storage.item
        parts = self.shifted or position % LINE > 0
        copied = parts and past_caches(self.layer) and self.blocking.groups == 1
        return "copy_rows" if copied and not self.layer.among_others else ""

    @property
    def streamed(self) -> bool:
        """Whether tiles store past the caches."""
        return past_caches(self.layer) and not self.made

    def between_lines(self) -> DepthwiseScheme:
        """Return the scheme that makes outputs in scratch, if tiles cannot stream them."""
        shifted = replace(self, shifted=True)
        return shifted if shifted.made else self

    @cached_property
    def share(self) -> int:
        """Output channels of a group."""
        return self.layer.asked.co // self.layer.asked.groups

    # ---- what a thread writes for itself ---------------------------------------------------------

    @property
    def sums_at(self) -> int:
        """Where in a thread's region sums wait."""
        return self.made_at + in_lines(self.made_bytes)

    @cached_property
    def sums_planes(self) -> int:
        """Planes of outputs whose sums wait together."""
        return planes_of_sums(self.axes[1]) if self.waits else 1

    @cached_property
    def sums_steps(self) -> tuple[int, int, int, int]:
        """Bytes of sums that wait: of a plane, a block of channels, a row, and a position."""
        step = self.lanes * self.size
        row = self.axes[3].outputs * step
        block = unaligned(self.blocking.block[2] * self.axes[2].n_phases * row, True)
        return self.blocking.group * block, block, row, step

    @cached_property
    def scratch_step(self) -> int:
        """Bytes of a thread's region: packed input, outputs that are made there, sums that wait."""
        return self.sums_at + (self.sums_planes * self.sums_steps[0] if self.waits else 0)

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of the list of a task's rows in a plane."""
        return Row.SIZE * self.blocking.block[2] * self.axes[2].n_phases

    @property
    def planes_at(self) -> int:
        """Where in a thread's lists the addresses of planes are."""
        return self.list_bytes

    @property
    def opens_at(self) -> int:
        """Where in a thread's lists the planes of outputs are that these reach."""
        return self.planes_at + 8 * self._most_planes

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of its lists."""
        return in_lines(self.task_record.SIZE + self.opens_at + self.sums_planes * Open.SIZE)

    @property
    def _most_planes(self) -> int:
        """Taps of the depth of a phase, at most."""
        return max((f.taps for f in self.axes[1].phases), default=0)

    def packed_by_tasks(self) -> DepthwiseScheme:
        """Return the scheme itself: all tasks read the same filters."""
        return self

    # ---- tiles -----------------------------------------------------------------------------------

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The runs of a row."""
        return runs_of(self.axes[3], self.shape.most[3])

    @cached_property
    def run_kinds(self) -> tuple[tuple[int, int, tuple[int, int]], ...]:
        """The different runs."""
        return tuple(dict.fromkeys(run.kind for run in self.runs))

    def tiles(self) -> Iterator[tuple[int, int, int, DepthwiseTile]]:
        """Yield (block of channels, 0, number of the run's kind, tile) for every micro-kernel."""
        for block, (start, columns) in enumerate(self.shape.blocks):
            for number, kind in enumerate(self.run_kinds):
                yield block, 0, number, self._tile(start, columns, kind)

    def _tile(
        self, start: int, columns: int, kind: tuple[int, int, tuple[int, int]]
    ) -> DepthwiseTile:
        """Return the micro-kernel for a kind of run and a block of channels."""
        width, r = self.axes[3], self.layer.request
        positions, taps, inside = kind
        return DepthwiseTile(
            storage=r.dtype,
            read=r.dtype if self.direct else self.layer.storage.compute,
            lanes=columns,
            fused=self.layer.machine.fused,
            channels=min(columns, r.co - start),
            share=self.share,
            first=start % self.share,
            per=self.layer.request.ci,
            positions=positions,
            taps=taps,
            in_s=width.in_s,
            dilation=width.dilation,
            inside=inside,
            step=self.packed_steps[3],
            activation=r.activation,
            waits=self.waits,
            asked=self.asked.offsets,
            ask_step=self.asked.step,
            streamed=self.streamed,
        )

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([*dict.fromkeys(tile.label for *_, tile in self.tiles())])
        n, d, h, w = self.blocking.block
        planes = f"{self.sums_planes} planes of sums wait"
        waiting = f"; inputs plane by plane, while {planes}" if self.waits else ""
        return {
            "kernel": f"depthwise, channels in lanes ({self.layer.instructions}, {self.lanes} per"
            f" vector): tiles of {shapes} (positions x taps of the width)",
            "blocks": f"{n} x {d}x{h}x{w} positions,"
            f" {counted(self.blocking.group, 'vector')} of channels a task{waiting}",
            "memory": f"{self.filters_line()}{', input read where it lies' if self.direct else ''}",
            "after": stored_line(self.streamed or self.made in ("copy_rows", "turn_past")),
        }
