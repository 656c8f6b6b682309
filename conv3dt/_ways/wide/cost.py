"""What the wide way is predicted to cost: the best tile that fits the registers."""

from collections.abc import Iterator
from functools import partial

from ..._geometry import integers
from ..._geometry.tuning import TUNING
from ..shared.blocked import Shape
from ..shared.layer import Layer
from ..shared.scheme import BY_PATCHES, Candidate
from ..shared.tiled import tiled
from .row_cost import arrival, even_blocks, gathering, rows_of

__all__ = ["candidates"]


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield candidates that fit the registers, and the same with patches as channels."""
    yield from _candidates(layer)
    patches = None if layer.no_zeros or layer.taps else layer.in_patches()
    for found in _candidates(patches) if patches else ():
        yield found._replace(along=f"{found.along}, of patches", order=BY_PATCHES, layer=patches)


def _candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield candidates that fit the registers, beside inputs and a weight."""
    _, _, height, width = layer.axes
    # A vector would need zeros, or would be stored in pieces. Inputs that lie apart are parted, but
    # pairs, and channels that lie together.
    in_parts = width.in_s > 1
    can = layer.apart and not layer.storage.pairs if in_parts else not layer.among_others
    if layer.no_zeros or not can:
        return
    yield from rows_of(layer)
    # Of equals the first is taken: more channels share an input, fewer rows share an edge.
    most = min(layer.request.co, TUNING.streams)
    for m in range(most, 0, -1) if layer.apart else [max(1, layer.request.co)]:
        streams = width.n_phases * (1 if layer.apart else m)
        if not 0 < streams <= TUNING.streams:
            continue
        for outer in range(1, min(height.positions, layer.machine.registers) + 1):
            vectors = 1
            in_row = -(-width.positions // layer.lanes)
            while vectors <= in_row and _fits(layer, outer * vectors, m):
                yield _candidate(layer, m, vectors, outer)
                vectors += 1


def _fits(layer: Layer, inputs: int, channels: int) -> bool:
    """Return whether a wide tile of so many vectors of inputs is worth its registers.

    From twice the accumulators on that hide the latency, a larger tile gains nothing; the storing
    of a smaller one goes on beside the products of the next (8 % at 48^3 x 16 to 8 channels). With
    one tap longer runs of inputs are faster (48^3 x 32 to 3: .46 ms with 3x6, .69 with 3x2).
    Beside the accumulators there are the inputs, a weight, and what LLVM loads early for another k.
    """
    machine = layer.machine
    few = inputs == 1 or inputs * channels <= 2 * machine.fmas * machine.latency
    return (few or layer.in_a_row) and inputs * (channels + 1) + 4 <= machine.registers


def _candidate(layer: Layer, channels: int, vectors: int, outer: int) -> Candidate:
    """Return the candidate of a shape. A vector of inputs is not aligned and counts twice."""
    batch, depth, height, width = layer.axes
    machine = layer.machine

    def cycles(rows: int, columns: int, taps: int) -> float:
        products = rows * channels * columns / machine.fmas
        loads = (2 * rows * columns + channels) / machine.loads
        run = layer.request.ci == 1 and width.in_s == 1
        entries = layer.entries(taps) if run else taps
        each = layer.request.ci * taps * max(products, loads, machine.latency)
        return each + TUNING.wide_tap_cycles * entries

    in_row = -(-width.positions // layer.lanes)
    count = sum(
        fh.alike * fw.alike * nh * tiled(
            fh.length, outer,
            lambda rows: tiled(in_row, vectors, partial(cycles, rows, taps=nw)),  # noqa: B023
        )
        for fh, nh in height.phases_and_taps()
        for fw, nw in width.phases_and_taps()
    )  # fmt: skip
    blocks = even_blocks(layer.request.co, channels)
    rows = batch.i * depth.outputs * height.outputs
    tiles = rows / outer * integers.n_tiles(in_row, vectors)
    stores = rows * in_row * width.n_phases * channels
    alone = layer.in_a_row and machine.fmas >= 2
    inputs = layer.request.ci * batch.i * depth.i * height.i * width.i
    total = len(blocks) * (
        batch.i * depth.pairs() * count
        + TUNING.wide_tile_cycles * tiles
        + (TUNING.wide_store_alone if alone else TUNING.wide_store_cycles) * stores
    )
    one_by_one = width.i < layer.lanes  # else inputs are turned in squares
    if layer.in_a_row:  # read where they lie, or copied in long rows
        near = TUNING.wide_line_near if machine.fmas >= 2 else 0.0
        total += arrival(layer, near, TUNING.wide_line)
        total += TUNING.wide_row_cycles * inputs if layer.converted and not layer.patches else 0.0
        total += gathering(layer)
    elif width.in_s > 1:
        total += _parting(layer)
    elif width.every > 1:  # numbers that a single tap leaves apart
        total += TUNING.wide_picked_cycles * inputs * (2 if layer.storage.pairs else 1)
    else:
        total += TUNING.wide_pack_cycles * inputs * (2 if one_by_one else 1)
    most = (1, 1, outer, vectors * layer.lanes)
    return Candidate("width, in the lanes", total, Shape(most, blocks))


def _parting(layer: Layer) -> float:
    """Return the predicted cycles of packing rows in parts."""
    r, width = layer.request, layer.axes[3]
    rows = r.ci * layer.axes[0].i * layer.axes[1].i * layer.axes[2].i
    in_vectors = width.in_s == 2 and width.i >= 2 * layer.lanes
    each = TUNING.parted_cycles if in_vectors else TUNING.parted_alone
    return rows * (TUNING.parts_cycles + each * width.i)
