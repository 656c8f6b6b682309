"""The scheme of the minimal way: how tiles are cut into blocks, and where numbers lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..._geometry.kept import cached_property
from ..._geometry.tuning import TUNING
from ..shared.blocked import LINE, in_lines
from ..shared.sharing import Costs
from ..shared.storing import past_caches
from ..shared.wording import counted, listed, quantity, stored_line
from .blends import Blend, blends_of, shared
from .formulas import BOTH, Program
from .outputs import made_bytes
from .records import MOST_PRODUCTS
from .sizes import ROWS_BESIDE, TERMS, Sizes
from .task import Job, MinimalTask, Patch, Stream, Target
from .tile import MinimalTile

__all__ = ["MinimalScheme"]


@dataclass(frozen=True, eq=False)
class MinimalScheme(Sizes):
    """How a layer is computed with fewer products."""

    # ---- tiles and blocks ------------------------------------------------------------------------

    @cached_property
    def row_tiles(self) -> int:
        """Tiles along the height of a block."""
        return self._row_tiles(self.lines_of_sums)

    def _row_tiles(self, lines: int) -> int:
        """Return the tiles along the height of a block, with the sums of so many lines of depth."""
        tiles = max((line.tiles for line in self.programs[1].lines), default=1)
        positions = TUNING.minimal_joined if self.woven else TUNING.minimal_positions
        most = max(1, min(tiles, positions // self.positions // self.cut))
        room = TUNING.minimal_bytes, TUNING.minimal_region
        while most > 1 and self.region_of(most, lines) > room[most <= self.fewest_rows]:
            most -= 1
        return -(-tiles // -(-tiles // most))

    @cached_property
    def together(self) -> bool:
        """Whether lines of depth share inputs: there is room for the sums of all of them."""
        depth = self.programs[0]
        return shared(depth) and self._row_tiles(len(depth.lines)) == self._row_tiles(1)

    @property
    def lines_of_sums(self) -> int:
        """Lines of depth whose sums are in work at a time."""
        return len(self.programs[0].lines) if self.together else 1

    @property
    def depth_tiles(self) -> int:
        """Tiles along the depth of a task: they share inputs, and one combines the next one's."""
        return max(1, TUNING.minimal_depth // self.cut)

    @cached_property
    def blends(self) -> tuple[tuple[Blend, ...], ...]:
        """What is combined along the depth, for each block of tiles."""
        return blends_of(self.programs[0], self.depth_tiles, self.together)

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
        beyond = self.filtering.beyond * (self.filters_bytes >= TUNING.minimal_written)
        return (self.filtering.filter + beyond) * self.weights / self.layer.lanes

    def rows(self, vectors: int, joined: tuple[int, ...] = ()) -> dict[int, int]:
        """Return the positions of a register tile by those that there are in a block.

        As few as possible are computed in vain, behind the last one; a tile that joins products
        takes as long as 1.5 positions more. Each tile asks for a vector of the next filters.
        """
        most = self.most_rows(vectors, joined)
        if joined:
            found = {n: range(1, min(n, most) + 1) for n in self.counts}
            return {n: min(legal, key=lambda rows: -(-n // rows) * (rows + 1.5))
                    for n, legal in found.items()}  # fmt: skip
        good = 4 * most // 7 if most > 12 else most  # more rows do not multiply faster
        legal = sorted(range((most + 1) // 2, most + 1), key=lambda rows: abs(rows - good))
        return {n: min(legal, key=lambda rows: -(-n // rows) * rows) if n > most
                else -(-n // vectors) if n >= ROWS_BESIDE else n
                for n in self.counts}  # fmt: skip

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Positions that a block has in a slot of height and of width: the different numbers."""
        found = set()
        for line in self.programs[1].lines:
            for lo in range(0, line.tiles, self.row_tiles):
                tiles = range(lo, min(line.tiles, lo + self.row_tiles))
                slots = Counter(x.slot for u in tiles for x in self.programs[1].entries(line, u))
                widths = {strip.positions for strip in self.width_tiles.strips}
                found |= {n * w for n in slots.values() for w in widths}
        return tuple(sorted(found - {0}))

    @property
    def streamed(self) -> bool:
        """Whether outputs go past the caches."""
        return past_caches(self.layer) and not self.layer.apart

    @property
    def begun(self) -> bool:
        """Whether sums begin with the first products of an output: there are for all of a row."""
        return all(line.groups for line in self.programs[2].lines)

    @property
    def slots_in_turn(self) -> int:
        """Calls for slots of height and width, in all blocks, for each product of the depth."""
        slots = sum(line.slots for line in self.programs[1].lines)
        slots *= len(self.width_tiles.strips)
        return slots * len(self.blocks) * self.n_blocks[1]

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
        numbers = self.region_of(self.row_tiles, self.lines_of_sums) + self.packed_bytes
        return in_lines(numbers) + self.made_bytes + LINE

    @cached_property
    def made_bytes(self) -> int:
        """Bytes of rows of outputs that are made in scratch, if they lie between cache lines."""
        return made_bytes(self.layer, self.programs[1], self.row_tiles) if self.streamed else 0

    @property
    def lists_step(self) -> int:
        """Bytes of what a thread writes of its task."""
        fixed = MinimalTask.SIZE + 8 * TERMS + 3 * Target.SIZE
        jobs, streams = self.most_jobs * Job.SIZE, (self.reads_of(self.row_tiles) + 1) * Stream.SIZE
        patches = len(self.vectors) * self.most_patches * (Patch.SIZE + 2 * 8 * MOST_PRODUCTS)
        return in_lines(fixed + jobs + streams + patches) + 3 * LINE

    @property
    def most_patches(self) -> int:
        """Patches of a block of rows, at most."""
        groups = max((len(line.groups) for line in self.programs[1].lines), default=0)
        return self.row_tiles * groups * sum(map(len, self.width_tiles.runs))

    @property
    def most_jobs(self) -> int:
        """Jobs of a task, at most."""
        height = self.programs[1]
        return max(map(len, self.blends), default=0) * len(height.lines)

    @property
    def beside(self) -> bool:
        """Whether rows of inputs are combined beside products: there are registers for both."""
        return self.layer.machine.rows[1] >= ROWS_BESIDE

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
        if self.direct or self.layer.apart or self.layer.converted:
            return self
        return replace(self, direct=True)

    # ---- kernels and words -----------------------------------------------------------------------

    def tile(self, kind: str, **options: object) -> MinimalTile:
        """Return a kernel's tile: of the compute type, but for what stores outputs."""
        layer, r = self.layer, self.layer.request
        storage = r.dtype if kind in ("finish", "restore") else layer.storage.compute
        return MinimalTile(kind, storage, layer.lanes, layer.machine.fused, **options)  # type: ignore[arg-type]

    def tiles(self) -> Iterator[tuple[int, int, int, MinimalTile]]:
        """Yield (vectors, 0, rows, tile) for every micro-kernel that multiplies."""
        for joined, vectors in product(self.forms, self.vectors):
            chains = 1 if joined == (BOTH,) else self.chains  # of one tap: nothing is lost
            how = {
                "pitch": self.pitch, "copies": self.made_bytes > 0,
                "chains": chains, "joined": joined,
            }  # fmt: skip
            for rows in sorted({*self.rows(vectors, joined).values()}):
                kind = self.kind_of(vectors, joined)
                yield vectors, 0, rows, self.tile(kind, rows=rows, vectors=vectors, **how)

    @property
    def forms(self) -> tuple[tuple[int, ...], ...]:
        """The formulas that strips join: the different ones."""
        return tuple(sorted({strip.joined for strip in self.width_tiles.strips}))

    def lines(self) -> dict[str, str]:
        """Return the scheme in words."""
        shapes = listed([tile.label for *_, tile in self.tiles()])
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
