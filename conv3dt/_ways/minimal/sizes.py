"""Tiles and sizes of the minimal way, before blocks are cut: what numbers take in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import gcd, prod

from ..._call.request import Request
from ..._geometry.tuning import TUNING, Machine
from ..shared.blocked import LINE, in_lines
from ..shared.layer import Layer
from ..shared.scheme import Scheme
from .formulas import FORMULAS, HALVES, Program, groups_of
from .widths import Widths, widths_of

__all__ = ["CHUNK", "TERMS", "Sizes", "any_two_taps", "blocks_of", "most_tiles"]

TERMS = 256  # of a table
CHUNK = 16  # input channels whose filters are combined at a time


def blocks_of(co: int, lanes: int, machine: Machine) -> tuple[tuple[int, int], ...]:
    """Return (first channel, columns) of the blocks of output channels: two vectors, or one.

    One, where a product reads its broadcast itself and takes a cycle: register tiles are longer.
    """
    most = 1 if machine.registers > 16 and machine.fmas < 2 else 2
    vectors = -(-co // lanes)
    return tuple((v * lanes, min(most, vectors - v) * lanes) for v in range(0, vectors, most))


def most_tiles(machine: Machine, vectors: int, sums: int) -> int:
    """Return the tiles of a register tile, at most, with so many sums of each vector of a tile."""
    few = (
        machine.registers <= 16 and vectors == 1
    )  # loads come earlier than where rows were counted
    return max(1, (machine.rows[vectors - 1] - few) // sums)


def any_two_taps(r: Request) -> bool:
    """Return whether a phase has a group of two taps, be it asked for or not."""
    periods = [s // gcd(s, d) for s, d in zip(r.s, r.d, strict=True)]
    taps = {n for k, t in zip(r.k, periods, strict=True) for n in (k // t, -(-k // t))}
    return any(2 in groups_of(n) for n in taps)


@dataclass(frozen=True, eq=False)
class Sizes(Scheme):
    """What a layer with fewer products consists of."""

    layer: Layer
    programs: tuple[Program, Program, Program]  # depth, height, width
    threads: int
    cycles: float = 0.0
    direct: bool = False
    cut: int = 1  # times as short are blocks as one thread has them
    lines_apart: bool = False  # each line of depth with each of height is a task

    # ---- tiles -----------------------------------------------------------------------------------

    @cached_property
    def width_tiles(self) -> Widths:
        """What is done along the width."""
        return widths_of(self.programs[2])

    @cached_property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """First channel and columns of the blocks of output channels."""
        return blocks_of(self.layer.request.co, self.layer.lanes, self.layer.machine)

    @property
    def vectors(self) -> tuple[int, ...]:
        """Vectors of the blocks of output channels: the different numbers."""
        return tuple(sorted({columns // self.layer.lanes for _, columns in self.blocks}))

    @cached_property
    def positions(self) -> int:
        """Tiles along the width, in all lines."""
        return max(1, sum(line.tiles for line in self.programs[2].lines))

    @cached_property
    def summed_apart(self) -> bool:
        """Whether the sums of F(2,2) need digits: half of the channels are summed at a time."""
        return any_two_taps(self.layer.asked)

    @property
    def chains(self) -> int:
        """Sums of each number, of even and of odd k: in registers where halves are short."""
        short = self.layer.request.ci < TUNING.minimal_halves
        return 2 if self.summed_apart and short and self.layer.machine.registers > 16 else 1

    @property
    def heavy(self) -> bool:
        """Whether filters do not stay in L2: they are read as seldom as can be, and in a row."""
        return self.filters_bytes > TUNING.heavy_panels

    @property
    def at_a_time(self) -> int:
        """Input channels that are multiplied at a time: their filters stay in L1."""
        ci = self.layer.request.ci
        most = -(-ci // 2) if self.summed_apart and self.chains == 1 else ci
        return max(1, most if self.heavy else min(most, TUNING.minimal_halves))

    def halves(self, formula: int) -> bool:
        """Whether the products of a formula are too many for the registers."""
        return formula in HALVES and self.layer.machine.registers <= 16

    def most_tiles(self, vectors: int, formula: int) -> int:
        """Return the tiles of a register tile, at most."""
        products = len(FORMULAS[formula]) // (2 if self.halves(formula) else 1)
        chains = self.chains if formula > 1 else 1
        return most_tiles(self.layer.machine, vectors, chains * products)

    @property
    def width(self) -> int:
        """Output channels, padded to whole vectors."""
        return sum(columns for _, columns in self.blocks)

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return self.layer.storage.size

    @property
    def pitch(self) -> int:
        """Bytes of the inputs of a product of a tile."""
        return -(-self.layer.request.ci // self.layer.lanes) * self.layer.lanes * self.size

    @property
    def columns(self) -> int:
        """Columns of a block of output channels, at most."""
        return self.blocks[0][1]

    @property
    def column(self) -> int:
        """Bytes from a column of inputs to the next."""
        return self.layer.request.ci * self.size

    @cached_property
    def v_starts(self) -> tuple[int, ...]:
        """Bytes from a row of V to each run of the width, and to the next row.

        That is not a multiple of what collides in L1.
        """
        runs = [run.inputs * self.pitch for line in self.width_tiles.runs for run in line]
        *starts, end = accumulate([0, *runs])
        return (*starts, in_lines(end) | LINE)

    def m_parts(self, row_tiles: int) -> tuple[int, int, int]:
        """Return the bytes of products: of a block of channels, a product of depth, of height."""
        row = in_lines(self.width_tiles.products * self.columns * self.size) | LINE
        depth, height = (self.most(p) for p in self.programs[:2])
        plane = row_tiles * height * row
        return depth * plane, plane, row

    def most(self, program: Program) -> int:
        """Return the products of a tile along an axis, at most."""
        return max((1, *(n for counts in program.counts for n in counts)))

    @property
    def terms(self) -> int:
        """Products along depth and height that a row of outputs is part of, at most."""
        depth, height, _ = (max((sum(g.taps for g in x.groups) for x in p.lines), default=0)
                            for p in self.programs)  # fmt: skip
        return max(TERMS, depth * height)

    def parts_of(self, row_tiles: int) -> tuple[int, int]:
        """Return the bytes of V, of the rows that meet the same filters, and of a row of sums."""
        taps = {g.taps for x in self.programs[1].lines for g in x.groups}
        rows = (2 if 1 in taps else 1) * row_tiles + 2 * (2 in taps)  # at borders there are more
        y = in_lines((self.layer.request.o[2] + 2 * self.slack) * self.columns * self.size)
        return rows * self.v_starts[-1], y

    @cached_property
    def slack(self) -> int:
        """Positions of a row of sums before its first output, and behind its last."""
        return max((x.step for x in self.programs[2].lines), default=1)

    def at_once(self, row_tiles: int) -> int:
        """Return how many blocks of channels have room for their products."""
        blocks = len(self.blocks)
        most = max(1, TUNING.minimal_products // self.m_parts(row_tiles)[0])
        return -(-blocks // -(-blocks // most))

    def region_of(self, row_tiles: int) -> int:
        """Return the bytes of a thread's numbers but for packed inputs."""
        products = self.at_once(row_tiles) * self.m_parts(row_tiles)[0]
        return sum(self.parts_of(row_tiles)) + products

    @property
    def taps(self) -> int:
        """Taps of the kernel that are packed as they are, too, for corners."""
        corners = all(p.has_corners for p in self.programs)
        return prod(self.layer.request.k) if corners else 0

    @cached_property
    def taps_at(self) -> int:
        """Where in the panels these are."""
        slots = prod(len(p.slots) for p in self.programs)
        return in_lines(slots * self.layer.request.ci * self.width * self.size)

    @property
    def filters_bytes(self) -> int:
        """Bytes of filters, transformed and as they are."""
        return self.taps_at + in_lines(self.taps * self.layer.request.ci * self.width * self.size)

    @property
    def filter_parts(self) -> int:
        """Parts of a chunk that are packed apart, where chunks are too few; 1: none are."""
        apart = self.layer.request.k[0] + len(self.programs[0].slots)
        return apart if self._chunks < self.threads else 1

    @property
    def pieces(self) -> int:
        """Pieces of the work of packing filters."""
        return self._chunks * self.filter_parts

    @property
    def _chunks(self) -> int:
        """Chunks of input channels, in all blocks of output channels."""
        return -(-self.layer.request.ci // CHUNK) * len(self.blocks)

    @property
    def stage(self) -> int:
        """Bytes of the filters that a thread has in work, their sums, and a table of terms."""
        _, kh, kw = k = self.layer.request.k
        numbers = prod(k) * self.size + 8 * (kh * kw + kw)
        return in_lines(numbers * CHUNK * self.columns + 8 * TERMS)
