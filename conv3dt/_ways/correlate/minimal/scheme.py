"""How a gradient of filters of fewer products is computed: slots, boxes, tasks, memory.

slab: a part of all positions, with sums of its own; a pairwise tree adds the slabs' sums
  box: positions of whole rows; all combinations of rows of small are made
    slot of depth, slot of height: combinations of rows of big are made
      piece: taps of the width, a block of columns
        tile: rows of the piece
"""

from dataclasses import dataclass
from math import ceil, gcd, prod

from ...._geometry.integers import n_tiles
from ...._geometry.kept import cached_property
from ...._geometry.tuning import TUNING
from ...shared.blocked import in_lines
from ...shared.wording import listed
from ..boxes import Box, packed_bytes
from ..cut import Cut
from ..layer import Along, Correlation
from ..records import Entry
from ..scheme import CorrelateScheme
from .formulas import Couple, Lines, boxes_of, couples
from .records import MinimalTask, Pair, Source

__all__ = ["MOST_SOURCES", "MinimalScheme", "Rows"]

MOST_SOURCES = 9  # of a combination: three rows of three planes


@dataclass(frozen=True)
class Rows(CorrelateScheme):
    """How rows are multiplied: those of a slot, as if they were a layer of one tap of height."""

    slots: int = 1

    @property
    def in_rows(self) -> bool:
        """Sums are not final when they have been made once."""
        return False

    @property
    def far(self) -> bool:
        """Whether the sums of all slots are so many that few are in the caches."""
        return self.slots * self.sums > TUNING.correlate_far


