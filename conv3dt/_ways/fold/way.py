"""The folding way: input positions in the lanes, for few channels. What the choice asks it."""

from ..shared.layer import Layer
from ..shared.scheme import BY_INPUTS, Candidate
from .cost import candidates, choose_folding, predicted_cycles
from .encode import encoded, parts
from .scheme import FoldScheme

__all__ = ["candidates", "encoded", "grouped", "order", "parts", "scheme"]

order = BY_INPUTS
grouped = False


def scheme(layer: Layer, candidate: Candidate, threads: int) -> FoldScheme:
    """Return the scheme of a candidate, cut for so many threads."""
    folding = choose_folding(layer.request, layer.machine, threads)
    assert folding is not None  # it could be cut for one thread, so it can be for several
    return FoldScheme(layer, folding, threads, predicted_cycles(folding))
