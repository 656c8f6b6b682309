"""What schemes have in common whose tiles have outputs, of blocks of positions and of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import NamedTuple

from ..._compiler.records import Record
from ..._geometry import integers
from ..._geometry.axes import Axis
from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from .blocking import AT_ONCE, Blocking, costs_of, uncut
from .layer import Layer
from .records import bytes_of_list
from .scheme import Scheme
from .sharing import Costs
from .storing import LINE
from .wording import quantity

__all__ = ["LINE", "Blocked", "Blocks", "Shape", "in_lines", "unaligned"]

Blocks = tuple[tuple[int, int], ...]


class Shape(NamedTuple):
    """The shape of a way's tiles."""

    most: tuple[int, int, int, int]  # positions of a tile along batch, depth, height, width
    blocks: Blocks  # (first channel, columns of the panel) of the blocks of output channels
    amx: bool = False  # products are made by the tiles of AMX


def in_lines(n: int) -> int:
    """Return n bytes in whole cache lines."""
    return -(-n // LINE) * LINE


def unaligned(step: int, rows_lie_so: bool, steps: int = 1) -> int:
    """Return the step, longer by a cache line where rows would share the same cache lines."""
    return step + LINE if rows_lie_so and step * steps % TUNING.pad_every == 0 else step


@dataclass(frozen=True, eq=False)
class Blocked(Scheme):
    """How a layer is computed in blocks: a frozen value; what follows from it is found once."""

    layer: Layer
    shape: Shape
    blocking: Blocking
    halos: tuple[bool, ...]  # of each axis: whether the packed block has zeros beyond the input
    threads: int
    cycles: float
    fresh: bool = False
    direct: bool = False
    shifted: bool = False  # the output begins between cache lines

    # ---- what each way says for itself -----------------------------------------------------------

    @property
    def task_record(self) -> type[Record]:
        """The record in which a thread writes what it has in work."""
        raise NotImplementedError

    @cached_property
    def chunk(self) -> int:
        """Input channels that lie together in the packed input."""
        raise NotImplementedError

    @cached_property
    def run(self) -> int:
        """Input channels of an entry of the micro-kernel's table."""
        raise NotImplementedError

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input along batch, depth, height, width and chunks, in bytes."""
        raise NotImplementedError

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input."""
        raise NotImplementedError

    @property
    def row_tiles(self) -> int:
        """Most tiles in a row of a block, for one phase of the width."""
        return integers.n_tiles(self.blocking.block[3], self.shape.most[3]) + 1

    @property
    def tables(self) -> int:
        """Tables of taps of a phase."""
        return 1

    @property
    def in_turn(self) -> int:
        """Phases of the width that take turns tile by tile."""
        return self.axes[3].n_phases

    @property
    def made_bytes(self) -> int:
        """Bytes of a thread's outputs that are made in scratch first."""
        return 0

    # ---- what follows ----------------------------------------------------------------------------

    @property
    def axes(self) -> tuple[Axis, Axis, Axis, Axis]:
        """Batch, depth, height, width."""
        return self.layer.axes

    @property
    def all_read(self) -> bool:
        """Whether some tap of some position reads every input, of each axis."""
        return all(axis.every == 1 and axis.start == 0 for axis in self.axes)

    @cached_property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return self.layer.storage.size

    @cached_property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.layer.lanes

    @cached_property
    def width(self) -> int:
        """Output channels, padded to whole or half vectors where they are in the lanes."""
        return sum(columns for _, columns in self.shape.blocks)

    @cached_property
    def columns(self) -> int:
        """Columns of the widest channel block."""
        return max((columns for _, columns in self.shape.blocks), default=1)

    @cached_property
    def chunks(self) -> int:
        """How many chunks the input channels make."""
        return -(-self.layer.request.ci // self.chunk)

    @cached_property
    def joined(self) -> bool:
        """Whether consecutive taps along the width are one run in the packed input."""
        return self.chunk == self.layer.request.ci and self.axes[3].dilation == 1

    @cached_property
    def packed(self) -> tuple[int, ...]:
        """Extents of a block's packed input: batch, depth, height, width."""
        parts = zip(self.axes, self.blocking.block, self.halos, strict=True)
        return tuple(max(1, axis.packed(block, halo)) for axis, block, halo in parts)

    @cached_property
    def n_blocks(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        pairs = zip(self.axes, self.blocking.block, strict=True)
        return tuple(integers.n_tiles(axis.positions, block) for axis, block in pairs)

    @cached_property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return prod(self.n_blocks) * self.blocking.groups

    @property
    def task_channels(self) -> int:
        """Input channels that a task reads."""
        return self.layer.request.ci

    @cached_property
    def costs(self) -> Costs:
        """Predicted cycles of each task: of its outputs, and what is done once for each."""
        inputs = 0 if self.direct else prod(self.packed) * self.task_channels
        columns = [columns for _, columns in self.shape.blocks]
        filters = self.packing_cycles if self.fresh else 0.0
        costs = costs_of(self.blocking, self.axes, columns, self.cycles + filters)
        return costs + TUNING.task_cycles + TUNING.input_cycles * inputs

    @property
    def pieces(self) -> int:
        """Pieces of the work of packing filters: taps, blocks and runs of input channels."""
        taps = prod(sum(f.taps for f in a.phases) for a in self.axes)
        runs = integers.n_tiles(self.layer.request.ci, AT_ONCE)
        return 0 if self.fresh else taps * len(self.shape.blocks) * runs

    @cached_property
    def entries(self) -> int:
        """Most entries of the micro-kernel's table."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes)
        return max(1, taps * -(-self.layer.request.ci // self.run))

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of a thread's lists for one phase of the width."""
        return bytes_of_list(self.row_tiles, self.tables, self.entries)

    @cached_property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task, and of all its lists."""
        return in_lines(self.task_record.SIZE + self.list_bytes * self.axes[3].n_phases)

    @property
    def fresh_at(self) -> int:
        """Where in a thread's region panels are packed."""
        return in_lines(self.packed_bytes)

    @property
    def made_at(self) -> int:
        """Where in a thread's region outputs are made."""
        return self.fresh_at + (in_lines(self.phase_bytes) if self.fresh else 0)

    @cached_property
    def scratch_step(self) -> int:
        """Bytes of a thread's region: packed input, panels, outputs that are made there."""
        return self.made_at + in_lines(self.made_bytes)

    @cached_property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        return self.threads * (self.scratch_step + self.lists_step)

    @cached_property
    def weights(self) -> int:
        """Numbers of all packed filters."""
        taps = prod(sum(f.taps for f in a.phases) for a in self.axes)
        return taps * self.layer.request.ci * self.width

    @property
    def panels(self) -> int:
        """Bytes of packed filters, but for what tasks pack."""
        return 0 if self.fresh else self.weights * self.size

    @property
    def _most_taps(self) -> int:
        """Taps of a phase of depth and one of height, at most."""
        return prod(max((f.taps for f in a.phases), default=0) for a in self.axes[:3])

    @cached_property
    def phase_bytes(self) -> int:
        """Bytes of a block's panels that are in use together: of one phase, or all of the width."""
        along = [f.taps for f in self.axes[3].phases]
        taps = sum(along) if self.in_turn > 1 else max(along, default=0)
        return self._most_taps * taps * self.layer.request.ci * self.columns * self.size

    @cached_property
    def together(self) -> bool:
        """Whether the width's phases take turns tile by tile, so that rows are written whole."""
        line = self.layer.request.ci * self.columns * self.size
        taps = self._most_taps * sum(f.taps for f in self.axes[3].phases)
        return taps * line <= TUNING.panels_bytes

    @property
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on."""
        taps = tuple((f.k0, f.k_step, f.taps) for a in self.axes for f in a.phases if f.taps)
        r = self.layer.request
        return type(self), r.dtype, self.layer.no_zeros, self.shape.blocks, taps

    def packed_by_tasks(self) -> Blocked:
        """Return the scheme in which tasks pack the filters they use, if no panel has two users.

        For many channels and few positions, filters that are packed ahead make the way to memory
        twice. So an output that was cut for threads is cut along channels alone, if that pays. To
        start a driver only for packing takes 2 us of the smallest call's 17: one task packs itself.
        """
        if (self.panels <= TUNING.serial_panels and self.tasks > 1) or self.layer.no_zeros:
            return self
        alone = prod(self.n_blocks) == 1
        blocking = self.blocking if alone else uncut(self.axes, len(self.shape.blocks))
        fresh = replace(self, blocking=blocking, fresh=True)
        if fresh.phase_bytes > TUNING.fresh_bytes:
            return self
        if alone:
            return fresh
        ahead = self.sharing.then(self.packing).cycles
        ahead += TUNING.filter_ahead * self.weights / self.threads
        inputs = prod(fresh.packed) * fresh.task_channels * fresh.size
        fits = inputs <= TUNING.heavy_block_bytes
        return fresh if fits and fresh.sharing.cycles < ahead else self

    @cached_property
    def kinds(self) -> tuple[tuple[int, int], ...]:
        """The different (columns of the panel, channels) of the channel blocks."""
        return tuple(dict.fromkeys(self.kind(block) for block in self.shape.blocks))

    def kind(self, block: tuple[int, int]) -> tuple[int, int]:
        """Return (columns of the panel, channels) of a channel block."""
        start, columns = block
        return columns, min(columns, self.layer.request.co - start)

    def block_line(self) -> str:
        """Return in words how the output is cut."""
        return self.blocking.words(self.together)

    def filters_line(self) -> str:
        """Return in words who packs filters."""
        if self.fresh:
            by_task = quantity(self.phase_bytes, 1024)
            return f"filters packed by the task that uses them, {by_task}B"
        return f"packed filters {quantity(self.panels, 1024)}B"
