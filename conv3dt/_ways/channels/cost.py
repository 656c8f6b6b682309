"""What the channel way is predicted to cost: the best tile for each way that rows may run."""

from collections.abc import Iterator
from functools import partial
from math import ceil, prod
from typing import NamedTuple

from ..._geometry import integers
from ..._geometry.tuning import TUNING, Machine
from ..shared.blocked import Blocks, Shape
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from ..shared.tiled import tiled
from .amx_cost import amx_candidates

__all__ = ["candidates", "channel_blocks"]


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the candidates, rows along the width first; without zeros there is no other."""
    r, lanes = layer.request, layer.lanes
    most = len(layer.machine.rows) if not layer.apart else 3  # rows are turned block by block
    whole = _Channels(layer, channel_blocks(r.co, lanes, most=most))
    if layer.no_zeros:
        yield whole.along_width()
        return
    yield from whole.candidates()
    if max(whole.vectors, default=0) > 3:  # halves of such blocks are tiles of more positions
        for halves in _Channels(layer, channel_blocks(r.co, lanes)).candidates():
            yield halves._replace(cycles=halves.cycles * TUNING.run_margin)
    if layer.machine.half_loads and 0 < r.co % lanes <= lanes // 2:
        yield from _Channels(layer, channel_blocks(r.co, lanes, half=True)).candidates()
    yield from amx_candidates(layer)


def channel_blocks(co: int, lanes: int, half: bool = False, most: int = 3) -> Blocks:
    """Return the blocks of output channels: two vectors, or 1 or 3, and last, maybe, half a vector.

    Two vectors use every broadcast twice; a third is taken where one would be left over. Four, if a
    block may have as many, are all channels of a position: lines are stored whole wherever it lies.
    """
    vectors = co // lanes if half else -(-co // lanes)
    sizes = [4] if vectors == most == 4 and not half else [2] * (vectors // 2)
    if vectors % 2:
        sizes[-1:] = [3] if sizes else [1]
    blocks = [(lanes * sum(sizes[:n]), lanes * size) for n, size in enumerate(sizes)]
    return (*blocks, (lanes * vectors, lanes // 2)) if half else tuple(blocks)


def tile_cycles(machine: Machine, rows: int, vectors: float) -> float:
    """Return the cycles of one k of a tile: products, loads, latency or the panel's arrival."""
    loads = machine.loads if vectors >= 1 else machine.half_loads
    return max(
        rows * vectors / machine.fmas,
        (rows + ceil(vectors)) / loads,
        machine.latency,
        vectors * machine.vector_bytes / machine.panel_rate,
    )


class _Channels(NamedTuple):
    """Candidates with these blocks of output channels."""

    layer: Layer
    blocks: Blocks

    @property
    def vectors(self) -> list[float]:
        """Vectors of each block."""
        return [columns / self.layer.lanes for _, columns in self.blocks] or [1]

    @property
    def most(self) -> int:
        """Rows of a tile at most."""
        return min(self.layer.machine.rows[ceil(v) - 1] for v in self.vectors)

    def candidates(self) -> Iterator[Candidate]:
        """Yield one for each way that rows may run."""
        yield self.along_width()
        if 0 < self.layer.axes[3].positions <= self.most // 2:
            yield self._along_height()
        yield self._along_batch()

    def along_width(self) -> Candidate:
        """Return the candidate whose rows run along the width."""
        batch, _, height, width = self.layer.axes
        taps, most = width.phases_and_taps(), self.most
        row = sum(f.alike * tiled(f.length, most, partial(self._cycles, n)) for f, n in taps)
        in_row = sum(f.alike * integers.n_tiles(f.length, most) for f, _ in taps)
        tiles = batch.i * height.outputs * in_row
        return self._candidate("width", (1, 1, 1, most), batch.i * height.pairs() * row, tiles)

    def _along_height(self) -> Candidate:
        batch, _, height, width = self.layer.axes
        groups, phases = self.most // width.positions, width.n_phases
        count = sum(
            fh.alike * fw.alike * nh * tiled(
                fh.length, groups,
                lambda g: self._cycles(nw, g * fw.length),  # noqa: B023
            )
            for fh, nh in height.phases_and_taps()
            for fw, nw in width.phases_and_taps()
        )  # fmt: skip
        rows = sum(f.alike * integers.n_tiles(f.length, groups) for f in height.phases)
        at_most = (1, 1, groups, width.positions)
        return self._candidate(
            "height and width", at_most, batch.i * count, batch.i * phases * rows
        )

    def _along_batch(self) -> Candidate:
        batch, _, height, width = self.layer.axes
        count = height.pairs() * width.pairs() * tiled(batch.i, self.most, partial(self._cycles, 1))
        tiles = height.outputs * width.outputs * integers.n_tiles(batch.i, self.most)
        return self._candidate("batch", (self.most, 1, 1, 1), count, tiles)

    def _cycles(self, taps: int, rows: int) -> float:
        """Return the cycles of tiles of all blocks, for so many taps along the width."""
        layer = self.layer
        each = sum(tile_cycles(layer.machine, rows, v) for v in self.vectors)
        beside = TUNING.tap_cycles * layer.entries(taps) * len(self.vectors)
        return layer.request.ci * taps * each + beside

    def _candidate(
        self, along: str, most: tuple[int, int, int, int], count: float, tiles: int
    ) -> Candidate:
        """Return the candidate of so many cycles a tap of the depth, and tiles an output of it."""
        depth = self.layer.axes[1]
        beside = depth.outputs * tiles * len(self.vectors) * TUNING.tile_cycles
        total = depth.pairs() * count + beside + _storing(self.layer, self.blocks)
        total += _packing(self.layer)
        return Candidate(along, total, Shape(most, self.blocks))


def _packing(layer: Layer) -> float:
    """Return the cycles of packing inputs whose channels lie apart: they are turned, in squares.

    Of 32 to 3 channels, kernel 1, at 64^3 that is more than all products. Where all are in L2, the
    next are turned while products wait for nothing. Those that the strides of a single tap leave
    apart are copied one by one.
    """
    inputs = layer.request.ci * prod(axis.i for axis in layer.axes)
    if layer.apart and layer.axes[3].every > 1 and prod(layer.request.k) == 1:
        return TUNING.parted_alone * inputs
    far = inputs * layer.storage.size >= 2 * TUNING.slab_bytes
    return TUNING.apart_cycles * inputs if layer.apart and far and layer.request.ci > 1 else 0.0


def _storing(layer: Layer, blocks: Blocks) -> float:
    """Return the cycles of outputs that tiles with channels in the lanes cannot store themselves.

    Channels that lie apart are stored one by one, or turned; parts of cache lines, where results go
    past the caches, are copied.
    """
    outputs = layer.request.co * prod(axis.outputs for axis in layer.axes)
    size = layer.machine.vector_bytes // layer.lanes
    if layer.apart:
        near = size * outputs < TUNING.near_bytes
        turned = TUNING.turned_cycles if near else TUNING.far_turned_cycles
        alone = layer.request.co == layer.lanes and layer.machine.fmas >= 2
        if alone and not layer.asked.forward:  # whose few taps do not hide it
            turned = TUNING.turned_alone
        return outputs * (turned if layer.request.co >= layer.lanes else TUNING.scattered_cycles)
    copied = size * outputs >= layer.machine.stream_from and size * layer.request.co % 64
    return TUNING.line_cycles * size * outputs / 64 if copied and len(blocks) == 1 else 0.0
