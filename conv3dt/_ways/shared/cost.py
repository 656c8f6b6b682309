"""The ways to compute a layer: the tile of each, and the cycles it is predicted to take.

Channel kernel: output channels in the lanes, rows along the width, groups of rows in height, or
images. Wide kernel: positions along the width in the lanes.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil, prod
from typing import NamedTuple

from ..._geometry import integers
from ..._geometry.tuning import TUNING, Machine
from ..fold.plan import Folding
from .blocking import Axis

__all__ = ["MOST_VECTORS", "Layer", "Tiling", "channel_blocks", "fold_tiling", "tilings"]

Blocks = tuple[tuple[int, int], ...]

MOST_VECTORS = 3  # of output channels in a block


class Tiling(NamedTuple):
    """The shape of a tile."""

    kernel: str  # 'channels' or 'wide' (output positions in the lanes) or 'fold' (input positions)
    along: str  # what rows run along
    most: tuple[int, int, int, int]  # positions of a tile along batch, depth, height, width
    blocks: Blocks  # (first channel, columns of the panel) of the blocks of output channels
    cycles: float  # predicted, one thread
    why: str
    folding: Folding | None = None

    @property
    def way(self) -> str:
        """Its name: which kernel, and what rows run along."""
        return f"{self.kernel}: {self.along}"

    @property
    def wide(self) -> bool:
        """Whether output positions are in the lanes."""
        return self.kernel == "wide"


class Layer(NamedTuple):
    """What the choice depends on."""

    axes: tuple[Axis, Axis, Axis, Axis]
    ci: int
    co: int
    apart: bool  # the output is NCDHW: neighbouring channels lie apart
    lanes: int
    machine: Machine

    def entries(self, taps: int) -> int:
        """Return how many entries of a table so many taps of the width make: one, if joined."""
        return min(taps, 1) if all(f.dilation == 1 for f in self.axes[3].phases) else taps


def tilings(layer: Layer, folding: Folding | None) -> list[Tiling]:
    """Return the best tiling of each way, the channel kernel along the width first."""
    found: dict[str, Tiling] = {}
    for tiling in (*_channel_tilings(layer), *_wide_tilings(layer)):
        if tiling.way not in found or tiling.cycles < found[tiling.way].cycles:
            found[tiling.way] = tiling
    if folding is not None:
        found["fold"] = fold_tiling(folding)
    return list(found.values())


def channel_blocks(co: int, lanes: int, half: bool = False) -> Blocks:
    """Return the blocks of output channels: two vectors, or 1 or 3, and last, maybe, half a vector.

    Two vectors use every broadcast twice; a third is taken where one would be left over.
    """
    vectors = co // lanes if half else -(-co // lanes)
    sizes = [2] * (vectors // 2)
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


def _channel_tilings(layer: Layer) -> Iterator[Tiling]:
    """Yield the channel kernel's tilings, rows along the width first."""
    yield from _Channels(layer, channel_blocks(layer.co, layer.lanes)).tilings()
    if layer.machine.half_loads and 0 < layer.co % layer.lanes <= layer.lanes // 2:
        yield from _Channels(layer, channel_blocks(layer.co, layer.lanes, half=True)).tilings()


class _Channels(NamedTuple):
    """The channel kernel's tilings for these blocks of output channels."""

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

    def tilings(self) -> Iterator[Tiling]:
        """Yield one for each way that rows may run."""
        yield self._along_width()
        if 0 < self.layer.axes[3].positions <= self.most // 2:
            yield self._along_height()
        yield self._along_batch()

    def _along_width(self) -> Tiling:
        batch, _, height, width = self.layer.axes
        taps, most = width.phases_and_taps(), self.most
        row = sum(_tiled(f.length, most, partial(self._cycles, n)) for f, n in taps)
        in_row = sum(integers.n_tiles(f.length, most) for f, _ in taps)
        tiles = batch.i * height.outputs * in_row
        return self._tiling("width", (1, 1, 1, most), batch.i * height.pairs() * row, tiles)

    def _along_height(self) -> Tiling:
        batch, _, height, width = self.layer.axes
        groups, phases = self.most // width.positions, len(width.phases)
        count = sum(
            nh * _tiled(
                fh.length, groups,
                lambda g: self._cycles(nw, g * fw.length),  # noqa: B023
            )
            for fh, nh in height.phases_and_taps()
            for fw, nw in width.phases_and_taps()
        )  # fmt: skip
        tiles = batch.i * phases * sum(integers.n_tiles(f.length, groups) for f in height.phases)
        at_most = (1, 1, groups, width.positions)
        return self._tiling("height and width", at_most, batch.i * count, tiles)

    def _along_batch(self) -> Tiling:
        batch, _, height, width = self.layer.axes
        count = (
            height.pairs() * width.pairs() * _tiled(batch.i, self.most, partial(self._cycles, 1))
        )
        tiles = height.outputs * width.outputs * integers.n_tiles(batch.i, self.most)
        return self._tiling("batch", (self.most, 1, 1, 1), count, tiles)

    def _cycles(self, taps: int, rows: int) -> float:
        """Return the cycles of tiles of all blocks, for so many taps along the width."""
        layer = self.layer
        each = sum(tile_cycles(layer.machine, rows, v) for v in self.vectors)
        beside = TUNING.tap_cycles * layer.entries(taps) * len(self.vectors)
        return layer.ci * taps * each + beside

    def _tiling(
        self, along: str, most: tuple[int, int, int, int], count: float, tiles: int
    ) -> Tiling:
        """Return the tiling of so many cycles a tap of the depth, and tiles an output of it."""
        depth = self.layer.axes[1]
        beside = depth.outputs * tiles * len(self.vectors) * TUNING.tile_cycles
        total = depth.pairs() * count + beside + _storing(self.layer, self.blocks)
        return Tiling("channels", along, most, self.blocks, total, "")


