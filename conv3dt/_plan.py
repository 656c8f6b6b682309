"""A plan: everything about a call that does not depend on its arrays, as one frozen value."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

from . import _cpu, _geometry, _threads
from ._arguments import Request
from ._blocking import Axis, Blocking, Rows, channel_blocks, choose_blocks, choose_rows
from ._tile import ITEMSIZE, Tile, compute_type
from ._tuning import TUNING, Machine
from .kernels import layout as field

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """How one transposed convolution is computed, and what it costs. Prints itself.

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
    machine: Machine
    axes: tuple[Axis, ...]
    rows: Rows
    blocks: tuple[tuple[int, int], ...]
    blocking: Blocking
    halos: tuple[bool, ...]
    exact: bool
    threads: int

    @property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return ITEMSIZE[compute_type(self.request.dtype)]

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.machine.vector_bytes // self.size

    @property
    def width(self) -> int:
        """Output channels, padded to whole vectors."""
        return self.lanes * sum(vectors for _, vectors in self.blocks)

    @property
    def chunk(self) -> int:
        """Input channels that lie together in the packed input."""
        return min(TUNING.chunk, max(1, self.request.ci))

    @property
    def chunks(self) -> int:
        """How many chunks the input channels make."""
        return -(-self.request.ci // self.chunk)

    @property
    def joined(self) -> bool:
        """Whether consecutive taps along the width are one run in the packed input."""
        width = self.axes[3]
        return self.chunk == self.request.ci and all(f.dilation == 1 for f in width.phases)

    @property
    def packed(self) -> tuple[int, ...]:
        """Extents of a block's packed input: batch, depth, height, width."""
        return tuple(
            max(1, a.packed(b, h))
            for a, b, h in zip(self.axes, self.blocking.block, self.halos, strict=True)
        )

    @property
    def packed_steps(self) -> tuple[int, int, int, int, int]:
        """Distances in the packed input along batch, depth, height, width and chunks, in bytes."""
        n, d, h, w = self.packed
        step_w = self.chunk * self.size
        step_h = _unaligned(w * step_w, self.rows.most[2] > 1)
        step_d = h * step_h
        step_n = _unaligned(d * step_d, self.rows.most[0] > 1)
        return step_n, step_d, step_h, step_w, n * step_n

    @property
    def n_blocks(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        return tuple(
            _geometry.n_tiles(a.positions, b)
            for a, b in zip(self.axes, self.blocking.block, strict=True)
        )

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return prod(self.n_blocks) * self.blocking.groups

    @property
    def entries(self) -> int:
        """Most entries of the micro-kernel's table."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes)
        return max(1, taps * self.chunks)

    @property
    def row_tiles(self) -> int:
        """Most tiles in a row of a block, for one phase of the width."""
        block = self.blocking.block[3]
        return block if self.exact else _geometry.n_tiles(block, self.rows.most[3]) + 1

    @property
    def list_bytes(self) -> int:
        """Bytes of a thread's lists for one phase of the width."""
        return 8 * (1 + field.TILE_FIELDS * self.row_tiles + field.KNOWN_FIELDS + 3 * self.entries)

    @property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        lists = self.list_bytes * len(self.axes[3].phases)
        return self.threads * (self.chunks * self.packed_steps[4] + lists)

    @property
    def panels(self) -> int:
        """Bytes of packed filters."""
        taps = prod(sum(f.taps for f in a.phases) for a in self.axes)
        return taps * self.request.ci * self.width * self.size

    @property
    def together(self) -> bool:
        """Whether the width's phases take turns row by row, so that rows are written whole."""
        taps = prod(max((f.taps for f in a.phases), default=0) for a in self.axes[:3])
        vectors = max((v for _, v in self.blocks), default=1)
        line = self.request.ci * vectors * self.machine.vector_bytes
        return taps * sum(f.taps for f in self.axes[3].phases) * line <= TUNING.panels_bytes

    @property
    def flops(self) -> int:
        """Two for every product that lands inside the output."""
        return 2 * self.request.ci * self.request.co * prod(a.pairs() for a in self.axes)

    @property
    def small(self) -> bool:
        """Whether the work is too little to share between threads."""
        return _is_small(self.request, self.axes)

    @property
    def bytes(self) -> int:
        """Input, filters and output, each counted once."""
        r = self.request
        numbers = r.n * prod(r.i) * r.ci + prod(r.k) * r.ci * r.co + r.n * prod(r.o) * r.co
        return numbers * ITEMSIZE[r.dtype]

    @property
    def kinds(self) -> tuple[tuple[int, int], ...]:
        """The different (vectors, channels of the last vector) of the channel blocks."""
        return tuple(dict.fromkeys(self.kind(block) for block in self.blocks))

    def kind(self, block: tuple[int, int]) -> tuple[int, int]:
        """Return (vectors, channels of the last vector) of a channel block."""
        start, vectors = block
        return vectors, min(self.lanes, self.request.co - start - (vectors - 1) * self.lanes)

    def tile(self, kind: tuple[int, int], outer: int, inner: int) -> Tile:
        """Return the micro-kernel for `outer` groups of `inner` rows."""
        step_n, _, step_h, step_w, _ = self.packed_steps
        outer_step = step_n if self.rows.most[0] > 1 else step_h
        return Tile(
            storage=self.request.dtype,
            lanes=self.lanes,
            fused=self.machine.fused,
            outer=outer,
            inner=inner,
            outer_step=outer_step // self.size if outer > 1 else 0,
            inner_step=step_w // self.size if inner > 1 else 0,
            vectors=kind[0],
            last=kind[1],
            spread=self.request.data_format == "NCDHW",
            activation=self.request.activation,
        )

    def tiles(self) -> Iterator[tuple[int, int, int, Tile]]:
        """Yield (number of the kind, outer, inner, tile) for every micro-kernel in use."""
        outers = {n * h for n, h in product(self._rows_in_use(0), self._rows_in_use(2))}
        for number, kind in enumerate(self.kinds):
            for outer, inner in product(sorted(outers), sorted(self._rows_in_use(3))):
                yield number, outer, inner, self.tile(kind, outer, inner)

    def _rows_in_use(self, number: int) -> set[int]:
        """Return the numbers of rows that tiles have along an axis.

        Phases end at most one position apart, so only the last blocks can differ.
        """
        axis, block = self.axes[number], self.blocking.block[number]
        blocks = self.n_blocks[number]
        found = {1} if number == 3 and self.exact else set()
        for phase, b in product(axis.phases, {0, blocks - 2, blocks - 1} & set(range(blocks))):
            lo, hi = b * block, min((b + 1) * block, phase.length)
            if number == 3 and self.exact:
                lo, hi = _geometry.whole_range(
                    lo, hi, phase.taps, phase.shift, phase.dilation, axis.i
                )
            if hi > lo:
                tiles = _geometry.n_tiles(hi - lo, self.rows.most[number])
                found |= {(hi - lo) // tiles, -(-(hi - lo) // tiles)}
        return found

    def __str__(self) -> str:
        """Return the plan in a few lines."""
        from ._explain import describe

        return describe(self)

    __repr__ = __str__


def _unaligned(step: int, rows_lie_so: bool) -> int:
    """Return the step, longer by a cache line where rows would share the same cache lines."""
    return step + 64 if rows_lie_so and step % TUNING.pad_every == 0 else step


@lru_cache(maxsize=1024)
def make_plan(request: Request, threads: int | None = None, exact: bool = False) -> Plan:
    """Return the plan of a request.

    `exact` plans read nothing beyond the input, not even zeros, which infinite weights need.
    """
    machine = _cpu.machine()
    lanes = machine.vector_bytes // ITEMSIZE[compute_type(request.dtype)]
    axes = (_batch_axis(request.n), *(_axis(request, a) for a in range(3)))
    blocks = channel_blocks(request.co, lanes)
    vectors = [v for _, v in blocks] or [1]
    rows = choose_rows(axes, vectors, machine)
    if exact:
        most = min(machine.rows[v - 1] for v in vectors)
        rows = Rows("width", (1, 1, 1, most), "weights that are not finite meet no zeros")
    halos = (False, False, rows.most[2] > 1, rows.most[3] > 1 and not exact)
    threads = 1 if _is_small(request, axes) else threads or _threads.available()
    size = ITEMSIZE[compute_type(request.dtype)]
    blocking = choose_blocks(axes, rows, halos, request.ci * size, len(blocks), threads)
    return Plan(request, machine, axes, rows, blocks, blocking, halos, exact, threads)


def _is_small(r: Request, axes: tuple[Axis, ...]) -> bool:
    """Return whether starting threads would cost more than it gives."""
    products = 2 * r.ci * r.co * prod(a.pairs() for a in axes)
    return products + r.n * prod(r.o) * r.co < TUNING.serial_flops


def _batch_axis(n: int) -> Axis:
    return Axis(n, 1, _geometry.phases(1, 1, 1, n, 0))


def _axis(r: Request, a: int) -> Axis:
    return Axis(r.i[a], r.s[a], _geometry.phases(r.k[a], r.s[a], r.d[a], r.o[a], r.p[a]))
