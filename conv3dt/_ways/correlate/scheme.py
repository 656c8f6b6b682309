"""How a gradient of filters is computed: tiles, boxes of positions, slabs, tasks, memory.

slab: a part of all positions, with sums of its own; a pairwise tree adds the slabs' sums
  box: positions whose products are summed in registers before they are added to the slab's
    piece: a tap of depth, taps of height and width, a block of columns
      tile: rows of the piece
"""

from dataclasses import dataclass
from math import ceil, prod

from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, in_lines
from ..shared.wording import counted, listed
from .boxes import Box, box_of
from .cost import Roles, roles_of
from .cut import Cut
from .pieces import Piece, bunches_of
from .records import CorrelateTask, Entry
from .tile import CorrelateTile
from .tiling import Columns, chains, columns_of, most_rows, row_tiles

__all__ = ["CorrelateScheme"]


@dataclass(frozen=True)
class CorrelateScheme(Cut):
    """How a gradient of filters is computed that all channels share."""

    # ---- products --------------------------------------------------------------------------------

    @cached_property
    def roles(self) -> Roles:
        """Which array has the lanes, and how many taps are taken at once."""
        return roles_of(self.layer)

    @cached_property
    def bunches(self) -> list[list[Piece]]:
        """The pieces of a tap of depth, in order; those of a bunch share sums."""
        return bunches_of(self.layer, self.roles, self.in_rows)

    @property
    def pieces(self) -> list[Piece]:
        """All pieces of a tap of depth."""
        return [piece for bunch in self.bunches for piece in bunch]

    def tiles(self) -> dict[tuple[int, Columns, int], CorrelateTile]:
        """Return the register tiles in use, by groups, columns (from 0) and rows of a group."""
        return {
            (piece.height.taps, piece.columns._replace(start=0), n): self._tile(piece, n)
            for piece in self.pieces
            for n in row_tiles(piece.rows, self.most_rows(piece.columns))
        }

    def most_rows(self, columns: Columns) -> int:
        """Return the most rows of a tile with these columns, of those that are stored together."""
        layer = self.layer
        blocks = columns_of(layer.cs, layer.lanes, layer.halves) if self.in_rows else [columns]
        return min(most_rows(layer.machine, block) for block in blocks)

    def _tile(self, piece: Piece, rows: int) -> CorrelateTile:
        machine, columns, outer = self.layer.machine, piece.columns, piece.height.taps
        return CorrelateTile(
            storage=self.layer.storage.compute,
            lanes=columns.lanes,
            fused=machine.fused,
            outer=outer,
            inner=rows,
            vectors=columns.vectors,
            last=columns.last,
            far=self.far and not self.in_rows,
            chains=chains(machine, outer * rows, columns.vectors),
        )

    # ---- positions -------------------------------------------------------------------------------

    @cached_property
    def box(self) -> Box:
        """Positions of a box along batch, depth, height and width."""
        return box_of(self.layer)

    def along(self, piece: Piece) -> int:
        """Return which axis the runs of a piece lie along: the width, or where that is longer.

        0 is the batch, 2 the height, 3 the width: at either end of it there may be few positions.
        """
        height, width = (x.hi - x.lo for x in (piece.height, piece.width))
        height, width = min(self.box[2], height), min(self.box[3], width)
        longest = max((width, 3), (height, 2), (self.box[0], 0))
        return 3 if width >= TUNING.correlate_run else longest[1]

    # ---- tasks -----------------------------------------------------------------------------------

    @property
    def items(self) -> int:
        """What tasks can share: bunches of all taps of depth."""
        return self.layer.kernel[0] * len(self.bunches)

    @cached_property
    def groups(self) -> int:
        """Tasks of a slab: more where nothing is packed, for each of them packs."""
        if self.threads == 1:
            return 1
        wanted = TUNING.tasks_per_thread // (2 if any(self.layer.packed) else 1) * self.threads
        return max(1, min(self.items, ceil(wanted / self.slabs)))

    # ---- memory ----------------------------------------------------------------------------------

    @property
    def in_place(self) -> bool:
        """Whether the first slab's sums lie as the gradient does, in the same type."""
        layer = self.layer
        return not (layer.storage.converted or layer.mirrored or self.roles.swapped)

    @cached_property
    def in_rows(self) -> bool:
        """Whether rows of sums are made one after the other, all columns, and go past the caches.

        Where each is final when it has been made once.
        """
        layer, roles = self.layer, self.roles
        final = self.in_place and prod(self.boxes) == 1 and roles.heights == 1
        large = layer.numbers * self.size >= layer.machine.stream_from
        segments = (*layer.axes[1].groups(1), *layer.axes[2].groups(roles.taps))
        return final and large and all(len(some) == 1 for some in segments)

    @property
    def made_bytes(self) -> int:
        """Bytes of the rows of a tile that are made before they are stored."""
        return in_lines(self.layer.machine.rows[0] * self.layer.cs * self.size * self.in_rows)

    @property
    def far(self) -> bool:
        """Whether a slab's sums are so many that few are in the caches when a tile adds to them."""
        return self.sums > TUNING.correlate_far

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of what a thread writes of its task, and of the longest list of runs."""
        entries = max(prod(self.box) // self.box[axis] for axis in (0, 2, 3))
        return CorrelateTask.SIZE + entries * Entry.SIZE

    def asked_lines(self, number: int) -> int:
        """Return the cache lines of a position of big (0) or small (1) that are asked for ahead.

        Not of small where a tile reads all of each position: processors see that themselves, and
        asking made 1 to 32 channels 5 % slower. With two blocks of columns it gained 2 to 12 %.
        """
        layer = self.layer
        blocks = columns_of(layer.cs, layer.lanes, layer.halves)
        if layer.packed[number] or (number and (self.roles.swapped or len(blocks) == 1)):
            return 0
        numbers = layer.cs if number else layer.axes[2].s * layer.cb
        return in_lines(numbers * self.size) // LINE

    # ---- words -----------------------------------------------------------------------------------

    def kernel_line(self) -> str:
        roles, layer = self.roles, self.layer
        shapes = listed(sorted({tile.label for tile in self.tiles().values()}))
        rows, lanes = self.names[::-1] if roles.swapped else self.names
        taps = roles.heights * roles.taps
        of = f" of the {rows}" if layer.mirrored else ""
        return (
            f"channels of the {lanes} array in lanes ({layer.machine.isa}, {layer.lanes} per"
            f" vector): tiles of {shapes} (rows x vectors), {counted(taps, 'tap')} at once{of}"
        )