@dataclass(frozen=True)
class MinimalScheme(Cut):
    """How a gradient of filters is computed in which neighbouring taps share products."""

    # ---- slots -----------------------------------------------------------------------------------

    @cached_property
    def couples(self) -> tuple[list[Couple], list[Couple]]:
        """The taps of depth and of height, in twos."""
        depth, height, _ = self.layer.axes
        return couples(depth), couples(height)

    @property
    def slots(self) -> tuple[int, int]:
        """Slots of depth and height."""
        depth, height = (some[-1].slot + some[-1].slots for some in self.couples)
        return depth, height

    @cached_property
    def lines(self) -> tuple[tuple[Lines, ...], tuple[Lines, ...]]:
        """What is multiplied of each box along depth, and along height."""
        depth, height, _ = self.layer.axes
        return boxes_of(depth, self.box[1]), boxes_of(height, self.box[2])

    @cached_property
    def rows(self) -> Rows:
        """How rows are multiplied."""
        found, whole = (
            Rows(self._of_rows(width), 1, slots=prod(self.slots))
            for width in (self.read, self._all)
        )
        return found if found.roles.taps == 1 else whole

    @property
    def padded(self) -> bool:
        """Whether zeros stand beside the numbers of a row: several taps are taken at once."""
        return self.rows.roles.taps > 1

    def _of_rows(self, width: Along) -> Correlation:
        """Return the layer of which a slot's rows are all."""
        layer, one = self.layer, Along(1, 1, 1, 1, 1, 0)
        packed, compute = (True, True), layer.storage.compute
        return Correlation(compute, 1, (one, one, width), layer.cb, layer.cs, packed, run=True)

    @property
    def first(self) -> int:
        """The first number of big's width that is read."""
        return max(0, -self.layer.axes[2].p)

    @property
    def read(self) -> Along:
        """The width, of the numbers that are read."""
        width = self.layer.axes[2]
        end = min(width.i, width.between(width.o) - width.p)
        return width._replace(i=max(0, end - self.first), p=width.p + self.first)

    @property
    def _all(self) -> Along:
        """The width, of whatever taps read: all of them lie inside."""
        width = self.layer.axes[2]
        return width._replace(i=width.between(width.o), p=0)

    # ---- positions -------------------------------------------------------------------------------

    @cached_property
    def box(self) -> Box:
        """Positions of a box: whole rows, in threes of neighbours.

        So many that combined rows of small stay in L2, or more where there are so many sums, which
        every box adds to, that these cost more.
        """
        few, many = TUNING.shared_positions
        near = TUNING.shared_near // (self.size * self.layer.cs)
        most = max(few, min(many, max(near, self.sums // TUNING.shared_added)))
        while True:
            box = self._box(most)
            if most <= 3 or sum(packed_bytes(self.layer, box)) <= TUNING.shared_bytes:
                return box
            most = ceil(most / 2)

    def _box(self, most: int) -> Box:
        """Return a box of about so many positions: images, planes, or rows of some planes."""
        n, (depth, height, width) = self.layer.n, self.layer.axes
        image, plane = depth.o * height.o * width.o, height.o * width.o
        if image <= most:
            return ceil(n / n_tiles(n, most // image)), depth.o, height.o, width.o
        d, h = (3 * axis.d // gcd(axis.s, axis.d) for axis in (depth, height))
        if d * plane <= most:
            return 1, _even(depth.o, most // plane, d), height.o, width.o
        return 1, min(d, depth.o), _even(height.o, most // (d * width.o), h), width.o

    # ---- tasks -----------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> int:
        """Tasks of a slab, each of some slots, for which it combines rows of small, too."""
        if self.threads == 1:
            return 1
        wanted = TUNING.tasks_per_thread // 2 * self.threads
        return max(1, min(prod(self.slots), ceil(wanted / self.slabs)))

    # ---- memory ----------------------------------------------------------------------------------

    @property
    def in_place(self) -> bool:
        """Sums of slots are no sums of taps."""
        return False

    @cached_property
    def sums(self) -> int:
        """Bytes of a slab's sums, of all slots, whole cache lines."""
        return in_lines(prod(self.slots) * self.block * self.size)

    @property
    def block(self) -> int:
        """Numbers of a slot's sums."""
        return self.layer.kernel[2] * self.layer.cb * self.layer.cs

    @property
    def part(self) -> int:
        """Numbers of each slot's sums that are finished at once."""
        return self.block // self.layer.cs if self.rows.roles.swapped else TUNING.shared_part

    @property
    def row_bytes(self) -> tuple[int, int]:
        """Bytes of combined rows of big and small."""
        layer, width = self.layer, self._all if self.padded else self.read
        big, small = (in_lines(n * self.size) for n in (width.i * layer.cb, width.o * layer.cs))
        return big, small

    @cached_property
    def most_pairs(self) -> int:
        """Pairs of rows of a slot, at most."""
        depth, height = (max(len(s) for x in lines for s in x.slots) for lines in self.lines)
        return self.box[0] * depth * height

    @cached_property
    def most_mixes(self) -> int:
        """Combined rows of small of a box, at most."""
        depth, height = (max(len(x.mixes) for x in lines) for lines in self.lines)
        return self.box[0] * depth * height

    @property
    def _most_runs(self) -> int:
        """Runs of a row, at most."""
        return n_tiles(self.layer.axes[2].o, min(TUNING.shared_runs))

    @property
    def entries_at(self) -> int:
        """Where in a thread's region its list of runs is."""
        return in_lines(MinimalTask.SIZE)

    @property
    def pairs_at(self) -> int:
        """Where that of pairs of rows is."""
        return self.entries_at + in_lines(self.most_pairs * self._most_runs * Entry.SIZE)

    @property
    def places_at(self) -> int:
        """Where that of rows of small is."""
        return self.pairs_at + in_lines(self.most_pairs * Pair.SIZE)

    @property
    def sources_at(self) -> int:
        """Where that of rows that are combined is."""
        return self.places_at + in_lines(self.most_mixes * 8)

    @cached_property
    def list_bytes(self) -> int:
        """Bytes of what a thread writes of its task, and of its lists."""
        return self.sources_at + in_lines(MOST_SOURCES * Source.SIZE)

    @property
    def made_bytes(self) -> int:
        """Bytes of combined rows, or of sums in float64 that are finished at once."""
        big, small = self.row_bytes
        rows = self.most_pairs * big + self.most_mixes * small
        return max(rows, in_lines(8 * prod(self.slots) * min(self.part, self.block)))

    # ---- words -----------------------------------------------------------------------------------

    def kernel_line(self) -> str:
        """Return its tiles in words."""
        rows = self.rows
        shapes = listed(sorted({tile.label for tile in rows.tiles().values()}))
        lanes = self.names[0 if rows.roles.swapped else 1]
        return (
            f"minimal filtering, channels of the {lanes} array in lanes ({self.layer.machine.isa},"
            f" {self.layer.lanes} per vector): tiles of {shapes} (rows x vectors)"
        )


def _even(count: int, most: int, multiple: int) -> int:
    """Return how many a part has at most, of parts that are nearly even, in multiples."""
    parts = n_tiles(count, max(multiple, most // multiple * multiple))
    return min(count, n_tiles(ceil(count / parts), multiple) * multiple)
