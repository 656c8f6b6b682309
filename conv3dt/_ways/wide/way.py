"""The wide way: output positions in the lanes. What the choice asks it."""

from ..._geometry.tuning import TUNING
from ..shared.blocking import blockings
from ..shared.layer import Layer
from ..shared.scheme import BY_TAPS, Candidate
from ..shared.sharing import best_of
from .cost import candidates
from .encode import encoded, parts
from .row_cost import ROWS
from .row_scheme import row_scheme
from .scheme import WideScheme

__all__ = ["candidates", "encoded", "grouped", "order", "parts", "scheme"]

order = BY_TAPS
grouped = False


def scheme(layer: Layer, candidate: Candidate, threads: int) -> WideScheme:
    """Return the scheme of a candidate: its blocks of positions and of channels."""
    if candidate.along.startswith(ROWS):
        return row_scheme(layer, candidate, threads)
    shape, position = candidate.shape, layer.request.ci * layer.storage.size
    halos = (False, False, shape.most[2] > 1, True)
    limit, blocks = TUNING.wide_block_bytes, len(shape.blocks)
    cuts = blockings(layer.axes, shape.most, halos, position, limit, blocks, threads)
    schemes = (WideScheme(layer, shape, cut, halos, threads, candidate.cycles) for cut in cuts)
    return best_of(schemes, lambda scheme: scheme.sharing).in_whole_lines()
