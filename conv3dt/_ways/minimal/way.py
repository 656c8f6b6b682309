"""The minimal way: fewer products than the definition has. What the choice asks it."""

from dataclasses import replace

from ..._geometry.tuning import TUNING
from ..shared.layer import Layer
from ..shared.scheme import BY_FEWER, Candidate
from .cost import candidates, predicted_cycles, refusal, saved, scheme_of
from .encode import encoded, parts
from .scheme import MinimalScheme

__all__ = [
    "candidates",
    "encoded",
    "grouped",
    "order",
    "parts",
    "predicted_cycles",
    "refusal",
    "saved",
    "scheme",
]

order = BY_FEWER
grouped = False


def scheme(layer: Layer, candidate: Candidate, threads: int) -> MinimalScheme:
    """Return the scheme of a candidate, cut for so many threads."""
    alone = scheme_of(layer)
    return replace(alone, threads=min(threads, max(1, TUNING.scratch_bytes // alone.region)))
