"""The scheme of the folding way: input positions in the lanes, results carried by taps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..._geometry.kept import cached_property
from ..shared.blocked import in_lines
from ..shared.lane_tile import LaneTile
from ..shared.layer import Layer
from ..shared.scheme import Scheme
from ..shared.sharing import Costs
from ..shared.storing import LINE
from ..shared.wording import counted, listed, quantity, stored_line
from .cost import costs_of, row_cycles
from .folding import Folding
from .records import FoldTask

__all__ = ["FoldScheme"]


@dataclass(frozen=True, eq=False)
class FoldScheme(Scheme):
    """How a layer is folded."""

    layer: Layer
    folding: Folding
    threads: int
    cycles: float
    shifted: bool = False  # the output begins between cache lines

    @cached_property
    def costs(self) -> Costs:
        """Predicted cycles of each task."""
        return costs_of(self.folding, row_cycles(self.folding))

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.folding.tasks

    @property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task."""
        return in_lines(FoldTask.SIZE)

    @property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        return self.threads * (self.scratch_step + self.lists_step)

    @cached_property
    def scratch_step(self) -> int:
        """Bytes of a thread's region: of folding, a row of outputs, and lines that wait."""
        return self.folding.region + self.made_bytes

    # ---- outputs that begin between cache lines --------------------------------------------------

    def between_lines(self) -> FoldScheme:
        """Return the scheme whose rows are made in scratch, wherever the output begins."""
        shifted = replace(self, shifted=True)
        return shifted if shifted.made else self

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of outputs, of a channel if these lie apart."""
        r = self.layer.request
        return r.o[2] * self.layer.storage.item * (1 if self.layer.apart else r.co)

    @cached_property
    def made(self) -> bool:
        """Whether rows go past the caches though they begin between lines: by way of scratch."""
        row, folding = self.row_bytes, self.folding
        between = row >= LINE and (self.shifted or row % LINE > 0)
        return folding.finish_tile.streamed and folding.n_blocks[2] == 1 and between

    @property
    def made_bytes(self) -> int:
        """Bytes of a row, what waits before it, and what waits of each plane and channel."""
        runs = self.folding.group if self.layer.apart else 1
        waiting = LINE * (1 + self.folding.window * runs)
        return waiting + in_lines(self.row_bytes) if self.made else 0

    @property
    def weights(self) -> int:
        """Numbers of packed filters."""
        return self.folding.groups * self.folding.columns * self.layer.request.ci

    @property
    def pieces(self) -> int:
        """Pieces of the work of packing filters: tiles of columns, in all groups."""
        return self.folding.groups * len(self.folding.column_blocks)

    @property
    def panels(self) -> int:
        """Bytes of packed filters."""
        return self.weights * self.folding.size

    @property
    def width(self) -> int:
        """Output channels, padded to whole groups."""
        return self.folding.groups * self.folding.group

    @property
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on."""
        return type(self), self.folding.group, self.layer.request.k

    def tiles(self) -> Iterator[tuple[int, int, int, LaneTile]]:
        """Yield (number of the kind, 0, vectors, tile) for every micro-kernel that folds."""
        return self.folding.tiles()

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        folding, (d, h, w) = self.folding, self.folding.block
        shapes = listed([tile.label for *_, tile in self.tiles()])
        group = counted(folding.group, "channel")
        return {
            "kernel": f"positions in lanes ({self.layer.instructions}, {folding.lanes} per vector),"
            f" folded: tiles of {shapes} (taps x vectors of inputs)",
            "blocks": f"1 x {d}x{h}x{w} outputs, {group} a task; sums of {folding.window} planes",
            "memory": f"packed filters {quantity(self.panels, 1024)}B",
            "after": stored_line(folding.finish_tile.streamed),
        }
