"""The scheme of the minimal way: how tiles are cut into blocks, and where numbers lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, in_lines
from ..shared.layer import Layer
from ..shared.scheme import Scheme
from ..shared.wording import counted, listed, quantity
from .formulas import Program
from .records import MinimalTask
from .tile import MinimalTile
from .widths import Widths, widths_of

__all__ = ["LINES", "MinimalScheme", "blocks_of"]

LINES = 5  # of combined rows: those of the slots of a group, and one of zeros
_TERMS = 256  # of a table
_CHUNK = 32  # input channels whose filters are combined at a time


def blocks_of(co: int, lanes: int) -> tuple[tuple[int, int], ...]:
    """Return (first channel, columns) of the blocks of output channels: two vectors, or one."""
    vectors, blocks = -(-co // lanes), []
    for v in range(0, vectors, 2):
        blocks.append((v * lanes, min(2, vectors - v) * lanes))
    return tuple(blocks)


@dataclass(frozen=True, eq=False)
class MinimalScheme(Scheme):
    """How a layer is computed with fewer products."""

    layer: Layer
    programs: tuple[Program, Program, Program]  # depth, height, width
    threads: int
    direct: bool = False

    # ---- tiles and blocks ------------------------------------------------------------------------

    @cached_property
    def width_tiles(self) -> Widths:
        """What is done along the width."""
        return widths_of(self.programs[2])

    @cached_property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """First channel and columns of the blocks of output channels."""
        return blocks_of(self.layer.request.co, self.layer.lanes)

    @property
    def vectors(self) -> tuple[int, ...]:
        """Vectors of the blocks of output channels: the different numbers."""
        return tuple(sorted({columns // self.layer.lanes for _, columns in self.blocks}))

    @cached_property
    def row_tiles(self) -> int:
        """Tiles along the height of a block."""
        tiles = max((line.tiles for line in self.programs[1].lines), default=1)
        most = max(1, min(tiles, TUNING.minimal_positions // self.positions))
        while most > 1 and self.region_of(most) > TUNING.minimal_bytes:
            most -= 1
        return -(-tiles // -(-tiles // most))

    @cached_property
    def positions(self) -> int:
        """Products of a slot along the width, at most."""
        return max((1, *self.width_tiles.counts))

    @property
    def depth_tiles(self) -> int:
        """Tiles along the depth of a block: inputs that are packed are used by several."""
        return 1 if self.direct else TUNING.minimal_depth

    @cached_property
    def n_blocks(self) -> tuple[int, int]:
        """Blocks along depth and height."""
        most = [max((x.tiles for x in p.lines), default=0) for p in self.programs[:2]]
        return -(-most[0] // self.depth_tiles), -(-most[1] // self.row_tiles)

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.layer.request.n * prod(self.n_blocks)

    @cached_property
    def chains(self) -> int:
        """Sums of each number, of even and of odd k, where F(2,2) needs the digits."""
        return (
            2 if any(g.taps == 2 for p in self.programs for x in p.lines for g in x.groups) else 1
        )

    def most_rows(self, vectors: int) -> int:
        """Return the positions of a register tile, at most."""
        return self.layer.machine.rows[vectors - 1] // self.chains

    def rows(self, vectors: int) -> dict[int, int]:
        """Return the positions of a register tile by those that there are in a block.

        As few as possible are computed in vain, behind the last one.
        """
        most = self.most_rows(vectors)
        good = 4 * most // 7 if most > 12 else most  # more rows do not multiply faster
        legal = sorted(range((most + 1) // 2, most + 1), key=lambda rows: abs(rows - good))
        return {n: min(legal, key=lambda rows: -(-n // rows) * rows) if n > most else n
                for n in self.counts}  # fmt: skip

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Positions that a block has in a slot of height and of width: the different numbers."""
        found = set()
        for line in self.programs[1].lines:
            for lo in range(0, line.tiles, self.row_tiles):
                tiles = range(lo, min(line.tiles, lo + self.row_tiles))
                slots = Counter(x.slot for u in tiles for x in self.programs[1].entries(line, u))
                found |= {n * w for n in slots.values() for w in self.width_tiles.counts}
        return tuple(sorted(found - {0}))

    # ---- memory ----------------------------------------------------------------------------------

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
        """Slots of a line along the height, at most, times those along the width."""
        most = max((line.slots for line in self.programs[1].lines), default=0)
        return max(1, most * len(self.programs[2].slots))

    def capacity(self, row_tiles: int) -> int:
        """Return the positions that a plane of products has room for."""
        taps = {g.taps for x in self.programs[1].lines for g in x.groups}
        rows = (2 if 1 in taps else 1) * row_tiles + (2 in taps)  # at a border a slot has one more
        return rows * self.positions + max(map(self.most_rows, self.vectors))

    @cached_property
    def left(self) -> tuple[int, int]:
        """Columns of zeros before and behind a row of inputs."""
        return self.width_tiles.halo

    def parts_of(self, row_tiles: int) -> tuple[int, int, int, int]:
        """Return the bytes of combined inputs, of a plane of V and of M, and of the sums."""
        r = self.layer.request
        columns = r.i[2] + sum(self.left)
        line = in_lines(columns * r.ci * self.size + LINE)
        capacity = self.capacity(row_tiles)
        v = in_lines(capacity * self.pitch) + LINE
        m = in_lines(capacity * self.columns * self.size) + LINE
        return line, v, m, self.y_steps(row_tiles)[0] * len(self.blocks)

    def y_steps(self, row_tiles: int) -> tuple[int, int, int, int]:
        """Return the bytes of sums of a block of channels, a plane, a row, and a position."""
        position = self.columns * self.size
        row = (self.layer.request.o[2] + 2 * self.slack) * position
        return 4 * row_tiles * row, 2 * row_tiles * row, row, position

    @cached_property
    def slack(self) -> int:
        """Positions of a row of sums before its first output, and behind its last."""
        return max((x.step for x in self.programs[2].lines), default=1)

    def region_of(self, row_tiles: int) -> int:
        """Return the bytes of a thread's numbers but for packed inputs."""
        line, v, m, y = self.parts_of(row_tiles)
        return LINES * line + self.planes * (v + m) + y

    @cached_property
    def windows(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return the inputs, from .. to, that each block along depth and height reads."""
        cuts = (self.depth_tiles, self.row_tiles)
        d, h = (p.windows(cut, n) for p, cut, n in zip(
            self.programs[:2], cuts, self.n_blocks, strict=True))  # fmt: skip
        return d, h

    @property
    def packed_row(self) -> int:
        """Bytes of a packed row of inputs."""
        r = self.layer.request
        return in_lines(r.i[2] * r.ci * self.size + LINE)

    @cached_property
    def packed_plane(self) -> int:
        """Bytes of a packed plane of a block's inputs."""
        return self.packed_row * max((hi - lo for lo, hi in self.windows[1]), default=0)

    @cached_property
    def packed_bytes(self) -> int:
        """Bytes of a block's packed inputs."""
        if self.direct:
            return 0
        return self.packed_plane * max((hi - lo for lo, hi in self.windows[0]), default=0)

    @cached_property
    def region(self) -> int:
        """Bytes of a thread's numbers."""
        return in_lines(self.region_of(self.row_tiles) + self.packed_bytes) + LINE

    @property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task."""
        return in_lines(MinimalTask.SIZE + 3 * 8 * _TERMS)

    @property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        return self.threads * (self.region + self.lists_step)

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
    def stage(self) -> int:
        """Bytes of the filters that a thread has in work, and of a table of terms."""
        taps = prod(self.layer.request.k)
        return in_lines(taps * _CHUNK * self.columns * self.size + 8 * _TERMS)

    @property
    def panels(self) -> int:
        """Bytes of packed filters."""
        return self.filters_bytes + self.threads * self.stage

    @property
    def width(self) -> int:
        """Output channels, padded to whole vectors."""
        return sum(columns for _, columns in self.blocks)

    @property
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on."""
        r = self.layer.request
        return type(self), r.k, r.s, r.d, self.blocks, tuple(p.slots for p in self.programs)

    def in_place(self) -> MinimalScheme:
        """Return the scheme that reads a contiguous input where it lies, if channels are last."""
        if self.direct or self.layer.apart or self.layer.axes[1].every > 1:
            return self
        return MinimalScheme(self.layer, self.programs, self.threads, True)

    # ---- kernels and words -----------------------------------------------------------------------

    def tile(self, kind: str, **options: object) -> MinimalTile:
        """Return a kernel's tile."""
        layer = self.layer
        return MinimalTile(kind, layer.request.dtype, layer.lanes, layer.machine.fused, **options)  # type: ignore[arg-type]

    def tiles(self) -> Iterator[tuple[int, int, int, MinimalTile]]:
        """Yield (vectors, 0, rows, tile) for every micro-kernel that multiplies."""
        for vectors in self.vectors:
            for rows in sorted({*self.rows(vectors).values()}):
                tile = self.tile(
                    "multiply", rows=rows, vectors=vectors, pitch=self.pitch, chains=self.chains
                )
                yield vectors, 0, rows, tile

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([tile.label for *_, tile in self.tiles()])
        return {
            "kernel": f"minimal filtering ({self.layer.instructions}), {self.saved:.2f} times fewer"
            f" products than the definition; tiles of {shapes}",
            "blocks": f"{self.depth_tiles} x {self.row_tiles} rows of tiles of 2x2x2 outputs,"
            f" {counted(len(self.blocks), 'block')} of channels",
            "memory": f"transformed filters {quantity(self.panels, 1024)}B",
            "after": "when a block is stored",
        }

    @property
    def saved(self) -> float:
        """How many times fewer products there are than the definition has."""
        r = self.layer.request
        made = prod(p.products for p in self.programs) * r.n
        return self.layer.flops / max(1, 2 * r.ci * r.co * made)
