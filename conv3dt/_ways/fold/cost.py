"""What folding is predicted to cost, and how the work is best cut for so many threads."""

from collections.abc import Iterator
from itertools import product
from math import prod

from ..._call.request import Request
from ..._geometry.formats import FORMATS
from ..._geometry.storages import OPERANDS
from ..._geometry.tuning import TUNING, Machine
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from ..shared.sharing import Costs, Sharing, each_of, fewest, least, shared
from ..shared.storing import LINE
from .folding import Folding

__all__ = ["candidates", "choose_folding", "costs_of", "predicted_cycles", "row_cycles"]

_CUTS = 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128  # of an axis: so many blocks are tried


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield how the layer could be folded, cut as for one thread, if it can be within the cache.

    The order of summation must not depend on how many threads there are: nor must the choice.
    """
    cannot = layer.no_zeros or layer.among_others or layer.in_a_row
    layer = layer.as_transposed()
    folding = None if cannot else choose_folding(layer.request, layer.machine, 1)
    if folding is not None:
        along = "width of the input, in the lanes"
        cycles = predicted_cycles(folding)
        if layer.reversed and not (folding.turned or layer.apart):  # number by number
            cycles += TUNING.apart_cycles * layer.request.ci * prod(axis.i for axis in layer.axes)
        yield Candidate(along, cycles, None, layer=layer)


def predicted_cycles(folding: Folding) -> float:
    """Return the predicted cycles of one thread."""
    rows = prod(folding.n_blocks) * folding.inputs(0) * folding.inputs(1)
    return _cycles(folding, row_cycles(folding), rows)


def _cycles(folding: Folding, row: float, rows: float) -> float:
    """Return the predicted cycles of so many rows of inputs of each group and image."""
    r = folding.request
    outputs = r.n * r.co * prod(r.o) / folding.lanes
    stored = TUNING.fold_row_cycles * r.n * folding.groups * prod(r.o[:2])
    each = folding.finish_tile.streams / 2 + 8 + _between_lines(folding)
    return r.n * folding.groups * rows * row + outputs * each + stored


def _between_lines(folding: Folding) -> float:
    """Return the cycles more of a vector of outputs that is stored across lines, and from afar."""
    r, apart = folding.request, FORMATS[folding.request.data_format].apart
    item = OPERANDS[r.dtype].item
    row = r.o[2] * (1 if apart else r.co) * item
    across = row % LINE > 0 and r.output_bytes >= TUNING.fold_far
    made = folding.finish_tile.streamed and folding.n_blocks[2] == 1
    each = TUNING.fold_made if made else TUNING.fold_between
    return each * folding.lanes * item / LINE if across else 0.0


def row_cycles(folding: Folding) -> float:
    """Return the predicted cycles of a row of inputs, wherever along depth and height it lies."""
    r, machine = folding.request, folding.machine
    products = 0.0
    for vectors in (*[2] * (folding.vectors // 2), *[1] * (folding.vectors % 2)):
        for _, m in folding.column_blocks:
            one_k = max(m * vectors / machine.fmas, (m + vectors) / machine.loads)
            added = TUNING.fold_cycles * m * vectors
            products += r.ci * max(one_k, machine.latency) + added + TUNING.tap_cycles
    packing = r.ci * folding.vectors * _packing_cycles(folding)
    return products + packing + TUNING.fold_row_cycles


def _packing_cycles(folding: Folding) -> float:
    """Return the predicted cycles of packing a vector of inputs."""
    if FORMATS[folding.request.data_format].apart:
        return TUNING.fold_pack_cycles * folding.lanes
    beside = folding.turned and folding.inputs(2) >= 2 * folding.lanes
    return TUNING.beside_cycles if beside else TUNING.turn_cycles


def costs_of(folding: Folding, row: float) -> Costs:
    """Return the predicted cycles of tasks; fewer inputs reach the blocks at the ends."""
    r = folding.request
    width = [1] * folding.n_blocks[2]
    each = [[1] * folding.groups, [1] * r.n, *folding.rows, width]
    return each_of(each, _cycles(folding, row, _rows(folding))) + TUNING.task_cycles


def _rows(folding: Folding) -> int:
    """Return how many rows of inputs all blocks of a group and an image multiply."""
    depth, height = folding.rows
    return sum(depth) * sum(height) * folding.n_blocks[2]


def choose_folding(request: Request, machine: Machine, threads: int) -> Folding | None:
    """Return how to fold, or None where it cannot be done within the cache."""
    r = request
    apart = FORMATS[r.data_format].apart
    streams = r.s[2] * (1 if apart else r.co)
    empty = 0 in r.output_shape or 0 in r.k or not r.ci
    if r.forward or empty or not 0 < streams <= TUNING.streams:
        return None
    if apart and prod(r.k) == 1 and r.co > TUNING.fold_channels:
        return None  # each group of channels would read all inputs again for a single tap
    group = min(r.co, TUNING.fold_channels) if apart else r.co
    group = -(-r.co // -(-r.co // group))
    found = Folding(r, machine, group, r.o)
    if found.rows_bytes > TUNING.fold_row_bytes:
        return None
    while found.packed_bytes > TUNING.fold_row_bytes or found.unit > TUNING.fold_row_bytes:
        if found.block[2] == 1:
            return None
        found = _halved(found, 2)
    while found.sums_bytes > TUNING.fold_bytes:
        if found.block[1] == 1:
            return None
        found = _halved(found, 1)
    cuts, row = _cuts(found, threads), row_cycles(found)

    def of(cut: Folding) -> Sharing:
        return shared(costs_of(cut, row), threads)

    return fewest(cuts, lambda cut: _bound(cut, row, threads), of, TUNING.cut_margin)


def _bound(folding: Folding, row: float, threads: int) -> float:
    """Return what so many threads take at least."""
    return least(_cycles(folding, row, _rows(folding)), threads)


def _cuts(folding: Folding, threads: int) -> Iterator[Folding]:
    """Yield the folding, and such of more tasks: every cut multiplies some inputs twice.

    Cuts of the depth come before those of the height that are predicted to cost as much: pcc_out of
    benchmarks/common.py takes 8.2 ms in two halves of its depth, 8.9 in two of its height.
    """
    yield folding
    r, most = folding.request, TUNING.fold_tasks * threads if threads > 1 else 0
    blocks = [_blocks(folding, a, most) for a in (0, 1)]
    for h, d in product(*blocks[::-1]):
        found = folding._replace(block=(d, h, folding.block[2]))
        if folding.tasks < found.tasks <= max(most, 2 * r.n):
            yield found


def _blocks(folding: Folding, a: int, most: int) -> list[int]:
    """Return lengths of blocks along an axis, in whole strides, none longer than it has."""
    s, o = folding.request.s[a], folding.request.o[a]
    lengths = [-(-o // (n * s)) * s for n in _CUTS if n <= most]
    return list(dict.fromkeys([folding.block[a], *(n for n in lengths if n < folding.block[a])]))


def _halved(folding: Folding, a: int) -> Folding:
    """Return the folding with blocks half as long along axis `a`, in whole strides."""
    s, block = folding.request.s[a], list(folding.block)
    block[a] = max(1, -(-block[a] // (2 * s))) * s
    if block[a] >= folding.block[a]:
        block[a] = 1
    return folding._replace(block=(block[0], block[1], block[2]))
