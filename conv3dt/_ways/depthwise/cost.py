"""When the depthwise way applies, and what it is predicted to cost."""

from collections.abc import Iterator

from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocks, Shape
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from .runs import runs_of

__all__ = ["candidates"]

_LEAST = 4  # positions of a tile
_MOST_INPUTS = 4  # for each output of a group: of more, it takes too long to find them
_TAPS = 16  # along the width: code for each is written out
_KINDS = 24  # tiles of a row, of different edges: each is compiled
_PHASES = 64  # of an axis: their rows, and runs of each along the width, are listed


def candidates(layer: Layer) -> Iterator[Candidate]:
    """Yield the layer, if each output has one input channel or few, and its tiles are few."""
    width = layer.axes[3]
    taps = max((f.taps for f in width.phases), default=0)
    if layer.taps or (layer.request.ci != 1 and not _mixes_few(layer, taps)):
        return
    if taps > _TAPS or max(axis.n_phases for axis in layer.axes) > _PHASES:
        return
    most = _positions(layer, taps)
    if len({run.kind for run in runs_of(width, most)}) > _KINDS:
        return
    cycles = TUNING.depthwise_cycles * layer.flops / 2 / layer.lanes / layer.machine.fmas
    yield Candidate("width", cycles, Shape((1, 1, 1, most), _blocks(layer)))


def _positions(layer: Layer, taps: int) -> int:
    """Return the most positions of a tile: accumulators beside all weights and an input."""
    weights = taps * layer.request.ci
    return max(_LEAST, min(TUNING.depthwise_positions, layer.machine.registers - weights - 3))


def _mixes_few(layer: Layer, taps: int) -> bool:
    """Return whether the inputs of a group are few, so that their weights stay in registers.

    Channels that lie apart fill the lanes with positions instead.
    """
    per, share = layer.request.ci, layer.asked.co // layer.asked.groups
    few = 0 < per <= _MOST_INPUTS * share and share < layer.lanes
    registers = layer.machine.registers
    return few and not layer.apart and taps * per + registers // 4 + 3 <= registers


def _blocks(layer: Layer) -> Blocks:
    """Return the blocks of channels: vectors, the last as short as holds the rest."""
    co, lanes = layer.request.co, layer.lanes
    whole = co // lanes * lanes
    blocks = [(start, lanes) for start in range(0, whole, lanes)]
    rest = co - whole
    if rest:
        least = max(1, 16 // layer.storage.size)
        blocks.append((whole, max(least, 1 << (rest - 1).bit_length())))
    return tuple(blocks)
