"""What folding is predicted to cost, and how the work is best cut for so many threads."""

from collections.abc import Iterator
from math import prod

from ..._call.request import Request
from ..._geometry import integers
from ..._geometry.formats import FORMATS
from ..._geometry.tuning import TUNING, Machine
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from .folding import Folding

__all__ = ["candidates", "choose_folding"]


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield how the layer could be folded, cut as for one thread, if it can be within the cache.

    The order of summation must not depend on how many threads there are: nor must the choice.
    """
    cannot = layer.no_zeros or layer.among_others
    folding = None if cannot else choose_folding(layer.request, layer.machine, 1)
    if folding is not None:
        along = "width of the input, in the lanes"
        yield Candidate(along, predicted_cycles(folding), None)


def predicted_cycles(folding: Folding) -> float:
    """Return the predicted cycles of one thread."""
    r, machine = folding.request, folding.machine
    rows = r.n * folding.groups * prod(folding.n_blocks) * folding.inputs(0) * folding.inputs(1)
    products = 0.0
    for vectors in (*[2] * (folding.vectors // 2), *[1] * (folding.vectors % 2)):
        for _, m in folding.column_blocks:
            one_k = max(m * vectors / machine.fmas, (m + vectors) / machine.loads)
            added = TUNING.fold_cycles * m * vectors
            products += r.ci * max(one_k, machine.latency) + added + TUNING.tap_cycles
    packing = TUNING.turn_cycles * r.ci * folding.vectors + folding.columns
    outputs = r.n * r.co * prod(r.o) / folding.lanes
    beside = TUNING.fold_row_cycles * (rows + r.n * folding.groups * prod(r.o[:2]))
    return rows * (products + packing) + outputs * (folding.finish_tile.streams + 8) + beside


def makespan(folding: Folding, threads: int) -> float:
    """Return the predicted cycles until the last of the threads is done."""
    return predicted_cycles(folding) / folding.tasks * -(-folding.tasks // threads)


def choose_folding(request: Request, machine: Machine, threads: int) -> Folding | None:
    """Return how to fold, or None where it cannot be done within the cache."""
    r = request
    apart = FORMATS[r.data_format].apart
    streams = r.s[2] * (1 if apart else r.co)
    empty = 0 in r.output_shape or 0 in r.k or not r.ci
    if r.forward or empty or not 0 < streams <= TUNING.streams:
        return None
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
    return min(_cuts(found, threads), key=lambda cut: makespan(cut, threads))


def _cuts(folding: Folding, threads: int) -> Iterator[Folding]:
    """Yield the folding, and more and more tasks of it: every cut multiplies some inputs twice."""
    yield folding
    while folding.tasks < TUNING.fold_tasks * threads and (axis := _longest(folding)) is not None:
        folding = _halved(folding, axis)
        yield folding


def _longest(folding: Folding) -> int | None:
    """Return the axis to split for more tasks: little is multiplied twice then; or None."""
    r = folding.request
    for a in (0, 1):
        if folding.block[a] >= 4 * integers.effective(r.k[a], r.d[a]):
            return a
    return None


def _halved(folding: Folding, a: int) -> Folding:
    """Return the folding with blocks half as long along axis `a`, in whole strides."""
    s, block = folding.request.s[a], list(folding.block)
    block[a] = max(1, -(-block[a] // (2 * s))) * s
    if block[a] >= folding.block[a]:
        block[a] = 1
    return folding._replace(block=(block[0], block[1], block[2]))
