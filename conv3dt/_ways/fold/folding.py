"""How the work is cut where results are folded: groups of channels, blocks of outputs, memory."""

from collections.abc import Iterator
from itertools import product
from math import gcd, prod
from typing import NamedTuple

from ..._call.request import Request
from ..._geometry import integers
from ..._geometry.formats import FORMATS
from ..._geometry.storages import OPERANDS
from ..._geometry.tuning import TUNING, Machine
from ..shared.lane_tile import LaneTile
from .records import FoldCall

__all__ = ["Folding"]

_TURNING = "avx512", "avx2"  # where it is faster to turn inputs beside products; others are untried


class Folding(NamedTuple):
    """How the work is cut: channels in groups, outputs in blocks; what a block needs."""

    request: Request
    machine: Machine
    group: int  # channels of a group
    block: tuple[int, int, int]  # outputs of a block along depth, height, width

    @property
    def groups(self) -> int:
        """Groups of output channels."""
        return -(-self.request.co // self.group)

    @property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return OPERANDS[self.request.dtype].size

    @property
    def _multiplied(self) -> str:
        """What is multiplied: rows of sums stay in the compute type."""
        storage = OPERANDS[self.request.dtype]
        return storage.name if storage.pairs else storage.compute

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.machine.vector_bytes // self.size

    @property
    def columns(self) -> int:
        """Rows of sums that a row of inputs is added to: taps times channels."""
        return prod(self.request.k) * self.group

    @property
    def column_blocks(self) -> tuple[tuple[int, int], ...]:
        """The columns of the register tiles: first, how many; as even as possible.

        Taps of the width that reach the same output lie so many columns apart that no tile has two
        of them: in which order they were added would depend on where vectors of inputs begin, and a
        part would have other bits than the whole.
        """
        s, d, kw = self.request.s[2], self.request.d[2], self.request.k[2]
        apart = s // gcd(s, d) * (self.columns // kw)
        tiles = integers.n_tiles(self.columns, min(self.machine.rows[1], apart))
        ends = [integers.tile_range(0, self.columns, tiles, t) for t in range(tiles)]
        return tuple((start, end - start) for start, end in ends)

    @property
    def kinds(self) -> tuple[int, ...]:
        """The different numbers of columns of register tiles."""
        return tuple(dict.fromkeys(columns for _, columns in self.column_blocks))

    @property
    def n_blocks(self) -> tuple[int, int, int]:
        """Blocks along depth, height and width."""
        d, h, w = (integers.n_tiles(*pair) for pair in zip(self.request.o, self.block, strict=True))
        return d, h, w

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.request.n * self.groups * prod(self.n_blocks)

    @property
    def window(self) -> int:
        """Planes of sums that are in work at a time: those that a plane of inputs reaches."""
        return min(integers.effective(self.request.k[0], self.request.d[0]), self.block[0])

    @property
    def vectors(self) -> int:
        """Vectors of positions of a row of inputs, at most."""
        return integers.n_tiles(self.inputs(2), self.lanes)

    @property
    def tile_vectors(self) -> set[int]:
        """Vectors of the register tiles: two, and one where a row has an odd one left."""
        if self.n_blocks[2] > 1:
            return {1, 2}
        r = self.request
        start, end = integers.reaching(0, r.o[2], r.i[2], r.k[2], r.s[2], r.d[2], r.p[2])
        vectors = integers.n_tiles(end - start, self.lanes)
        return {1} if vectors < 2 else {2, 2 - vectors % 2}

    @property
    def left(self) -> int:
        """Numbers of sums before the first row's first output, whole vectors.

        Most taps then add to whole cache lines: a call of 13x2 that adds to parts of two takes 26
        cycles more (znver4).
        """
        return integers.n_tiles(self._margin, self.lanes) * self.lanes

    @property
    def _longest(self) -> int:
        return (self.request.k[2] - 1) * self.request.d[2]

    @property
    def _margin(self) -> int:
        """Numbers that a row of inputs may be carried beyond its place, to either side."""
        return self._longest // self.request.s[2] + 2

    @property
    def row(self) -> int:
        """Numbers of a row of sums of one channel and phase, and what lies before the next one.

        Whole vectors; what is carried beyond the ends of two neighbours shares the room between.
        """
        inputs = self.vectors * self.lanes + self._margin
        outputs = self.block[2] // self.request.s[2] + 1 + self.lanes
        return integers.n_tiles(self._margin + max(inputs, outputs), self.lanes) * self.lanes

    @property
    def unit(self) -> int:
        """Bytes of the sums of one row of outputs, all channels of a group and phases."""
        return self.group * self.request.s[2] * self.row * self.size

    @property
    def sums_plane(self) -> int:
        """Bytes from one plane of sums to the next; odd in cache lines, or all rows have one place.

        Of 4096 bytes, L1 has a line's eight times, and a load waits for a store to the same place.
        """
        return (-(-self.block[1] * self.unit // 64) | 1) * 64

    @property
    def piece(self) -> int:
        """Vectors of a row of inputs that are packed at a time, at most.

        Two, if they are turned: they are in L1 when they are multiplied.
        """
        whole = FORMATS[self.request.data_format].apart
        whole = whole or 6 * self.machine.vector_bytes * self.request.ci > TUNING.fold_row_bytes
        return max(3, self.vectors) if whole else 2

    @property
    def turned(self) -> int:
        """Bytes from a position to the next where micro-kernels turn pieces; 0: they do not."""
        r, storage = self.request, OPERANDS[self.request.dtype]
        able = self.piece == 2 and r.ci * self.size % 16 == 0 and self.machine.isa in _TURNING
        return r.ci * self.size if able and (storage.pairs or not storage.converted) else 0

    @property
    def before(self) -> int:
        """Bytes before packed channels, into which positions may reach that are packed again."""
        return 2 * self.machine.vector_bytes

    @property
    def plane(self) -> int:
        """Bytes from one channel to the next in the packed piece; odd in cache lines."""
        lines = -(-(self.piece * self.lanes * self.size + self.before) // 64)
        return (lines | 1) * 64

    @property
    def packed_bytes(self) -> int:
        """Bytes of a packed piece."""
        return self.request.ci * self.plane

    @property
    def buffers(self) -> int:
        """Packed pieces, or rows, that have room."""
        return 3 if self.piece == 2 else self.rows_together

    @property
    def rows_together(self) -> int:
        """Rows of inputs that are packed at a time.

        Rows of a channel are neighbours in memory: channels that lie apart are read in longer runs.
        """
        if not FORMATS[self.request.data_format].apart:
            return 1
        run = self.inputs(2) * OPERANDS[self.request.dtype].item
        fitting = TUNING.fold_row_bytes // self.packed_bytes
        return max(1, min(-(-TUNING.fold_run_bytes // run), fitting, self.inputs(1)))

    @property
    def sums_bytes(self) -> int:
        """Bytes of the planes of sums, and of the trash."""
        return self.window * self.sums_plane + self.unit + self.left * self.size

    @property
    def region(self) -> int:
        """Bytes of a thread's region: packed rows, sums, addresses."""
        packed = self.before + self.buffers * self.packed_bytes
        return packed + -(-self.sums_bytes // 64) * 64 + self.rows_bytes

    @property
    def rows_bytes(self) -> int:
        """Bytes of the addresses of all columns and of all (kd, kh), and of calls of kernels."""
        addresses = 8 * (self.columns + prod(self.request.k[:2]))
        return -(-(addresses + len(self.column_blocks) * FoldCall.SIZE) // 64) * 64

    def inputs(self, a: int) -> int:
        """Return how many inputs along axis `a` reach a block, at most."""
        r = self.request
        reach = (self.block[a] - 1 + (r.k[a] - 1) * r.d[a]) // r.s[a] + 1
        return max(1, min(r.i[a], reach))

    @property
    def rows(self) -> tuple[list[int], list[int]]:
        """How many inputs reach each block along depth and along height."""
        return self._reaching(0), self._reaching(1)

    def _reaching(self, a: int) -> list[int]:
        r, block = self.request, self.block[a]
        how = r.i[a], r.k[a], r.s[a], r.d[a], r.p[a]
        parts = [(lo, min(lo + block, r.o[a])) for lo in range(0, r.o[a], block)]
        ends = (integers.reaching(lo, hi, *how) for lo, hi in parts)
        return [end - start for start, end in ends]

    def tiles(self) -> Iterator[tuple[int, int, int, LaneTile]]:
        """Yield (number of the kind, 0, vectors, tile) for every micro-kernel that folds."""
        for (number, columns), vectors in product(enumerate(self.kinds), sorted(self.tile_vectors)):
            tile = LaneTile(
                self._multiplied, self.lanes, self.machine.fused, 1, 0, columns,
                vectors, 1, True, "linear",
            )  # fmt: skip
            yield number, 0, vectors, tile

    @property
    def finish_tile(self) -> LaneTile:
        """The micro-kernel that finishes outputs."""
        r = self.request
        apart = FORMATS[r.data_format].apart
        return LaneTile(
            r.dtype, self.lanes, self.machine.fused, 1, 0, 1 if apart else r.co, 1, r.s[2], apart,
            r.activation, self.machine.stream_from <= r.output_bytes,
        )  # fmt: skip
