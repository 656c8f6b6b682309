"""Tiles and sizes of the minimal way, before blocks are cut: what numbers take in memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING, Filtering
from ..shared.blocked import LINE, in_lines, unaligned
from ..shared.layer import Layer
from ..shared.scheme import Scheme
from .formulas import FILTERS, FORMULAS, THREE, Program
from .groups import any_two_taps, blocks_of, channels_of, lines_of, slots_of, taps_of_output
from .mixed import mixed
from .widths import Run, Widths, widths_of

__all__ = [
    "CHUNK",
    "FEW",
    "MOST_SLOTS",
    "PAIRED_ROWS",
    "ROWS_BESIDE",
    "TERMS",
    "Sizes",
]

TERMS = 256  # of a table
FEW_TAPS = 8  # of an output: more are summed in parts that are short enough
ROWS_BESIDE = 8  # rows of a register tile of a machine that has a register to spare, at least
PAIRED_ROWS = 12  # of a register tile that sums even and odd k in its lanes, at most
CHUNK = 16  # input channels whose filters are turned at a time
FEW = 2  # and are combined at a time, of two vectors of output channels
MOST_SLOTS = max(map(len, FILTERS.values()))  # of taps that are combined


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
        return widths_of(self.programs[2], self.joined)

    @property
    def fast(self) -> bool:
        """Whether two products of 64 bytes are made a cycle, and no more loads."""
        machine = self.layer.machine
        return machine.vector_bytes == 64 and machine.loads <= machine.fmas

    @property
    def outputs(self) -> int:
        """Vectors of output channels of the whole, on which depends how sums are made."""
        return -(-channels_of(self.layer.asked) // self.layer.lanes)

    @cached_property
    def woven(self) -> bool:
        """Whether products along the width are joined in blocks of one vector: F(2,3) alone.

        Their sums are longer, and none the less exact, for even and odd k are summed apart.
        """
        threes = {*lines_of(self.layer.asked)} == {(3,)}
        few = self.layer.request.ci <= TUNING.minimal_joins
        return threes and few and self.chains == 1 and self.fast

    @cached_property
    def joined(self) -> bool:
        """Whether products along the width are outputs when they are stored.

        Where two products are made a cycle, in blocks of two vectors or, if it is `woven`, of one,
        and the filters of a line stay in L1.
        """
        r, two = self.layer.asked, 2 * self.layer.lanes
        filters = max(map(slots_of, lines_of(r))) * r.ci * two * self.size
        near = r.ci <= TUNING.minimal_joins and filters <= TUNING.minimal_line
        return self.woven or (self.fast and near and self.outputs % 2 == 0 and r.d[2] == 1)

    @cached_property
    def transforms(self) -> tuple[tuple[int, int], ...]:
        """What is transformed along the width: formula, and numbers from a tile to the next."""
        return tuple(sorted({(run.formula, run.every) for run in self._runs}))

    @cached_property
    def restores(self) -> tuple[tuple[int, int, int], ...]:
        """What is restored along the width: likewise, and which output is missing."""
        return tuple(sorted({(x.restored, x.apart, x.missing) for x in self._runs if x.restored}))

    @property
    def _runs(self) -> list[Run]:
        """All runs of the width."""
        return [run for line in self.width_tiles.runs for run in line]

    @cached_property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """First channel and columns of the blocks of output channels."""
        return blocks_of(self.layer.request.co, self.layer.lanes, 1 if self.woven else 2)

    @property
    def vectors(self) -> tuple[int, ...]:
        """Vectors of the blocks of output channels: the different numbers."""
        return tuple(sorted({columns // self.layer.lanes for _, columns in self.blocks}))

    @cached_property
    def positions(self) -> int:
        """Products of a slot along the width, at most."""
        tiles = [line.tiles for line in self.programs[2].lines] if self.joined else []
        return max((1, *tiles, *(strip.positions for strip in self.width_tiles.strips)))

    @cached_property
    def chains(self) -> int:
        """Sums of each number, each of half of k, where F(2,2) needs the digits."""
        r = self.layer.asked
        return 2 if any_two_taps(r) and taps_of_output(r) <= FEW_TAPS else 1

    @property
    def filtering(self) -> Filtering:
        """Predicted cycles of what is done."""
        if self.woven:
            return TUNING.minimal_few
        return TUNING.minimal_fast if self.fast else TUNING.minimal_usual

    def kind_of(self, vectors: int, joined: tuple[int, ...]) -> str:
        """Return the kernel that multiplies strips of so many vectors of output channels.

        Of one vector it sums even and odd k in neighbouring lanes: one broadcast is half of two
        products then. Where there are no more loads a cycle than products, all others, of rows that
        are combined, too, would take time of their own.
        """
        if joined:
            return "woven" if self.woven and joined == (THREE,) else "joined"
        same = self.chains == 2 or self.outputs == 1  # bits as other blocks, or parts, have
        return "paired" if self.fast and vectors == 1 and same else "multiply"

    def most_rows(self, vectors: int, joined: tuple[int, ...] = ()) -> int:
        """Return the positions of a register tile, at most."""
        rows = self.layer.machine.rows[vectors - 1]
        if joined:
            rows //= max(len(FORMULAS[formula]) for formula in joined)
        kind = self.kind_of(vectors, joined)
        return {"joined": rows, "woven": PAIRED_ROWS // 2, "paired": PAIRED_ROWS}.get(
            kind, rows // self.chains
        )

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
        """Bytes from a position of transformed inputs to the next."""
        return -(-self.layer.request.ci // self.layer.lanes) * self.layer.lanes * self.size

    @property
    def columns(self) -> int:
        """Columns of a block of output channels, at most."""
        return self.blocks[0][1]

    @property
    def planes(self) -> int:
        """Slots of a line along the height, at most."""
        return max((1, *(line.slots for line in self.programs[1].lines)))

    def places(self, row_tiles: int) -> tuple[list[int], list[int]]:
        """Return where each strip lies in V and in M of a slot of the height, and the ends."""
        taps = {g.taps for x in self.programs[1].lines for g in x.groups}
        rows = (2 if 1 in taps else 1) * row_tiles + (2 in taps)  # at a border a slot has one more
        v, m = [0], [0]
        for strip in self.width_tiles.strips:
            beyond = max(self.most_rows(vectors, strip.joined) for vectors in self.vectors)
            capacity = rows * strip.positions + beyond
            v.append(v[-1] + in_lines(capacity * strip.inputs * self.pitch) + LINE)
            position = strip.outputs * self.columns * self.size
            m.append(m[-1] + in_lines(capacity * position) + LINE)
        return v, v if self.over else m

    @cached_property
    def fewest_rows(self) -> int:
        """Tiles of the height of a block, at least: where filters come from beyond L2."""
        far = self.fast and self.filters_bytes > TUNING.minimal_written
        return -(-TUNING.minimal_reused // self.positions) if far else 1

    @cached_property
    def left(self) -> tuple[int, int]:
        """Columns of zeros before and behind a row of inputs."""
        return self.width_tiles.halo

    def parts_of(self, row_tiles: int) -> tuple[int, int, int, int]:
        """Return the bytes of combined inputs, of a slot's V and M, of a line's sums."""
        u = self.u_row * self.reads_of(row_tiles) + LINE
        v, m = (places[-1] for places in self.places(row_tiles))
        return u, v, m, self.y_steps(row_tiles)[0] * len(self.blocks)

    @cached_property
    def over(self) -> bool:
        """Whether products are written over their inputs: nothing else reads these.

        Joined ones take less, but if other groups add to them they are stored too soon.
        """
        once = len(self.blocks) == len(self.programs[0].lines) == 1
        alone = self.chains == 1 and all(len(line) == 1 for line in lines_of(self.layer.asked))
        soon = self.joined and not alone
        return once and self.pitch == self.columns * self.size and not soon

    def reads_of(self, row_tiles: int) -> int:
        """Return the rows of inputs that a block reads, at most."""
        lines = self.programs[1].lines
        reads = (line.reads(0, min(row_tiles, line.tiles)) for line in lines)
        return max((end - first for first, end in reads), default=0)

    @cached_property
    def u_row(self) -> int:
        """Bytes from a row of combined inputs to the next, whose columns are not all in one set."""
        r = self.layer.request
        row = in_lines((r.i[2] + sum(self.left)) * r.ci * self.size + LINE)
        return unaligned(row, True)

    def y_steps(self, row_tiles: int) -> tuple[int, int, int, int]:
        """Return the bytes of sums of a block of channels, a plane, a row, and a position."""
        position = self.columns * self.size
        row = (self.layer.request.o[2] + 2 * self.slack) * position
        return 4 * row_tiles * row, 2 * row_tiles * row, row, position

    @cached_property
    def slack(self) -> int:
        """Positions of a row of sums before its first output, and behind its last."""
        return max((x.step for x in self.programs[2].lines), default=1)

    def region_of(self, row_tiles: int, lines: int) -> int:
        """Return the bytes of a thread's numbers but for packed inputs; of so many lines' sums."""
        u, *_, y = self.parts_of(row_tiles)
        return u + self.products_of(row_tiles) + y * lines

    def products_of(self, row_tiles: int) -> int:
        """Return the bytes of V and M, where rows of outputs are that will be turned, later."""
        _, v, m, _ = self.parts_of(row_tiles)
        turned = 2 * row_tiles * self.layer.request.o[2] * self.columns * self.size
        made = v if self.over else v + m
        return max(self.planes * made, in_lines(turned) if self.layer.apart else 0)

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
        apart = self.layer.request.k[0] + sum(1 for _ in mixed(self.programs[0]))
        return apart if self._chunks < self.threads else 1

    @property
    def pieces(self) -> int:
        """Pieces of the work of packing filters."""
        return self._chunks * self.filter_parts

    @property
    def few(self) -> int:
        """Input channels whose filters are combined at a time: as many numbers of each block."""
        return FEW * 2 * self.layer.lanes // self.columns

    @property
    def _chunks(self) -> int:
        """Chunks of input channels, in all blocks of output channels."""
        return -(-self.layer.request.ci // CHUNK) * len(self.blocks)

    @property
    def stage(self) -> int:
        """Bytes of the filters that a thread has in work, and of the sums of a few."""
        _, kh, kw = k = self.layer.request.k
        sums = self.few * (MOST_SLOTS * kh * kw + len(self.programs[1].slots) * kw)
        return in_lines((prod(k) * self.size * CHUNK + 8 * sums) * self.columns)
