"""The depthwise way: one input channel for each output, or few. What the choice asks it."""

from ..shared.layer import Layer
from ..shared.scheme import BY_TAPS, Candidate
from .blocking import blocking_of
from .cost import candidates
from .encode import encoded, parts
from .scheme import DepthwiseScheme

__all__ = ["candidates", "encoded", "grouped", "order", "parts", "scheme"]

order = BY_TAPS
grouped = True


def scheme(layer: Layer, candidate: Candidate, threads: int) -> DepthwiseScheme:
    """Return the scheme of a candidate, cut for so many threads."""
    shape, halos = candidate.shape, (False,) * 4
    blocking = blocking_of(layer, shape, threads)
    return DepthwiseScheme(layer, shape, blocking, halos, threads, candidate.cycles)
