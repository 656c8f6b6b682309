"""The scheme of the minimal way: how tiles are cut into blocks, and where numbers lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import inf, prod

import numpy as np
from numpy.typing import NDArray

from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, in_lines
from ..shared.sharing import Costs
from ..shared.storing import past_caches
from ..shared.wording import counted, listed, quantity, stored_line
from .formulas import Program
from .heights import Rows, rows_of
from .records import MinimalTask
from .sizes import Sizes
from .tile import MinimalTile
from .widths import Run

__all__ = ["MinimalScheme"]


@dataclass(frozen=True, eq=False)
class MinimalScheme(Sizes):
    """How a layer is computed with fewer products."""

    # ---- tiles and blocks ------------------------------------------------------------------------

    @property
    def most_positions(self) -> int:
        """Tiles of a block: more where tiles at borders lie along the height."""
        return TUNING.minimal_positions[self.summed_apart]

    @cached_property
    def row_tiles(self) -> int:
        """Tiles along the height of a block."""
        tiles = max((line.tiles for line in self.programs[1].lines), default=1)
        most = max(1, min(tiles, self.most_positions // self.positions // self.cut))
        while most > 1 and self.region_of(most) > TUNING.minimal_bytes[self.heavy]:
            most -= 1
        return -(-tiles // -(-tiles // most))

    @property
    def depth_tiles(self) -> int:
        """Tiles along the depth of a block: inputs that are packed are used by several."""
        return 1 if self.direct else max(1, TUNING.minimal_depth // self.cut)

    @property
    def pairs(self) -> int:
        """Lines of depth and of height whose pairs are tasks of their own; 1: none are."""
        depth, height, _ = self.programs
        return len(depth.lines) * len(height.lines) if self.lines_apart else 1

    @cached_property
    def n_blocks(self) -> tuple[int, int]:
        """Blocks along depth and height."""
        most = [max((x.tiles for x in p.lines), default=0) for p in self.programs[:2]]
        return -(-most[0] // self.depth_tiles), -(-most[1] // self.row_tiles)

    @property
    def tasks(self) -> int:
        """Pieces of work that threads take one after the other."""
        return self.layer.request.n * prod(self.n_blocks) * self.pairs

    @cached_property
    def costs(self) -> Costs:
        """Predicted cycles of each task: of its products, and of inputs that it packs."""
        d = _shares(self.programs[0], self.depth_tiles, self.n_blocks[0])
        h = _shares(self.programs[1], self.row_tiles, self.n_blocks[1])
        if not self.lines_apart:
            d, h = d.sum(1, keepdims=True), h.sum(1, keepdims=True)
        ones = np.ones(self.layer.request.n)
        costs: Costs = np.einsum("n,hb,da->nhdab", ones, h, d).ravel()
        beside = TUNING.task_cycles + TUNING.input_cycles * self.packed_bytes / self.size
        costs *= self.cycles / max(1.0, costs.sum())
        costs += beside
        return costs

    @property
    def weights(self) -> int:
        """Numbers of transformed filters."""
        return self.filters_bytes // self.size

    @property
    def packing_cycles(self) -> float:
        """Predicted cycles of transforming filters."""
        return TUNING.minimal_filter * self.weights / self.layer.lanes

    @cached_property
    def heights(self) -> tuple[list[Rows], ...]:
        """What each block of rows does, by line of the height."""
        program, cut = self.programs[1], self.row_tiles
        starts = [n * cut for n in range(self.n_blocks[1])]
        return tuple(
            [rows_of(program, x, min(lo, x.tiles), min(lo + cut, x.tiles)) for lo in starts]
            for x in program.lines
        )

    @cached_property
    def rows(self) -> set[int]:
        """Products along the height that have the same filters: the different numbers."""
        return {use.end - use.first for x in self.heights for block in x for use in block.uses}

    def upright(self, run: Run) -> bool:
        """Whether register tiles lie along the height: where there are fewer along the width."""
        most = min(self.most_tiles(vectors, run.formula) for vectors in self.vectors)
        return run.tiles < min(max(self.rows, default=1), most)

    @property
    def streamed(self) -> bool:
        """Whether outputs go past the caches."""
        output = prod(self.layer.request.output_shape) * self.layer.storage.item
        far = min(TUNING.minimal_stream, self.layer.machine.stream_from)
        streams = self.layer.machine.stream_from < inf and output >= far
        return (streams or past_caches(self.layer)) and not self.layer.apart

    @property
    def calls(self) -> int:
        """Calls of kernels that multiply, for each product of the depth."""
        uses = sum(len(block.uses) for line in self.heights for block in line)
        return uses * len(self.blocks) * sum(map(len, self.width_tiles.runs))

    # ---- memory ----------------------------------------------------------------------------------

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
        return in_lines(MinimalTask.SIZE + 16 * (8 + self.terms))

    @property
    def scratch(self) -> int:
        """Bytes of working memory beside packed filters, all threads together."""
        return self.threads * (self.region + self.lists_step)

    @property
    def panels(self) -> int:
        """Bytes of packed filters."""
        return self.filters_bytes + self.packing.threads * self.stage

    @property
    def layout(self) -> tuple[object, ...]:
        """What packed filters depend on."""
        r = self.layer.request
        return type(self), r.k, r.s, r.d, self.blocks, tuple(p.slots for p in self.programs)

    def in_place(self) -> MinimalScheme:
        """Return the scheme that reads a contiguous input where it lies, if channels are last."""
        ragged = self.layer.request.ci % self.layer.lanes  # a vector reads beyond them
        if self.direct or self.layer.apart or self.layer.converted or ragged:
            return self
        return replace(self, direct=True)

    # ---- kernels and words -----------------------------------------------------------------------

    def tile(self, kind: str, **options: object) -> MinimalTile:
        """Return a kernel's tile: of the compute type, but for what stores outputs."""
        layer, r = self.layer, self.layer.request
        storage = r.dtype if kind == "finish" else layer.storage.compute
        return MinimalTile(kind, storage, layer.lanes, layer.machine.fused, **options)  # type: ignore[arg-type]

    def tiles(self) -> Iterator[tuple[int, int, int, MinimalTile]]:
        """Yield (vectors, formula, upright, tile) for every micro-kernel that multiplies."""
        runs = {run for line in self.width_tiles.runs for run in line}
        kinds = {(run.formula, self.upright(run), n) for run in runs
                 for n in (self.rows if self.upright(run) else (run.tiles,))}  # fmt: skip
        for vectors, (formula, upright, n) in product(self.vectors, sorted(kinds)):
            most = self.most_tiles(vectors, formula)
            how = {"rows": -(-n // -(-n // most)), "vectors": vectors, "formula": formula}
            how |= {"pitch": self.pitch, "upright": upright * self.v_starts[-1]}
            how |= {"chains": self.chains if formula > 1 else 1}
            for half in (0, 1) if self.halves(formula) else (-1,):
                yield vectors, formula, int(upright), self.tile("multiply", half=half, **how)

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed(sorted({tile.label for *_, tile in self.tiles()}))
        return {
            "kernel": f"minimal filtering ({self.layer.instructions}), {self.saved:.2f} times fewer"
            f" products than the definition; tiles of {shapes}",
            "blocks": f"{self.depth_tiles} x {self.row_tiles} rows of tiles of 2x2x2 outputs,"
            f" {counted(len(self.blocks), 'block')} of channels",
            "memory": f"transformed filters {quantity(self.panels, 1024)}B",
            "after": stored_line(self.streamed),
        }

    @property
    def saved(self) -> float:
        """How many times fewer products there are than the definition has."""
        r = self.layer.request
        made = prod(p.products for p in self.programs) * r.n
        return self.layer.flops / max(1, 2 * r.ci * r.co * made)


def _shares(program: Program, cut: int, blocks: int) -> NDArray[np.float64]:
    """Return how many products each block of `cut` tiles has in each line of an axis."""
    found = np.zeros((blocks, len(program.lines)))
    for n, counts in enumerate(program.counts):
        for u, count in enumerate(counts):
            found[u // cut, n] += count
    return found
