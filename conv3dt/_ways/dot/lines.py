"""The driver of the dot way where filters lie in lines of output channels.

1  tasks: groups of blocks of output channels; their sums begin as zeros, and become outputs;
   filters are turned, if they do not lie in lines
2    taps that read inside: the positions at which they do are listed
3      input channels, as many as stay in L1: those of all these positions are gathered
4        blocks of output channels: their filters come from memory, once
5          tiles of positions
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..._geometry.integers import n_tiles
from ..shared.moving import clear, copy_words
from ..shared.tables import Phases
from ..shared.tasks import next_block
from .driver import (
    begun_task,
    filters_at,
    list_inputs,
    list_outputs,
    place_inputs,
    reach_of,
    tap_of,
    turn_some,
)
from .records import DotParams, Row

__all__ = ["run"]


class Some(NamedTuple):
    """Some input channels of a tap, for a block of output channels."""

    count: Any  # how many, or how many pairs,
    half: Any  # and 1 if half a pair follows
    filters: Any  # address of the first one's
    ask: Any  # and of those that are going to be read
    to: Any  # bytes from a row's sums to those of the block
    source: Any  # bytes from a row's inputs to those that are asked for


def run(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = DotParams(plan)
    task = begun_task(plan, slot)
    phases = Phases(plan.depth.phases[0], plan.height.phases[0], plan.width.phases[0])
    while next_block(plan, task):
        place_inputs(plan, task)
        turn_some(plan, task, task.first_block, task.end_block)
        clear(task.sums, plan.group * plan.block_sums // plan.size, plan.size)
        reach = reach_of(plan, phases)
        for t in range(reach.count):
            rows = list_inputs(plan, task, phases, tap_of(reach, t))
            if rows > 0:
                filters = filters_at(plan, task, phases, reach, t)
                following = filters_at(plan, task, phases, reach, min(t + 1, reach.count - 1))
                _multiply(plan, task, filters, following, rows)
        _finish(plan, task, phases)


def _multiply(plan, task, filters, following, rows):
    """Add the products of a tap to the sums of the positions that are listed."""
    step, odd = _step(plan, task), plan.halves % 2 if plan.halves > plan.channels else 0
    for c in range(0, plan.channels, plan.chunk):
        count = min(plan.chunk, plan.channels - c)
        source = c // plan.chunk * plan.chunk_step
        _gather(plan, task, source, count, rows)
        source += plan.chunk_step
        at = filters + c * step
        ask = at + count * step if c + count < plan.channels else following
        half = odd if c + count == plan.channels else 0
        for b in range(task.first_block, task.end_block):
            first = plan.blocks[b].start * task.filters.co
            to = (b - task.first_block) * plan.block_sums
            some = Some(count - half, half, at + first, ask + first, to, source)
            _multiply_block(plan, task, plan.blocks[b], rows, some)
            source += plan.asked


def _step(plan, task):
    """Return the bytes from the line of an input channel to the next one's, or that of a pair."""
    return 2 * task.filters.ci if plan.halves > plan.channels else task.filters.ci


def _gather(plan, task, source, count, rows):
    """Copy input channels of the positions that are listed next to each other."""
    to = task.scratch + plan.gathered_at
    for m in range(rows):
        copy_words(Row(task.rows + m * Row.SIZE).input + source, to, count * plan.size)
        to += plan.chunk * plan.size


def _multiply_block(plan, task, block, rows, some):
    """Add the products of some input channels and a block of output channels."""
    which = block.kind * plan.kernels_outer + some.half
    kernels = plan.kernels + 8 * which * plan.kernels_inner
    tiles = n_tiles(rows, plan.rows if block.columns > plan.lanes else plan.rows_alone)
    least, longer = divmod(rows, tiles)
    row, inputs = task.rows, task.scratch + plan.gathered_at
    for t in range(tiles):
        size = least + 1 if t < longer else least
        call(
            get(kernels, size), row, inputs, some.count, some.filters, _step(plan, task),
            some.to, some.ask, some.source,
        )  # fmt: skip
        row += size * Row.SIZE
        inputs += size * plan.chunk * plan.size


def _finish(plan, task, phases):
    """Make outputs of the sums of a task."""
    positions = plan.batch.positions * phases.d.length * phases.h.length * phases.w.length
    for b in range(task.first_block, task.end_block):
        block = plan.blocks[b]
        list_outputs(plan, task, block, phases)
        bias = plan.arrays.bias + block.start * plan.size
        sums = task.sums + (b - task.first_block) * plan.block_sums
        call(get(plan.finish, block.kind), sums, bias, task.rows, positions, plan.out_step)
