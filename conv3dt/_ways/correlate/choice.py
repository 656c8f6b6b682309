"""Which scheme a gradient of filters has."""

from functools import lru_cache

from ..._geometry.tuning import TUNING
from .channelwise.scheme import ChannelwiseScheme
from .cost import cycles_of
from .cut import Cut
from .layer import Correlation
from .minimal.cost import choose, predicted_cycles, refusal
from .minimal.scheme import MinimalScheme
from .scheme import CorrelateScheme

__all__ = ["predicted", "scheme_of"]


@lru_cache(maxsize=1024)
def scheme_of(layer: Correlation, threads: int) -> Cut:
    """Return the scheme of a gradient for at most so many threads, fewer where memory is short."""
    make, why = _kind(layer)
    if not layer.flops:
        return make(layer, 1, why)
    threads = 1 if layer.flops < TUNING.serial_flops else threads
    most = max(1, TUNING.scratch_bytes // make(layer, 1).scratch_step)
    scheme = make(layer, min(threads, most))
    return make(layer, min(scheme.threads, scheme.tasks), why)


def predicted(layer: Correlation) -> float:
    """Return the predicted cycles of one thread."""
    return predicted_cycles(layer) if _kind(layer)[0] is MinimalScheme else cycles_of(layer)


def _kind(layer: Correlation) -> tuple[type[Cut], str]:
    """Return which kind of scheme, and why."""
    if layer.groups > 1:
        return ChannelwiseScheme, f"not taken: {refusal(layer)}"
    taken, why = choose(layer)
    return MinimalScheme if taken else CorrelateScheme, why
