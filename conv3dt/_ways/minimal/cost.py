"""When minimal filtering applies, and what it is predicted to cost."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from math import prod

from ..._geometry.tuning import TUNING
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from ..shared.wording import quantity
from .formulas import Frame, program
from .groups import any_two_taps, channels_of
from .scheme import MinimalScheme

__all__ = ["candidates", "predicted_cycles", "refusal", "saved", "scheme_of"]

_MOST = 1 << 16  # inputs, outputs or taps of an axis: tables list all tiles


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the layer with fewer products, where nothing speaks against them."""
    layer = layer.widened()
    if not refusal(layer):
        yield Candidate("tiles of 2x2x2 outputs", predicted_cycles(layer), None, layer=layer)


def refusal(layer: Layer) -> str:
    """Return why there are no such sums of a layer, in words; nothing where there are."""
    layer = layer.widened()
    return next(chain(_hindrances(layer), _objections(layer)), "")


def saved(layer: Layer) -> float:
    """Return how many times fewer products there would be; 0 where tiles cannot be cut."""
    layer = layer.widened()
    if next(_hindrances(layer), ""):
        return 0.0
    return scheme_of(layer).saved


def _hindrances(layer: Layer) -> Iterator[str]:
    """Yield why tiles cannot be cut, or would save nothing: no axis has two taps.

    What decides is the same for a part as for the whole.
    """
    r = layer.asked
    if r.groups > 1:
        yield "each output has the inputs of its group alone"
    if layer.no_zeros:
        yield "filters that are not finite meet no zeros"
    if layer.apart and layer.converted:
        yield f"where channels lie apart it is for float32 and float64, not for {r.dtype}"
    if 0 in r.output_shape or 0 in r.k or not r.ci:
        yield "nothing is multiplied"
    if max(*r.i, *r.o, *r.k) > _MOST:
        yield f"an axis is longer than {_MOST}"
    if any(axis.every > 1 for axis in layer.axes):
        yield "stride and dilation have a common divisor, so that inputs are left out"
    if r.frame is None and not _has_taps(layer):
        yield "no phase of an axis has two taps"
    if r.co != layer.request.co or (not layer.apart and r.k[2] == r.s[2] > 1 == r.d[2]):
        yield "kernel and stride are equal along the width, whose outputs may be taken as channels"


def _has_taps(layer: Layer) -> bool:
    """Return whether an axis has two taps of a group; of a part, that is asked of the whole."""
    taps = [f.taps > axis.in_s for axis in layer.axes[1:] for f in axis.phases]
    return 0 not in layer.asked.i and any(taps)


def _objections(layer: Layer) -> Iterator[str]:
    """Yield why tiles that could be cut are not: nobody wants them, their errors, or their memory.

    Inputs and filters are rounded once more, which many channels hide (benchmarks/accuracy.py).
    A part does as its whole, whatever memory that takes.
    """
    r = layer.asked
    if r.algorithm == "direct":
        yield "algorithm='direct' asks for the sums of the definition"
    fewest = TUNING.minimal_channels[any_two_taps(r)]
    if r.ci < fewest:
        yield f"from {fewest} input channels on it is as exact as the definition, not with {r.ci}"
    if r.frame is None:
        scheme = scheme_of(layer)
        filters, most = scheme.filters_bytes, TUNING.minimal_filters
        if filters > most and not r.prepared:
            sizes = f"{quantity(most, 1024)}B, and would have {quantity(filters, 1024)}B"
            yield f"transformed filters of a plain call have at most {sizes}"
        region = scheme.region_of(scheme.row_tiles, scheme.lines_of_sums)
        packed = scheme.in_place().packed_bytes  # is read a few times: it need not stay in L2
        if max(region, packed / 4) > TUNING.minimal_region:
            work = quantity(region + packed, 1024)
            yield f"a thread would work on {work}B, beyond its caches"


@lru_cache(maxsize=1024)
def scheme_of(layer: Layer) -> MinimalScheme:
    """Return the scheme for one thread, which everything about a layer is asked of."""
    frames = zip(layer.axes[1:], layer.asked.frames, strict=True)
    d, h, w = (program(axis, Frame(*frame)) for axis, frame in frames)
    return MinimalScheme(layer, (d, h, w), 1)


@lru_cache(maxsize=1024)
def predicted_cycles(layer: Layer) -> float:
    """Return the predicted cycles of one thread, filters included."""
    layer = layer.widened()
    scheme, r = scheme_of(layer), layer.request
    cycles = scheme.filtering
    d, h, w = (p.products for p in scheme.programs)
    outputs, rows = scheme.width // layer.lanes, r.n * d * h
    multiplied = cycles.product * rows * w * outputs * r.ci / layer.machine.fmas
    blends = r.n * h * sum(map(len, scheme.blends))
    vectors = -(-r.ci // layer.lanes)
    combined = blends * (r.i[2] * vectors * cycles.combine + cycles.row)
    made = sum(strip.positions * strip.outputs for strip in scheme.width_tiles.strips)
    restored = rows * made * outputs * cycles.restore
    whole = r.co % layer.lanes == 0  # else outputs go to memory through the caches
    stored = r.n * prod(r.o) * outputs * (cycles.store if whole else cycles.broken)
    calls = r.n * d * scheme.slots_in_turn
    far = TUNING.minimal_far if scheme.filters_bytes > TUNING.minimal_near else 0.0
    called = calls * (cycles.call + far * r.ci * outputs / len(scheme.blocks))
    cycles_of_all = multiplied + combined + restored + stored + called + scheme.packing_cycles
    return _margin(layer, scheme) * cycles_of_all


def _margin(layer: Layer, scheme: MinimalScheme) -> float:
    """Return how many times as many cycles are predicted: it is to win, not to draw."""
    r, width = layer.request, layer.axes[3]
    margin = TUNING.minimal_margin * (TUNING.minimal_dilated if max(r.d) > 1 else 1.0)
    if scheme.fast and not scheme.woven:
        if layer.lanes < 2 * channels_of(layer.asked) <= 2 * layer.lanes:
            margin *= TUNING.minimal_alone
        if max(f.length for f in width.phases) <= 3 and any_two_taps(r):
            margin *= TUNING.minimal_short
    # In narrow rows other ways leave out what these tiles compute.
    return margin * sum(f.length * f.taps for f in width.phases) / max(1, width.pairs())