def _wide_tilings(layer: Layer) -> Iterator[Tiling]:
    """Yield the wide kernel's tilings that fit the registers, beside inputs and a weight."""
    _, _, height, width = layer.axes
    if width.in_s > 1:  # a vector would need inputs that lie apart
        return
    # Of equals the first is taken: more channels share an input, fewer rows share an edge.
    most = min(layer.co, TUNING.streams)
    for m in range(most, 0, -1) if layer.apart else [max(1, layer.co)]:
        streams = len(width.phases) * (1 if layer.apart else m)
        if not 0 < streams <= TUNING.streams:
            continue
        for outer in range(1, min(height.positions, layer.machine.registers) + 1):
            for vectors in range(1, -(-width.positions // layer.lanes) + 1):
                if _fits(layer.machine, outer * vectors, m):
                    yield _wide_tiling(layer, m, vectors, outer)


def _fits(machine: Machine, inputs: int, channels: int) -> bool:
    """Return whether a wide tile of so many vectors of inputs is worth its registers.

    From twice the accumulators on that hide the latency, a larger tile gains nothing; the storing
    of a smaller one goes on beside the products of the next (8 % at 48^3 x 16 to 8 channels).
    Beside the accumulators there are the inputs, a weight, and what LLVM loads early for another k.
    """
    enough = inputs == 1 or inputs * channels <= 2 * machine.fmas * machine.latency
    return enough and inputs * (channels + 1) + 4 <= machine.registers


def _wide_tiling(layer: Layer, channels: int, vectors: int, outer: int) -> Tiling:
    """Return the wide tiling of a shape. A vector of inputs is not aligned and counts twice."""
    batch, depth, height, width = layer.axes
    machine = layer.machine

    def cycles(rows: int, columns: int, taps: int) -> float:
        products = rows * channels * columns / machine.fmas
        loads = (2 * rows * columns + channels) / machine.loads
        entries = layer.entries(taps) if layer.ci == 1 else taps
        each = layer.ci * taps * max(products, loads, machine.latency)
        return each + TUNING.wide_tap_cycles * entries

    in_row = -(-width.positions // layer.lanes)
    count = sum(
        nh * _tiled(
            fh.length, outer,
            lambda rows: _tiled(in_row, vectors, partial(cycles, rows, taps=nw)),  # noqa: B023
        )
        for fh, nh in height.phases_and_taps()
        for _, nw in width.phases_and_taps()
    )  # fmt: skip
    blocks = _even_blocks(layer.co, channels)
    rows = batch.i * depth.outputs * height.outputs
    tiles = rows / outer * integers.n_tiles(in_row, vectors)
    stores = rows * in_row * len(width.phases) * channels
    inputs = layer.ci * batch.i * depth.i * height.i * width.i
    total = len(blocks) * (
        batch.i * depth.pairs() * count
        + TUNING.wide_tile_cycles * tiles
        + TUNING.wide_store_cycles * stores
    )
    one_by_one = width.i < layer.lanes  # else inputs are turned in squares
    total += TUNING.wide_pack_cycles * inputs * (2 if one_by_one else 1)
    most = (1, 1, outer, vectors * layer.lanes)
    return Tiling("wide", "width, in the lanes", most, blocks, total, "")


def _even_blocks(co: int, channels: int) -> Blocks:
    """Return the blocks of output channels of wide tiles: so many, and the rest."""
    return tuple((start, min(channels, co - start)) for start in range(0, co, channels))


def fold_tiling(folding: Folding) -> Tiling:
    """Return the tiling of a folding."""
    blocks = tuple((g * folding.group, folding.group) for g in range(folding.groups))
    most = (1, 1, 1, 2 * folding.lanes)
    along = "width of the input, in the lanes"
    return Tiling("fold", along, most, blocks, folding.cycles, "", folding)


def _storing(layer: Layer, blocks: Blocks) -> float:
    """Return the cycles of outputs that tiles with channels in the lanes cannot store themselves.

    Channels that lie apart are stored one by one, or turned; parts of cache lines, where results go
    past the caches, are copied.
    """
    outputs = layer.co * prod(axis.outputs for axis in layer.axes)
    size = layer.machine.vector_bytes // layer.lanes
    if layer.apart:
        near = size * outputs < TUNING.near_bytes
        turned = TUNING.turned_cycles if near else TUNING.far_turned_cycles
        return outputs * (turned if layer.co >= layer.lanes else TUNING.scattered_cycles)
    copied = size * outputs >= layer.machine.stream_from and size * layer.co % 64
    return TUNING.line_cycles * size * outputs / 64 if copied and len(blocks) == 1 else 0.0


def _tiled(length: int, most: int, cycles: Callable[[int], float]) -> float:
    """Return the cycles of `length` positions in even tiles of at most `most`."""
    tiles = max(1, integers.n_tiles(length, most))
    rows, longer = divmod(length, tiles)
    return (tiles - longer) * cycles(rows) + (longer * cycles(rows + 1) if longer else 0.0)
