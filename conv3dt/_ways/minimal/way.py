"""The minimal way: fewer products than the definition has. What the choice asks it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from ..._geometry.tuning import TUNING
from ..shared.layer import Layer
from ..shared.scheme import BY_FEWER, Candidate
from ..shared.sharing import best_of
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
    whole = replace(alone, threads=threads, cycles=candidate.cycles - alone.packing_cycles)
    return best_of(_cuts(whole), lambda scheme: scheme.in_place().sharing)


def _cuts(whole: MinimalScheme) -> Iterator[MinimalScheme]:
    """Yield the scheme, and such of more tasks, which take a little longer together."""
    yield _with_room(whole)
    if whole.threads > 1:
        for cut, apart in product((1, 2, 4), (False, True)):
            yield _with_room(replace(whole, cut=cut, lines_apart=apart))


def _with_room(scheme: MinimalScheme) -> MinimalScheme:
    """Return the scheme for as many threads as there is room for."""
    most = max(TUNING.scratch_bytes, scheme.threads * TUNING.thread_bytes) // scheme.region
    return replace(scheme, threads=min(scheme.threads, max(1, most)))
