"""What tiles of AMX are predicted to cost, for each way that rows may run."""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from ..._geometry import integers
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocks, Shape
from ..shared.layer import Layer
from ..shared.scheme import BY_TILES, Candidate
from ..shared.tiled import tiled

__all__ = ["MOST_PAIRS", "MOST_ROWS", "amx_candidates", "pairs_at_once"]

MOST_ROWS = 16  # of a tile
MOST_PAIRS = 16
_PARTS = 2  # tiles of inputs that take part at once


def amx_candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the candidates, where inputs can be taken in pairs and a tile may hold zeros."""
    layer = layer.in_pairs()
    if not (layer.machine.amx and layer.storage.pairs) or layer.no_zeros:
        return
    vectors = -(-layer.request.co // layer.lanes)
    sizes = [2] * (vectors // 2) + [1] * (vectors % 2)
    starts = (2 * n * layer.lanes for n in range(len(sizes)))
    yield from _Amx(
        layer, tuple(zip(starts, (s * layer.lanes for s in sizes), strict=True))
    ).candidates()


def pairs_at_once(channels: int) -> int:
    """Return how many pairs of input channels a product takes: all products take as many.

    So no tile is part empty, which only zeros could fill: they would meet the numbers of another
    position, and if these are infinite make NaN of them. Nor does it depend on where a row begins
    which pairs are summed together.
    """
    return max(n for n in range(1, MOST_PAIRS + 1) if channels % n == 0)


class _Amx(NamedTuple):
    """Candidates with these blocks of output channels."""

    layer: Layer
    blocks: Blocks

    def candidates(self) -> Iterator[Candidate]:
        """Yield one for each way that rows may run."""
        batch, _, height, width = self.layer.axes
        most = _PARTS * MOST_ROWS
        along = width.phases_and_taps()
        row = sum(taps * tiled(f.length, most, self._parts) for f, taps in along)
        tiles = sum(f.alike * integers.n_tiles(f.length, most) for f in width.phases)
        count = batch.i * height.pairs() * row
        yield self._candidate("width", (1, 1, 1, most), count, batch.i * height.outputs * tiles)
        if 0 < width.positions <= MOST_ROWS:
            yield self._along_height()
        count = height.pairs() * width.pairs() * tiled(batch.i, most, self._parts)
        tiles = height.outputs * width.outputs * integers.n_tiles(batch.i, most)
        yield self._candidate("batch", (most, 1, 1, 1), count, tiles)

    def _along_height(self) -> Candidate:
        """Return the candidate whose tiles are of two lines of the height."""
        batch, _, height, width = self.layer.axes
        pairs = sum(taps for _, taps in width.phases_and_taps())
        count = pairs * sum(
            taps * tiled(f.length, _PARTS, self._cycles) for f, taps in height.phases_and_taps()
        )
        rows = sum(f.alike * integers.n_tiles(f.length, _PARTS) for f in height.phases)
        at_most = (1, 1, _PARTS, width.positions)
        return self._candidate(
            "height and width", at_most, batch.i * count, batch.i * rows * width.n_phases
        )

    def _parts(self, rows: int) -> float:
        """Return the cycles of a tap for rows at even distances."""
        return self._cycles(-(-rows // MOST_ROWS))

    def _cycles(self, parts: int) -> float:
        """Return the cycles of a tap for so many tiles of inputs, of all blocks of channels."""
        r, machine = self.layer.request, self.layer.machine
        pairs = pairs_at_once(r.ci)
        total = 0.0
        for _, columns in self.blocks:
            vectors = columns // self.layer.lanes
            loads = (parts * MOST_ROWS + vectors * pairs) / machine.loads
            arrival = vectors * pairs * machine.vector_bytes / machine.panel_rate
            products = max(parts * vectors * machine.amx, loads, arrival)
            total += r.ci // pairs * products + TUNING.tap_cycles
        return total

    def _candidate(
        self, along: str, most: tuple[int, int, int, int], count: float, tiles: int
    ) -> Candidate:
        """Return the candidate of so many cycles a tap of the depth, and tiles an output of it."""
        depth = self.layer.axes[1]
        beside = depth.outputs * tiles * len(self.blocks) * TUNING.amx_tile_cycles
        stored = TUNING.scattered_cycles * self.layer.request.co if self.layer.apart else 0.0
        outputs = prod(axis.outputs for axis in self.layer.axes)
        total = depth.pairs() * count + beside + outputs * stored
        return Candidate(f"{along}, AMX", total, Shape(most, self.blocks, True), order=BY_TILES)
