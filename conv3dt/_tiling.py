"""Which kernel, and the shape of its tile: the candidate that needs the fewest cycles.

Channel kernel: output channels in the lanes, rows along the width, groups of rows in height, or
images. Wide kernel: positions along the width in the lanes.
"""

from collections.abc import Callable, Iterator
from math import ceil, prod
from typing import NamedTuple

from . import _geometry
from ._blocking import Axis
from ._fold import Folding
from ._tuning import TUNING, Machine

__all__ = ["MOST_VECTORS", "Layer", "Tiling", "block_bytes", "candidates", "choose_tiling"]

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


def choose_tiling(
    layer: Layer, exact: bool, folding: Folding | None = None, way: str | None = None
) -> Tiling:
    """Return the tiling with the fewest cycles, or that of the named way.

    `folding` is a candidate, if there is one. `exact` tilings read nothing beyond the input, not
    even zeros: rows along the width that can be cut where the taps change.
    """
    first, *others = _tilings(layer, folding)
    if exact:
        return first._replace(why="weights that are not finite meet no zeros")
    for tiling in (first, *others):
        if tiling.way == way:
            return tiling._replace(why="it was the fastest when it was tried")
    best = min(others, key=lambda t: t.cycles, default=first)
    if first.cycles <= 1.05 * best.cycles:
        return first._replace(why="the width fills the tile")
    ratio = first.cycles / max(best.cycles, 1.0)
    return best._replace(why=f"{ratio:.1f} times fewer cycles than rows along the width")


def candidates(layer: Layer, folding: Folding | None) -> list[str]:
    """Return the ways that are worth trying: three at most, the one with fewest cycles first."""
    found = sorted(_tilings(layer, folding), key=lambda t: t.cycles)
    near = [t.way for t in found if t.cycles <= TUNING.tried_factor * found[0].cycles]
    return near[: TUNING.tried]


def _tilings(layer: Layer, folding: Folding | None) -> list[Tiling]:
    """Return the best tiling of each way, the channel kernel along the width first."""
    found: dict[str, Tiling] = {}
    for tiling in (*_channel_tilings(layer), *_wide_tilings(layer)):
        if tiling.way not in found or tiling.cycles < found[tiling.way].cycles:
            found[tiling.way] = tiling
    if folding is not None:
        found["fold"] = _fold_tiling(folding)
    return list(found.values())


def block_bytes(tiling: Tiling, panels: int) -> int:
    """Return how large the packed input of a block may be."""
    if tiling.wide:
        return TUNING.wide_block_bytes
    return TUNING.heavy_block_bytes if panels > TUNING.heavy_panels else TUNING.block_bytes


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
    yield from _block_tilings(layer, channel_blocks(layer.co, layer.lanes))
    if layer.machine.half_loads and 0 < layer.co % layer.lanes <= layer.lanes // 2:
        yield from _block_tilings(layer, channel_blocks(layer.co, layer.lanes, half=True))


def _block_tilings(layer: Layer, blocks: Blocks) -> Iterator[Tiling]:
    """Yield the channel kernel's tilings for these blocks of output channels."""
    batch, depth, height, width = layer.axes
    machine = layer.machine
    vectors = [columns / layer.lanes for _, columns in blocks] or [1]
    most = min(machine.rows[ceil(v) - 1] for v in vectors)
    longest = width.positions

    def cycles(rows: int) -> float:
        return sum(layer.ci * tile_cycles(machine, rows, v) + TUNING.tap_cycles for v in vectors)

    # Channels that lie apart are stored one by one, or turned.
    apart = TUNING.turned_cycles if layer.co >= layer.lanes else TUNING.scattered_cycles
    stores = apart * _outputs(layer) if layer.apart else 0.0

    def tiling(along: str, at_most: tuple[int, int, int, int], count: float) -> Tiling:
        return Tiling("channels", along, at_most, blocks, depth.pairs() * count + stores, "")

    along_width = sum(n * _tiled(f.length, most, cycles) for f, n in width.phases_and_taps())
    yield tiling("width", (1, 1, 1, most), batch.i * height.pairs() * along_width)
    if 0 < longest <= most // 2:
        groups = most // longest
        count = sum(
            nh * nw * _tiled(fh.length, groups, _times(cycles, fw.length))
            for fh, nh in height.phases_and_taps()
            for fw, nw in width.phases_and_taps()
        )
        yield tiling("height and width", (1, 1, groups, longest), batch.i * count)
    in_batch = _tiled(batch.i, most, cycles)
    yield tiling("batch", (most, 1, 1, 1), height.pairs() * width.pairs() * in_batch)


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
    """
    enough = inputs == 1 or inputs * channels <= 2 * machine.fmas * machine.latency
    return enough and inputs * (channels + 1) + 1 <= machine.registers


def _wide_tiling(layer: Layer, channels: int, vectors: int, outer: int) -> Tiling:
    """Return the wide tiling of a shape. A vector of inputs is not aligned and counts twice."""
    batch, depth, height, width = layer.axes
    machine = layer.machine

    def cycles(rows: int, columns: int) -> float:
        products = rows * channels * columns / machine.fmas
        loads = (2 * rows * columns + channels) / machine.loads
        return layer.ci * max(products, loads, machine.latency) + TUNING.tap_cycles

    in_row = -(-width.positions // layer.lanes)
    count = sum(
        nh * nw * _tiled(
            fh.length, outer,
            lambda rows: _tiled(in_row, vectors, lambda columns: cycles(rows, columns)),
        )
        for fh, nh in height.phases_and_taps()
        for _, nw in width.phases_and_taps()
    )  # fmt: skip
    blocks = _even_blocks(layer.co, channels)
    rows = batch.i * sum(f.length for f in depth.phases) * sum(f.length for f in height.phases)
    tiles = rows / outer * _geometry.n_tiles(in_row, vectors)
    stores = rows * in_row * len(width.phases) * channels
    inputs = layer.ci * batch.i * depth.i * height.i * width.i
    total = len(blocks) * (
        batch.i * depth.pairs() * count
        + TUNING.wide_tile_cycles * tiles
        + TUNING.wide_store_cycles * stores
    )
    total += TUNING.wide_pack_cycles * inputs
    most = (1, 1, outer, vectors * layer.lanes)
    return Tiling("wide", "width, in the lanes", most, blocks, total, "")


def _even_blocks(co: int, channels: int) -> Blocks:
    """Return the blocks of output channels of wide tiles: so many, and the rest."""
    return tuple((start, min(channels, co - start)) for start in range(0, co, channels))


def _fold_tiling(folding: Folding) -> Tiling:
    """Return the tiling of a folding."""
    blocks = tuple((g * folding.group, folding.group) for g in range(folding.groups))
    most = (1, 1, 1, 2 * folding.lanes)
    along = "width of the input, in the lanes"
    return Tiling("fold", along, most, blocks, folding.cycles, "", folding)


def _outputs(layer: Layer) -> int:
    """Return the number of outputs."""
    return layer.co * prod(sum(f.length for f in axis.phases) for axis in layer.axes)


def _times(cycles: Callable[[int], float], rows: int) -> Callable[[int], float]:
    """Return the cycles of a group count, for groups of `rows` rows."""
    return lambda groups: cycles(groups * rows)


def _tiled(length: int, most: int, cycles: Callable[[int], float]) -> float:
    """Return the cycles of `length` positions in even tiles of at most `most`."""
    tiles = max(1, _geometry.n_tiles(length, most))
    rows, longer = divmod(length, tiles)
    return (tiles - longer) * cycles(rows) + (longer * cycles(rows + 1) if longer else 0.0)
