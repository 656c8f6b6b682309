"""What long rows of the wide way are predicted to cost: all positions of a channel, one tap."""

from collections.abc import Iterator

from ..._geometry import integers
from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocks, Shape
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from ..shared.storing import LINE

__all__ = ["ROWS", "arrival", "even_blocks", "gathering", "is_lost", "rounds", "rows_of"]

ROWS = "all positions, a few channels at a time"  # what rows of such tiles run along
_CHANNELS = 4  # of a tile's outputs, at most
_VECTORS = 4  # of positions, at least: so the last one of a tile is not alone


def even_blocks(co: int, channels: int) -> Blocks:
    """Return the blocks of output channels of wide tiles: so many, and the rest."""
    return tuple((start, min(channels, co - start)) for start in range(0, co, channels))


def rounds(layer: Layer, channels: int) -> tuple[int, int]:
    """Return how many input channels are read side by side, and how many in the last round.

    Their weights fill half the registers.
    """
    ci, pair = layer.request.ci, 2 if layer.storage.pairs else 1
    most = min(TUNING.row_inputs // pair, layer.machine.registers // 2 // channels)
    at_once = -(-ci // integers.n_tiles(ci, most))
    return at_once, (ci - 1) % at_once + 1


def rows_of(layer: Layer) -> Iterator[Candidate]:
    """Yield the layer as long rows, if all its positions are one row, and fill a vector."""
    positions, r = layer.axes[3].positions, layer.request
    if not layer.in_a_row or r.ci == 0 or r.co == 0 or positions < layer.lanes:
        return
    channels = -(-r.co // -(-r.co // _CHANNELS))
    most = _vectors(layer, channels) * layer.lanes
    blocks = even_blocks(r.co, channels)
    cycles = sum(_cycles(layer, columns) for _, columns in blocks) * r.n
    two = layer.machine.fmas >= 2
    wait = len(blocks) > 1 and rounds(layer, channels)[0] < r.ci
    cycles *= TUNING.row_again if two and wait else 1.0
    near = TUNING.row_line_near if two else TUNING.row_line
    cycles = max(cycles, arrival(layer, near, TUNING.row_line))
    if is_lost(layer, blocks):
        cycles = max(cycles, len(blocks) * arrival(layer, TUNING.row_lost, TUNING.row_lost))
    yield Candidate(ROWS, cycles + gathering(layer), Shape((1, 1, 1, most), blocks))


def gathering(layer: Layer) -> float:
    """Return the predicted cycles of packing patches: a row of the output after the other."""
    if not layer.patches:
        return 0.0
    (*_, width), s, k = layer.asked.o, layer.asked.s[2], layer.asked.k[2]
    numbers = layer.request.ci * layer.request.n * layer.axes[3].positions
    in_vectors = s == 2 if layer.storage.pairs else s <= 2 or s == k == 4
    each = TUNING.patched_cycles if in_vectors else TUNING.parted_alone
    numbers *= 2 if layer.storage.pairs else 1
    return numbers * (each + TUNING.patch_cycles / width)


def _vectors(layer: Layer, channels: int) -> int:
    """Return the vectors of a tile: sums stay in L1, inputs in L2 for other channels."""
    size = layer.machine.vector_bytes
    sums, inputs = (
        TUNING.row_sums // (channels * size),
        TUNING.row_near // (layer.request.ci * size),
    )
    return max(_VECTORS, min(sums, inputs))


def _cycles(layer: Layer, channels: int) -> float:
    """Return the predicted cycles of a block of output channels, of one image."""
    machine, ci = layer.machine, layer.request.ci
    at_once, _ = rounds(layer, channels)
    waits = channels * (integers.n_tiles(ci, at_once) - 1)
    products = ci * channels / machine.fmas
    moved = (ci + waits) / machine.loads + 2 * (waits + channels)
    if layer.converted and not layer.patches:
        moved += ci * (TUNING.row_joined if layer.storage.pairs else TUNING.row_widened)
    store = TUNING.row_store_two if machine.fmas >= 2 else TUNING.row_store
    beside = TUNING.row_moved * moved + store * channels
    return layer.axes[3].positions / layer.lanes * (products + beside)


def is_lost(layer: Layer, blocks: Blocks) -> bool:
    """Return whether a block of output channels does not find in L2 what the one before has read.

    Many channels whose rows lie whole pages apart share few of its lines.
    """
    row = layer.axes[3].positions * layer.storage.item
    again = len(blocks) > 1 and layer.request.ci > TUNING.wide_channels and not layer.patches
    return again and row % TUNING.pad_every == 0


def arrival(layer: Layer, near: float, far: float) -> float:
    """Return the predicted cycles of lines of inputs: so many each from L3, or from beyond it."""
    size = layer.axes[3].positions * layer.request.n * layer.request.ci * layer.storage.item
    if size <= TUNING.row_far:
        return 0.0
    return (near if size <= TUNING.near_bytes else far) * size / LINE
