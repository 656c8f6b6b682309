"""The driver of the depthwise way: all loops between a plan and the micro-kernel.

1  tasks: blocks of rows (batch, depth, height), groups of blocks of channels
2    planes of an image: of outputs, each from all its inputs; or of inputs, while sums wait
3      tiles along the width, and its phases (`rows`)
4        blocks of channels
5          rows: the taps of the height read again what they have in L1
6            planes of outputs that these inputs reach, where sums wait

A task has so few rows that what a tap of the depth reads is in L2 when the next one does. Where L1
cannot hold what all taps of a tile read, but holds what those of a plane do, planes of inputs are
taken one after the other, each once; sums of outputs that more of them reach wait in scratch.

Inputs are read where they lie, or they are packed, and outputs whose channels lie apart, or which
begin between cache lines, are made in scratch (`pack`). Tiles ask for what is read next (`ahead`).
"""

from ..shared.tables import taps_between
from ..shared.tasks import next_block, task_of
from .ahead import ask_for
from .planes import Plane, open_plane, place_plane, place_planes, store_planes
from .records import DepthwiseParams, DepthwiseTask
from .rows import list_rows, run_strips

__all__ = ["convolve"]


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = DepthwiseParams(plan)
    task = DepthwiseTask(task_of(plan, slot))
    while next_block(plan, task):
        _take_channels(plan, task)
        rows = list_rows(plan, task)
        for n in range(task.batch.lo, task.batch.hi):
            if plan.waits:
                _run_inputs(plan, task, n, rows)
            else:
                _run_outputs(plan, task, n, rows)


def _take_channels(plan, task):
    """Write which input channels a task has."""
    first, last = plan.blocks[task.first_block], plan.blocks[task.end_block - 1]
    task.channel = first.start // plan.share * plan.channels
    end = ((last.start + last.columns - 1) // plan.share + 1) * plan.channels
    task.channels = min(end, plan.inputs) - task.channel


def _run_outputs(plan, task, n, rows):
    """Compute an image's planes of outputs, one after the other."""
    depth = plan.depth
    task.packed = task.depth.start
    for z in range(task.depth.lo, task.depth.hi):
        ask = ask_for(plan, task, n, z * depth.in_s + depth.shift_hi + 1, depth.in_s)
        for rd in range(depth.n_phases):
            d = depth.phases[rd]
            if z < d.length:
                first, end = taps_between(depth, d, z, z + 1)
                task.open = 0
                place_planes(plan, task, Plane(n, z, d), first, end)
                open_plane(plan, task, Plane(n, z, d), first, end)
                ask = run_strips(plan, task, rows, ask)
                store_planes(plan, task)


def _run_inputs(plan, task, n, rows):
    """Take an image's planes of inputs, from the last on, as taps are listed; sums wait."""
    depth = plan.depth
    d = depth.phases[0]
    for back in range(task.depth.end - task.depth.start):
        i = task.depth.end - 1 - back
        place_plane(plan, task, n, i)
        task.open = 0
        for j in range(d.taps):
            z, between = divmod(i - d.shift + j, depth.in_s)
            if between == 0 and task.depth.lo <= z and z < task.depth.hi:
                open_plane(plan, task, Plane(n, z, d), j, j + 1)
        run_strips(plan, task, rows, ask_for(plan, task, n, i - 1, 1))
        store_planes(plan, task)
