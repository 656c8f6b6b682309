"""What L1 holds of the inputs that a tile reads: whether they are packed, and whether sums wait."""

from math import gcd, prod

from ..._geometry.integers import n_tiles
from ..._geometry.tuning import TUNING
from ..shared.layer import Layer
from ..shared.storing import LINE

__all__ = ["crowded", "lies_in_lines", "spans_of", "sums_wait"]


def spans_of(layer: Layer) -> list[int]:
    """Return how many inputs the taps of a position span along depth, height and width."""
    return [hi - lo + 1 for lo, hi in (axis.shifts for axis in layer.axes[1:])]


def lies_in_lines(layer: Layer) -> bool:
    """Return whether a contiguous input can be read where it lies.

    Vectors that lie across two lines take twice as long to load, which all taps do; so does
    widening them.
    """
    asked, storage = layer.asked, layer.storage
    return not layer.apart and not storage.converted and asked.ci * storage.item % LINE == 0


def sums_wait(layer: Layer, most: int) -> bool:
    """Return whether planes of inputs are taken one after the other, while sums wait in scratch.

    So is every input read once from beyond L1, or twice, where L1 cannot hold what the taps of a
    tile of `most` positions read; but sums are, too, which products must be worth.
    """
    depth, height, width = layer.axes[1:]
    if depth.n_phases != 1 or depth.s != 1 or depth.dilation != 1 or not _reached(layer):
        return False
    taps = prod(max((f.taps for f in axis.phases), default=0) for axis in (height, width))
    if (
        depth.phases[0].taps < TUNING.depthwise_planes * depth.in_s
        or taps * _tile(layer, most) < TUNING.depthwise_waiting
    ):
        return False
    packed = not lies_in_lines(layer) or crowded(layer, most, True)
    sets = TUNING.depthwise_sets[0] if packed else _sets(layer)
    few, many = TUNING.depthwise_ways
    ways = few if taps > TUNING.depthwise_taps and not packed else many
    return prod(spans_of(layer)[:2]) * _extent(layer, most) > sets * ways


def _reached(layer: Layer) -> bool:
    """Return whether some input reaches every plane of outputs: the first and the last of them."""
    depth = layer.axes[1]
    f = depth.phases[0]
    last = (f.length - 1) * depth.in_s + f.shift - (f.taps - 1)
    return f.taps > 0 and depth.i > 0 and f.shift >= 0 and last < depth.i


def crowded(layer: Layer, most: int, waits: bool) -> bool:
    """Return whether L1 would lose inputs between the taps that read them, where they lie.

    Positions an even number of lines apart share few of its sets; packed, rows and planes lie
    so that they have all of them, and groups of channels an odd number of lines apart.
    """
    depth, height = layer.axes[1:3]
    spans, tile = spans_of(layer), _extent(layer, most)
    (all_sets, ways), sets = TUNING.depthwise_sets, _sets(layer)
    if waits:
        return spans[1] * tile > sets * TUNING.depthwise_crowd
    lines, reads = spans[0] * spans[1] * tile, 1.0
    for axis in (depth, height):
        reads *= sum(f.taps for f in axis.phases) / axis.in_s
    some, many = TUNING.depthwise_reads
    if lines <= sets * ways or reads < some:
        return False
    return sets <= TUNING.depthwise_few or (lines <= all_sets * ways and reads >= many)


def _extent(layer: Layer, most: int) -> int:
    """Return how many inputs of a row a tile of at most so many positions reads."""
    return (_tile(layer, most) - 1) * layer.axes[3].in_s + spans_of(layer)[2]


def _tile(layer: Layer, most: int) -> int:
    """Return how many positions a tile of at most so many has: tiles of a row are even."""
    positions = max(1, layer.axes[3].positions)
    return -(-positions // n_tiles(positions, most))


def _sets(layer: Layer) -> int:
    """Return over how many sets of L1 neighbouring positions lie, of an input in whole lines."""
    all_sets = TUNING.depthwise_sets[0]
    return all_sets // gcd(all_sets, layer.asked.ci * layer.storage.item // LINE)
