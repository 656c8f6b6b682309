"""A plan: everything about a call that does not depend on its arrays, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from .._call.arguments import Request
from .._geometry import integers
from .._geometry.tile import ITEMSIZE, Tile, WideTile, compute_type
from .._geometry.tuning import TUNING, Machine
from .._ways.fold.plan import Folding
from .._ways.shared import layout as field
from .._ways.shared.blocking import Axis, Blocking
from .._ways.shared.cost import Tiling

if TYPE_CHECKING:
    from .._ways.channels.turning import Turning

__all__ = ["Plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """How one convolution, transposed or forward, is computed, and what it costs. Prints itself.

    Attributes
    ----------
    request : Request
        The convolution in canonical form.
    flops : int
        Two for every product of an input and a weight that lands inside the output.
    bytes : int
        Input, filters and output, each counted once.
    scratch : int
        Bytes of working memory beside packed filters, all threads together.
    panels : int
        Bytes of packed filters.
    threads : int
        How many threads work.
    """

    request: Request
    work: Request  # what is computed: the same, maybe with more of the output as channels
    machine: Machine
    axes: tuple[Axis, Axis, Axis, Axis]
    tiling: Tiling
    blocking: Blocking
    halos: tuple[bool, ...]
    exact: bool
    threads: int
    fresh: bool = False  # tasks pack the filters they use: nobody else needs them
    direct: bool = False  # tiles read the input where it is: it is not packed

    @cached_property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return ITEMSIZE[compute_type(self.work.dtype)]

    @cached_property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.machine.vector_bytes // self.size

    @cached_property
    def width(self) -> int:
        """Output channels, padded to whole or half vectors where they are in the lanes."""
        return sum(columns for _, columns in self.tiling.blocks)

    @cached_property
    def chunk(self) -> int:
        """Input channels that lie together in the packed input."""
        if self.tiling.wide:
            return 1
        ci = max(1, self.work.ci)
        return ci if self.direct else min(TUNING.chunk_bytes // self.size, ci)

    @cached_property
    def chunks(self) -> int:
        """How many chunks the input channels make."""
        return -(-self.work.ci // self.chunk)

    @cached_property
    def run(self) -> int:
        """Input channels of an entry of the micro-kernel's table."""
        return max(1, self.work.ci) if self.tiling.wide else self.chunk

    @cached_property
    def joined(self) -> bool:
        """Whether consecutive taps along the width are one run in the packed input."""
        width = self.axes[3]
        return self.chunk == self.work.ci and all(f.dilation == 1 for f in width.phases)

    @cached_property
    def edged(self) -> bool:
        """Whether a tile leaves a tap out for the rows that miss it, instead of reading zeros.

        Such a tap is an entry, and a loop of the micro-kernel, of its own. With zeros around the
        input that does not pay where rows are long, or a tap has few products.
        """
        rows = self.tiling.kernel == "channels" and self.tiling.most[3] > 1 and not self.exact
        width, products = self.axes[3], self.work.ci * self.columns // self.lanes
        pays = products >= TUNING.edge_products and width.positions <= TUNING.edge_positions
        return rows and (pays or self.direct) and not width.inside

    @cached_property
    def edges(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """By the number of a tile's rows: for which of them, from .. to, it has loops."""
        from .inventory import edges_in_use

        return edges_in_use(self)

    @cached_property
    def packed(self) -> tuple[int, ...]:
        """Extents of a block's packed input: batch, depth, height, width."""
        return tuple(
            max(1, a.packed(b, h))
            for a, b, h in zip(self.axes, self.blocking.block, self.halos, strict=True)
        )

    @cached_property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input along batch, depth, height, width and chunks, in bytes."""
        n, d, h, w = (self.work.n, *self.work.i) if self.direct else self.packed
        step_w = self.chunk * self.size
        step_c = w * step_w
        step_h = step_c * self.chunks if self.tiling.wide else step_c
        if self.direct:
            return d * h * step_h, h * step_h, step_h, step_w, step_c
        step_h = _unaligned(step_h, self.tiling.most[2] > 1, self.axes[2].in_s)
        step_d = h * step_h
        step_n = _unaligned(d * step_d, self.tiling.most[0] > 1)
        if self.tiling.wide:  # from one k to the next; one channel's taps are one run of k
            return step_n, step_d, step_h, step_w, step_w if self.joined else step_c
        return step_n, step_d, step_h, step_w, n * step_n

    @cached_property
    def n_blocks(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        return tuple(
            integers.n_tiles(a.positions, b)
            for a, b in zip(self.axes, self.blocking.block, strict=True)
        )

    @property
    def folding(self) -> Folding | None:
        """How it is folded, if it is."""
        return self.tiling.folding

    @cached_property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        if self.folding:
            return self.folding.tasks
        return prod(self.n_blocks) * self.blocking.groups

    @cached_property
    def entries(self) -> int:
        """Most entries of the micro-kernel's table."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes)
        return max(1, taps * -(-self.work.ci // self.run))

    @cached_property
    def row_tiles(self) -> int:
        """Most tiles in a row of a block, for one phase of the width."""
        block = self.blocking.block[3]
        return block if self.exact else integers.n_tiles(block, self.tiling.most[3]) + 1

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of a thread's lists for one phase of the width."""
        table = field.KNOWN_FIELDS + field.ENTRY_FIELDS * self.entries
        return 8 * (1 + field.TILE_FIELDS * self.row_tiles + table * self.tables)

    @property
    def tables(self) -> int:
        """Tables of taps of a phase: one, and one for each tile that may be at an edge."""
        return 1 + self.row_tiles if self.edged else 1

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a thread's packed input. Wide tiles read whole vectors, beyond the last one."""
        step_n, *_, step_c = self.packed_steps
        if self.direct:
            return 0
        if self.tiling.wide:
            return self.packed[0] * step_n + self.tiling.most[3] * self.size
        return self.chunks * step_c

    @cached_property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        if self.folding:
            return self.threads * self.folding.region
        own = self.packed_bytes + self.turning.bytes + self.list_bytes * len(self.axes[3].phases)
        return self.threads * (own + self.fresh_bytes)

    @cached_property
    def panels(self) -> int:
        """Bytes of packed filters, but for what tasks pack."""
        if self.fresh:
            return 0
        if self.folding:
            return self.folding.groups * self.folding.columns * self.work.ci * self.size
        taps = prod(sum(f.taps for f in a.phases) for a in self.axes)
        return taps * self.work.ci * self.width * self.size

    @cached_property
    def phase_bytes(self) -> int:
        """Bytes of a block's panels that are in use together: of one phase, or all of the width."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes[:3])
        along = [f.taps for f in self.axes[3].phases]
        in_turn = sum(along) if self.together or self.tiling.wide else max(along, default=0)
        return taps * in_turn * self.work.ci * self.columns * self.size

    @property
    def fresh_bytes(self) -> int:
        """Bytes in which a thread packs filters, whole cache lines."""
        return -(-self.phase_bytes // 64) * 64 if self.fresh else 0

    @cached_property
    def bias_bytes(self) -> int:
        """Bytes of the packed bias: whole vectors, and whole cache lines."""
        return -(-self.width * self.size // 64) * 64

    @cached_property
    def together(self) -> bool:
        """Whether the width's phases take turns tile by tile, so that rows are written whole."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes[:3])
        line = self.work.ci * self.columns * self.size
        return taps * sum(f.taps for f in self.axes[3].phases) * line <= TUNING.panels_bytes

    @cached_property
    def turning(self) -> Turning:
        """What is made in scratch first."""
        from .._ways.channels.turning import choose_turning

        return choose_turning(self)

    @property
    def streamed(self) -> bool:
        """Whether tiles store past the caches: where they write whole lines."""
        from .._ways.channels.turning import past_caches

        return past_caches(self) and not self.turning.what

    @cached_property
    def columns(self) -> int:
        """Columns of the widest channel block."""
        return max((columns for _, columns in self.tiling.blocks), default=1)

    @cached_property
    def flops(self) -> int:
        """Two for every product that lands inside the output."""
        return 2 * self.work.ci * self.work.co * prod(a.pairs() for a in self.axes)

    @cached_property
    def bytes(self) -> int:
        """Input, filters and output, each counted once."""
        r = self.work
        numbers = r.n * prod(r.i) * r.ci + prod(r.k) * r.ci * r.co + r.n * prod(r.o) * r.co
        return numbers * ITEMSIZE[r.dtype]

    @cached_property
    def kinds(self) -> tuple[tuple[int, int], ...]:
        """The different (columns of the panel, channels) of the channel blocks."""
        return tuple(dict.fromkeys(self.kind(block) for block in self.tiling.blocks))

    def kind(self, block: tuple[int, int]) -> tuple[int, int]:
        """Return (columns of the panel, channels) of a channel block."""
        start, columns = block
        return columns, min(columns, self.work.co - start)

    def tiles(self) -> Iterator[tuple[int, int, int, Tile | WideTile]]:
        """Yield (number of the kind, outer, inner, tile) for every micro-kernel in use."""
        from .inventory import tiles_in_use

        return tiles_in_use(self)

    def __str__(self) -> str:
        """Return the plan in a few lines."""
        from .explain import describe

        return describe(self)

    __repr__ = __str__


def _unaligned(step: int, rows_lie_so: bool, steps: int = 1) -> int:
    """Return the step, longer by a cache line where rows would share the same cache lines."""
    return step + 64 if rows_lie_so and step * steps % TUNING.pad_every == 0 else step
