"""When minimal filtering applies, and what it is predicted to cost."""

from collections.abc import Iterator
from functools import lru_cache
from math import prod

from ..._geometry.tuning import TUNING
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from .formulas import Frame, Program, program
from .scheme import MinimalScheme

__all__ = ["candidates", "predicted_cycles", "programs_of"]

_MOST = 1 << 16  # inputs, outputs or taps of an axis: tables list all tiles


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the layer with fewer products, where it has any and memory suffices."""
    if not _applies(layer):
        return
    scheme = MinimalScheme(layer, programs_of(layer), 1)
    fits = scheme.filters_bytes <= TUNING.minimal_filters and scheme.region <= TUNING.minimal_region
    if fits or layer.asked.frame is not None:
        yield Candidate("tiles of 2x2x2 outputs", predicted_cycles(scheme), None)


def _applies(layer: Layer) -> bool:
    """Return whether tiles can be cut, and save products: an axis has two taps or more.

    What decides is the same for a part as for the whole.
    """
    r = layer.asked
    known = r.dtype in ("float32", "float64") and r.co == layer.request.co
    as_channels = not layer.apart and r.k[2] == r.s[2] > 1 == r.d[2]
    empty = 0 in r.output_shape or 0 in r.k or not r.ci
    # Errors in corners pass those of the definition's sums (benchmarks/accuracy.py): who wants
    # fewer products asks for them.
    if layer.no_zeros or not known or as_channels or empty or r.algorithm != "minimal":
        return False
    if max(*r.i, *r.o, *r.k) > _MOST or (r.forward and max(r.s) > 1):
        return False
    if r.frame is not None:
        return True  # the whole has such an axis, or this is not asked
    most = [max((f.taps for f in axis.phases), default=0) for axis in layer.axes[1:]]
    return 0 not in r.i and max(most) > 1


@lru_cache(maxsize=1024)
def programs_of(layer: Layer) -> tuple[Program, Program, Program]:
    """Return what is computed of depth, height and width."""
    frames = layer.asked.frame or ((0, 0, 0),) * 3
    d, h, w = (program(layer.axes[1 + a], Frame(*frames[a])) for a in range(3))
    return d, h, w


def predicted_cycles(scheme: MinimalScheme) -> float:
    """Return the predicted cycles of one thread."""
    r, layer = scheme.layer.request, scheme.layer
    d, h, w = (p.products for p in scheme.programs)
    inputs, outputs = -(-r.ci // layer.lanes), scheme.width // layer.lanes
    positions = r.n * d * h * w
    machine = layer.machine
    multiplied = positions * outputs * r.ci / machine.fmas
    combined = r.n * d * h * (r.i[2] * r.ci / layer.lanes * TUNING.minimal_combine + 60)
    transformed = positions * inputs * TUNING.minimal_transform
    restored = positions * outputs * TUNING.minimal_restore
    stored = r.n * prod(r.o) * outputs * TUNING.minimal_store
    filters = scheme.filters_bytes / scheme.size / layer.lanes * TUNING.minimal_filter
    margin = TUNING.minimal_margin * (TUNING.minimal_dilated if max(r.d) > 1 else 1.0)
    return margin * (multiplied + combined + transformed + restored + stored + filters)
