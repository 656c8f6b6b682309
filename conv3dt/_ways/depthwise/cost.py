"""When the depthwise way applies, how its work is cut, and what it is predicted to cost."""

from collections.abc import Iterator
from math import prod

from ..._geometry.tuning import TUNING
from ..shared.blocked import Blocks, Shape
from ..shared.blocking import Blocking
from ..shared.layer import Layer
from ..shared.scheme import Candidate
from .scheme import runs_of

__all__ = ["blocking_of", "candidates"]

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


def blocking_of(layer: Layer, blocks: Blocks, threads: int) -> Blocking:
    """Return the rows and the blocks of channels of a task.

    So many rows that the inputs of all taps of the depth stay near, and the depth as long as leaves
    enough tasks: few rows are read again by the next task, which costs more than to find some of
    them in L3. Nearer still, where there are many rows for each that is read again.
    """
    batch, depth, height, width = layer.axes
    whole = [max(1, axis.positions) for axis in layer.axes]
    spans = [hi - lo + 1 for lo, hi in (axis.shifts for axis in layer.axes)]
    filters = prod(sum(f.taps for f in axis.phases) for axis in layer.axes)

    def window(rows: int, group: int) -> int:
        row = width.i * group * layer.machine.vector_bytes
        return (spans[1] + depth.in_s) * (rows * height.in_s + spans[2]) * row

    group, rows = max(1, len(blocks)), whole[2]
    while group > 1 and (
        filters * group * layer.machine.vector_bytes > TUNING.panels_bytes // 2
        or window(min(rows, TUNING.depthwise_rows), group) > TUNING.depthwise_bytes
    ):
        group = -(-group // 2)
    while rows > 1 and window(rows, group) > TUNING.depthwise_bytes:
        rows -= 1
    few = TUNING.depthwise_again * (spans[2] - 1)
    while rows > max(1, few) and window(rows, group) > TUNING.depthwise_near:
        rows -= 1
    rows = -(-whole[2] // -(-whole[2] // rows))
    groups, planes = -(-max(1, len(blocks)) // group), whole[1]
    wanted = TUNING.tasks_per_thread * threads if threads > 1 else 1

    def tasks() -> int:
        return batch.i * -(-whole[1] // planes) * -(-whole[2] // rows) * groups

    while tasks() < wanted and planes > spans[1]:
        planes = -(-planes // 2)
    while tasks() < wanted and rows > 1:
        rows = -(-rows // 2)
    return Blocking((1, planes, rows, whole[3]), group, groups)
