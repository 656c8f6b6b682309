"""When two taps share products, and what that is predicted to cost."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, product
from math import prod

from ...._geometry.integers import n_tiles
from ...._geometry.tuning import TUNING
from ...shared.wording import quantity
from ..cost import cycles_of, row_cycles
from ..layer import Correlation
from .formulas import Lines, couples
from .scheme import MinimalScheme

__all__ = ["choose", "predicted_cycles", "refusal", "saved"]

_MOST = 1 << 14  # positions or taps of an axis: tables list all tiles


def choose(layer: Correlation) -> tuple[bool, str]:
    """Return whether taps share products, and why, in words."""
    against = refusal(layer)
    times = f"{saved(layer):.2f} times fewer products, " if not next(_hindrances(layer), "") else ""
    if against:
        return False, f"{times}not taken: {against}"
    if layer.algorithm == "minimal":
        return True, f"{times}taken: algorithm='minimal' asks for it"
    ratio = predicted_cycles(layer) / max(cycles_of(layer), 1.0)
    if ratio * TUNING.shared_margin < 1.0:
        return True, f"{times}taken: {1 / ratio:.1f} times fewer cycles than the sums of each tap"
    return False, f"{times}not taken: it is predicted to take {ratio:.2f} times as long"


def refusal(layer: Correlation) -> str:
    """Return why taps do not share products, in words; nothing where they may."""
    return next(chain(_hindrances(layer), _objections(layer)), "")


def _hindrances(layer: Correlation) -> Iterator[str]:
    """Yield why taps cannot share products."""
    depth, height, width = layer.axes
    if layer.groups > 1:
        yield "no two channels meet"
    if not layer.flops:
        yield "nothing is multiplied"
    if layer.mirrored:
        yield "the few channels of the smaller array are read with neighbouring taps"
    if not layer.runs:
        yield "the numbers of a row do not lie together"
    if max(*layer.kernel, depth.o, height.o, width.o) > _MOST:
        yield f"an axis is longer than {_MOST}"
    if all(len(x.taps) == 1 for axis in (depth, height) for x in couples(axis)):
        yield "no two taps of depth or height read neighbours"


def _objections(layer: Correlation) -> Iterator[str]:
    """Yield why taps that could share products do not: nobody wants it, or it takes memory."""
    if layer.algorithm == "direct":
        yield "algorithm='direct' asks for the sums of the definition"
    scheme, most = MinimalScheme(layer, 1), TUNING.correlate_sums
    if scheme.sums > most:
        sizes = f"{quantity(most, 1024)}B, and would have {quantity(scheme.sums, 1024)}B"
        yield f"sums of all slots have at most {sizes}"
    if scheme.scratch_step > TUNING.scratch_bytes:
        yield f"a thread would work on {quantity(scheme.scratch_step, 1024)}B"


@lru_cache(maxsize=1024)
def saved(layer: Correlation) -> float:
    """Return how many times fewer products there are."""
    scheme = MinimalScheme(layer, 1)
    depth, height = (sum(map(_terms, lines)) for lines in scheme.lines)
    return prod(axis.pairs() for axis in layer.axes[:2]) / max(1, depth * height)


@lru_cache(maxsize=1024)
def predicted_cycles(layer: Correlation) -> float:
    """Return the predicted cycles of one thread."""
    scheme = MinimalScheme(layer, 1)
    inner, width = scheme.rows.layer, layer.axes[2].o
    calls, rows = 0.0, 0
    for d, h in product(*scheme.lines):
        for (a, x), (b, y) in product(_counted(scheme, 0, d), _counted(scheme, 1, h)):
            pairs = layer.n * x * y
            rows += pairs
            more = n_tiles(pairs * width, TUNING.shared_runs[a + b]) - 1
            calls += 1.0 + TUNING.shared_again * max(0, more)
    undone = (
        (TUNING.shared_far if scheme.sums > TUNING.correlate_beyond else TUNING.shared_undone)
        * scheme.slabs
        * scheme.sums
        / (scheme.size * layer.lanes)
    )
    return row_cycles(inner, scheme.rows.roles, rows, calls) + _mixing(scheme) + undone


def _counted(scheme: MinimalScheme, axis: int, lines: Lines) -> Iterator[tuple[int, int]]:
    """Yield of each slot of an axis whether it is of two taps, and its terms in a box."""
    shared = (len(x.taps) - 1 for x in scheme.couples[axis] for _ in range(x.slots))
    return zip(shared, map(len, lines.slots), strict=True)


def _terms(lines: Lines) -> int:
    return sum(map(len, lines.slots))


def _mixing(scheme: MinimalScheme) -> float:
    """Return the cycles to combine rows."""
    layer, lanes = scheme.layer, scheme.layer.lanes
    vectors = scheme.read.i * layer.cb / lanes, scheme.read.o * layer.cs / lanes
    total = 0.0
    for d, h in product(*scheme.lines):
        big, small = [], []
        for lines in (d, h):
            big.append([len(term.big) for slot in lines.slots for term in slot])
            small.append([len(mix) for mix in lines.mixes])
        for (x, y), count in zip((big, small), vectors, strict=True):
            rows = len(x) * len(y) - x.count(1) * y.count(1)
            sources = sum(x) * sum(y) - x.count(1) * y.count(1)
            total += (
                rows * (TUNING.shared_row + TUNING.shared_mixed * count)
                + sources * TUNING.shared_source * count
            )
    return layer.n * total
