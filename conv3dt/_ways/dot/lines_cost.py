"""What the dot way is predicted to cost where filters lie in lines of output channels."""

from collections.abc import Iterator
from math import ceil, prod

from ..._geometry.tuning import TUNING, Machine
from ..shared.blocked import Blocks
from ..shared.layer import Layer
from ..shared.scheme import BY_LINES, Candidate

__all__ = ["PIECE", "line_candidates", "line_cycles", "picking"]

PIECE = 512  # bytes of input channels that are multiplied at a time: those of a tile stay in L1


def line_candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield a forward layer of few positions, whose filters lie in lines.

    What others take to pack filters is in no other prediction; one of float64 takes twice as long.
    Beyond 8 MB a filter takes longer: 2 cycles of 14 MB, 5 of 33 MB. Never more than half of the
    cycles count.
    """
    r = layer.request
    few = prod(axis.positions for axis in layer.axes) <= TUNING.line_positions
    if layer.asked.forward and few:
        filters = prod(r.k) * r.ci * r.co
        far = max(1.0, filters * layer.storage.size / TUNING.near_bytes)
        cycles = line_cycles(layer)
        saved = TUNING.line_saved * layer.storage.size / 4
        cycles = max(cycles / 2, cycles - filters * saved * far)
        yield Candidate("lines", cycles + picking(layer), _blocks(layer), order=BY_LINES)


def _blocks(layer: Layer) -> Blocks:
    """Return the blocks of output channels: two vectors, the last one maybe one, or half of it.

    Channels that do not fill the last vector: it begins earlier, so that it ends with them.
    """
    co, lanes = layer.request.co, layer.lanes
    whole = co - co % (2 * lanes)
    blocks = [(start, 2 * lanes) for start in range(0, whole, 2 * lanes)]
    half = layer.machine.half_loads and co - whole <= lanes // 2
    one = lanes // 2 if half else lanes
    if co - whole > lanes:
        blocks += [(co - 2 * lanes, 2 * lanes)] if whole else [(0, lanes), (co - lanes, lanes)]
    elif co > whole:
        blocks.append((max(0, co - one), one))
    return tuple(blocks)


def line_cycles(layer: Layer) -> float:
    """Return the predicted cycles of one thread."""
    r, size = layer.request, layer.storage.size
    taps = prod(sum(n for _, n in axis.phases_and_taps()) for axis in layer.axes)
    pairs = prod(axis.pairs() for axis in layer.axes)
    pieces = -(-r.ci * size // PIECE)
    cycles = pairs * (TUNING.dot_row + TUNING.line_gather * r.ci * size / 64)
    for _, columns in _blocks(layer):
        vectors = columns / layer.lanes
        tiles = max(taps, pairs / layer.machine.rows[ceil(vectors) - 1])
        each = _tile_cycles(layer.machine, pairs / max(1, tiles), vectors)
        cycles += tiles * (r.ci * each + pieces * TUNING.line_tile)
    outputs = prod(axis.outputs for axis in layer.axes) * r.co / layer.lanes
    stored = TUNING.dot_apart if layer.apart else TUNING.dot_store
    return cycles + outputs * stored


def _tile_cycles(machine: Machine, rows: float, vectors: float) -> float:
    """Return the cycles of one k of a tile: products, loads, latency or the arrival of filters."""
    return max(
        rows * vectors / machine.fmas,
        (rows + ceil(vectors)) / (machine.loads if vectors >= 1 else machine.half_loads),
        machine.latency,
        vectors * machine.vector_bytes / machine.panel_rate,
    )


def picking(layer: Layer) -> float:
    """Return the cycles of inputs that are packed one by one, where L1 does not hold a row of them.

    Those that the strides of a single tap leave, a channel after the other: each number has a line
    of its own. Of channels that lie whole pages apart a few positions at a time are no faster.
    """
    r, width, size = layer.request, layer.axes[3], layer.storage.size
    alone = layer.apart and width.every > 1 and prod(r.k) == 1
    row = width.i * min(r.ci * size, TUNING.chunk_bytes)
    if not alone or row < TUNING.picked_row:
        return 0.0
    return TUNING.picked_cycles * layer.asked.ci * prod(axis.i for axis in layer.axes)
