"""The scheme of the depthwise way: runs of positions along the width, channels in the lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd, prod
from typing import NamedTuple

from ..._compiler.records import Record
from ..._geometry import integers
from ..._geometry.axes import Axis
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, Blocked, in_lines, unaligned
from ..shared.encode import output_steps
from ..shared.storing import past_caches
from ..shared.wording import counted, listed, stored_line
from .records import DepthwiseTask, Row
from .tile import DepthwiseTile

__all__ = ["DepthwiseScheme", "Run", "runs_of"]


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
        """Return the scheme that reads a contiguous input, on a cache line, where it lies.

        Vectors that lie across two lines take twice as long to load, which all taps do; so does
        widening them.
        """
        asked, storage = self.layer.asked, self.layer.storage
        lines = asked.ci * storage.item % LINE == 0 and not storage.converted
        far = self.layer.apart or not lines or self.crowded
        return self if far else replace(self, direct=True)

    @cached_property
    def crowded(self) -> bool:
        """Whether L1 would lose inputs between the taps that read them, where they lie.

        Positions an even number of lines apart share few of its sets; packed, rows and planes lie
        so that they have all of them, and groups of channels an odd number of lines apart.
        """
        _, depth, height, width = self.axes
        spans = [hi - lo + 1 for lo, hi in (axis.shifts for axis in self.axes[1:])]
        tile = (min(self.shape.most[3], width.positions) - 1) * width.in_s + spans[2]
        lines, reads = spans[0] * spans[1] * tile, 1.0
        for axis in (depth, height):
            reads *= sum(f.taps for f in axis.phases) / axis.in_s
        all_sets, ways = TUNING.depthwise_sets
        position = self.layer.asked.ci * self.layer.storage.item // LINE
        sets, (some, many) = all_sets // gcd(all_sets, position), TUNING.depthwise_reads
        if lines <= sets * ways or reads < some:
            return False
        return sets <= TUNING.depthwise_few or (lines <= all_sets * ways and reads >= many)

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
        return hi - lo + 1

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input."""
        return 0 if self.direct else self.window * self.packed_steps[1]

    @cached_property
    def asked(self) -> tuple[int, ...]:
        """Rows that a row of outputs is the first to read, in bytes before the last of them."""
        if not self.direct:
            return ()
        _, d, h, _, _ = self.packed_steps
        planes, rows = (min(2, axis.in_s) for axis in self.axes[1:3])
        return tuple(-n * d - m * h for n in range(planes) for m in range(rows))

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
    def made_bytes(self) -> int:
        """Bytes of a thread's outputs that are made in scratch first."""
        rows = self.blocking.block[2] * self.axes[2].s
        return rows * self.output_steps[2] if self.made else 0

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

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of the list of a task's rows in a plane."""
        return Row.SIZE * self.blocking.block[2] * self.axes[2].n_phases

    @cached_property
    def planes_at(self) -> int:
        """Where in a thread's list the addresses of planes are."""
        return self.list_bytes

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of the list."""
        return in_lines(self.task_record.SIZE + self.list_bytes + 8 * self._most_planes)

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
            asked=self.asked,
            streamed=self.streamed,
        )

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([*dict.fromkeys(tile.label for *_, tile in self.tiles())])
        n, d, h, w = self.blocking.block
        return {
            "kernel": f"depthwise, channels in lanes ({self.layer.instructions}, {self.lanes} per"
            f" vector): tiles of {shapes} (positions x taps of the width)",
            "blocks": f"{n} x {d}x{h}x{w} positions,"
            f" {counted(self.blocking.group, 'vector')} of channels a task",
            "memory": f"{self.filters_line()}{', input read where it lies' if self.direct else ''}",
            "after": stored_line(self.streamed or self.made in ("copy_rows", "turn_past")),
        }
