"""How a gradient of filters is computed: tiles, boxes of positions, slabs, tasks, memory.

slab: a part of all positions, with sums of its own; a pairwise tree adds the slabs' sums
  box: positions whose products are summed in registers before they are added to the slab's
    piece: a tap of depth, taps of height and width, a block of columns
      tile: rows of the piece
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, prod

from ..._geometry.integers import n_tiles
from ..._geometry.tuning import TUNING
from ..shared.wording import counted, listed, quantity
from .boxes import Box, box_of, packed_bytes, slabs_of
from .cost import Roles, roles_of
from .layer import Correlation
from .pieces import Piece, bunches_of
from .records import CorrelateTask, Entry
from .tile import CorrelateTile
from .tiling import Columns, chains, columns_of, most_rows, row_tiles

__all__ = ["CorrelateScheme", "scheme_of"]

LINE = 64  # bytes


@dataclass(frozen=True)
class CorrelateScheme:
    """How a gradient of filters is computed. Prints itself.

    Attributes
    ----------
    layer : Correlation
        What is computed.
    threads : int
        How many threads work.
    """

    layer: Correlation
    threads: int

    # ---- products --------------------------------------------------------------------------------

    @cached_property
    def roles(self) -> Roles:
        """Which array has the lanes, and how many taps are taken at once."""
        return roles_of(self.layer)

    @cached_property
    def bunches(self) -> list[list[Piece]]:
        """The pieces of a tap of depth, in order; those of a bunch share sums."""
        return bunches_of(self.layer, self.roles)

    @property
    def pieces(self) -> list[Piece]:
        """All pieces of a tap of depth."""
        return [piece for bunch in self.bunches for piece in bunch]

    def tiles(self) -> dict[tuple[int, Columns, int], CorrelateTile]:
        """Return the register tiles in use, by groups, columns (from 0) and rows of a group."""
        machine = self.layer.machine
        return {
            (piece.height.taps, piece.columns._replace(start=0), n): self._tile(piece, n)
            for piece in self.pieces
            for n in row_tiles(machine, piece.columns, piece.rows)
        }

    def most_rows(self, columns: Columns) -> int:
        """Return the most rows of a tile with these columns."""
        return most_rows(self.layer.machine, columns)

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
            chains=chains(machine, outer * rows, columns.vectors),
        )

    # ---- positions -------------------------------------------------------------------------------

    @property
    def extents(self) -> Box:
        """All positions along batch, depth, height and width."""
        depth, height, width = self.layer.axes
        return self.layer.n, depth.o, height.o, width.o

    @cached_property
    def box(self) -> Box:
        """Positions of a box along batch, depth, height and width."""
        return box_of(self.layer)

    @cached_property
    def boxes(self) -> tuple[int, ...]:
        """Boxes along batch, depth, height and width."""
        return tuple(n_tiles(o, b) for o, b in zip(self.extents, self.box, strict=True))

    @cached_property
    def slabs(self) -> int:
        """Parts of all positions that are summed apart, a power of two."""
        return slabs_of(self.layer, prod(self.boxes))

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

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.slabs * self.groups

    # ---- memory ----------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of a number in the compute type."""
        return self.layer.storage.size

    @cached_property
    def sums(self) -> int:
        """Bytes of a slab's sums, whole cache lines."""
        return _lines(self.layer.numbers * self.size)

    @property
    def in_place(self) -> bool:
        """Whether the first slab's sums lie as the gradient does, in the same type."""
        return not (self.layer.storage.converted or self.roles.swapped)

    @property
    def all_sums(self) -> int:
        """Bytes of the sums of slabs, but for those that are the gradient."""
        return (self.slabs - self.in_place) * self.sums

    @cached_property
    def packed_at(self) -> tuple[int, int, int]:
        """Where in a thread's region big and small are packed, and its end."""
        entries = max(prod(self.box) // self.box[axis] for axis in (0, 2, 3))
        big, small = packed_bytes(self.layer, self.box)
        first = _lines(CorrelateTask.SIZE + entries * Entry.SIZE)
        return first, first + _lines(big), first + _lines(big) + _lines(small)

    @property
    def in_ring(self) -> bool:
        """Whether packed planes of big stay for the next boxes, which are those behind in depth."""
        return self.layer.packed[0] and self.layer.axes[0].shared(self.box[1])

    @property
    def scratch_step(self) -> int:
        """Bytes of a thread's region."""
        return self.packed_at[2]

    @property
    def scratch(self) -> int:
        """Bytes of working memory, beside the sums of slabs."""
        return self.threads * self.scratch_step

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
        return _lines(numbers * self.size) // LINE

    # ---- words -----------------------------------------------------------------------------------

    def __str__(self) -> str:
        """Return the scheme in a few lines."""
        layer = self.layer
        space = (
            f"{name:<8} {axis.o} positions of {axis.i}: kernel {axis.k}, stride {axis.s},"
            f" dilation {axis.d}, padded {axis.p} in front"
            for name, axis in zip(("depth", "height", "width"), layer.axes, strict=True)
        )
        work = f"{quantity(layer.flops, 1000)}FLOP, {quantity(layer.bytes, 1024)}B of arrays"
        lines = [
            f"gradient of filters, {layer.dtype}: batch {layer.n}, {layer.cb} channels of the"
            f" larger array, {layer.cs} of the smaller",
            *space,
        ]
        if not layer.flops:
            return "\n".join([*lines, "kernel   nothing to compute"])
        lines += [
            f"kernel   {self._kernel_line()}",
            f"blocks   {'x'.join(map(str, self.box))} positions; {counted(self.slabs, 'slab')} of"
            f" {layer.positions // self.slabs}, added in pairs",
            f"work     {work}, {layer.flops / max(1, layer.bytes):.1f} FLOP per byte",
            f"memory   {self._memory_line()}",
            f"threads  {self.threads}, {counted(self.tasks, 'task')}",
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def _kernel_line(self) -> str:
        roles, layer = self.roles, self.layer
        shapes = listed(sorted({tile.label for tile in self.tiles().values()}))
        lanes, taps = "larger" if roles.swapped else "smaller", roles.heights * roles.taps
        return (
            f"channels of the {lanes} array in lanes ({layer.machine.isa}, {layer.lanes} per"
            f" vector): tiles of {shapes} (rows x vectors), {counted(taps, 'tap')} at once"
        )

    def _memory_line(self) -> str:
        names = zip(("larger", "smaller"), self.layer.packed, strict=True)
        packed = " and the ".join(name for name, is_packed in names if is_packed)
        what = f"the {packed} array packed" if packed else "both arrays read where they lie"
        sums, scratch = (quantity(x, 1024) for x in (self.all_sums, self.scratch))
        return f"{what}, sums of slabs {sums}B, scratch {scratch}B"


@lru_cache(maxsize=1024)
def scheme_of(layer: Correlation, threads: int) -> CorrelateScheme:
    """Return the scheme of a gradient for at most so many threads, fewer where memory is short."""
    if not layer.flops:
        return CorrelateScheme(layer, 1)
    threads = 1 if layer.flops < TUNING.serial_flops else threads
    most = max(1, TUNING.scratch_bytes // CorrelateScheme(layer, 1).scratch_step)
    scheme = CorrelateScheme(layer, min(threads, most))
    return CorrelateScheme(layer, min(scheme.threads, scheme.tasks))


def _lines(size: int) -> int:
    """Return the bytes of whole cache lines."""
    return -(-size // LINE) * LINE
