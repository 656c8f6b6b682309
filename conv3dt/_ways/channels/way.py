"""The channel way: output channels in the lanes. What the choice asks it."""

from math import prod

from ..._geometry.tuning import TUNING
from ..shared.blocking import blockings
from ..shared.layer import Layer
from ..shared.scheme import BY_TAPS, Candidate
from ..shared.sharing import best_of
from .cost import candidates
from .encode import encoded, parts
from .outputs import in_slabs
from .scheme import ChannelScheme

__all__ = ["candidates", "encoded", "grouped", "order", "parts", "scheme"]

order = BY_TAPS
grouped = False


def scheme(layer: Layer, candidate: Candidate, threads: int) -> ChannelScheme:
    """Return the scheme of a candidate: its blocks of positions and of channels."""
    shape = candidate.shape
    layer = layer.in_pairs() if shape.amx else layer
    r = layer.request
    halos = (False, False, shape.most[2] > 1, shape.most[3] > 1 and not layer.no_zeros)
    position = r.ci * layer.storage.size
    heavy = position * prod(r.k) * r.co > TUNING.heavy_panels
    limit = TUNING.heavy_block_bytes if heavy else TUNING.block_bytes
    cuts = blockings(layer.axes, shape.most, halos, position, limit, len(shape.blocks), threads)
    cycles = candidate.cycles
    cuts = (in_slabs(layer, shape, cut) for cut in cuts)
    schemes = (ChannelScheme(layer, shape, cut, halos, threads, cycles) for cut in cuts)
    return best_of(schemes, lambda scheme: scheme.in_place().sharing)
