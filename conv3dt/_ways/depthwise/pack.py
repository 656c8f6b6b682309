"""Inputs that are packed, plane by plane, and outputs made in scratch: parts of the driver.

A plane of a task's inputs is packed when the first tap reads it, and stays in a ring of planes
until the last has: [plane modulo window][row][position][channel of the task], in the compute type.
"""

from ..._compiler.words import uint16_at
from ..._geometry.storages import STORAGES
from ..shared.moving import LANES, copy, copy_past_caches, spread, turn, turn_past_caches
from .records import DepthwiseParams, DepthwiseTask

__all__ = ["copy_rows", "pack_plane", "turn_past", "turn_rows"]


def pack_plane(plan, task, n, number, *, storage):
    """Pack a plane of an image: the rows and channels that the task reads."""
    plan, task = DepthwiseParams(plan), DepthwiseTask(task)
    arrays, height = plan.arrays, plan.height
    source = arrays.input + n * arrays.step_n + number * arrays.step_d
    source += task.channel * arrays.step_c
    target = task.scratch + number % plan.window * plan.depth.packed_step
    item, size, at_once = STORAGES[storage].item, STORAGES[storage].size, task.channels
    if arrays.step_w == item and at_once % LANES[storage] == 0:
        at_once = LANES[storage]  # turned: their rows follow each other in memory
    for c in range(0, task.channels, at_once):
        for h in range(task.height.start, task.height.end):
            x = source + h * arrays.step_h + c * arrays.step_c
            y = target + (h - task.height.start) * height.packed_step + c * size
            _copy_row(plan, x, y, at_once, storage=storage)


def _copy_row(plan, source, target, channels, *, storage):
    """Copy a row of inputs, whichever of its numbers are neighbours."""
    item, size = STORAGES[storage].item, STORAGES[storage].size
    step, channel_step = plan.arrays.step_w, plan.arrays.step_c
    positions, pitch = plan.width.i, plan.width.packed_step
    if channel_step == item and step == channels * item and pitch == channels * size:
        copy(source, target, positions * channels, storage=storage)
    elif channel_step == item:
        for w in range(positions):
            copy(source + w * step, target + w * pitch, channels, storage=storage)
    elif step == item:
        turn(source, channel_step, target, pitch, channels, positions, storage=storage)
    else:
        for c in range(channels):
            spread(
                source + c * channel_step, step, target + c * size, pitch, positions,
                storage=storage,
            )  # fmt: skip


def copy_rows(plan, task, to, count, *, storage):
    """Copy neighbouring outputs of a task, which has all channels, past the caches."""
    plan, task = DepthwiseParams(plan), DepthwiseTask(task)
    copy_past_caches(task.made, to, count * plan.width.output_step)


def turn_past(plan, task, to, count, *, storage):
    """Do what `turn_rows` does, past the caches where channels are whole lines, whole squares."""
    record, of = DepthwiseParams(plan), DepthwiseTask(task)
    first, channels = _channels(record, of)
    place, lanes = to + first * record.out_step, LANES[storage]
    if (place | record.out_step) % 64 or count % lanes or channels % lanes:
        turn_rows(plan, task, to, count, storage=storage)
        return
    at, step = of.made, record.width.output_step
    turn_past_caches(at, step, place, record.out_step, count, channels, storage=storage)


def turn_rows(plan, task, to, count, *, storage):
    """Store neighbouring outputs of a task channel by channel."""
    plan, task = DepthwiseParams(plan), DepthwiseTask(task)
    first, channels = _channels(plan, task)
    at, to = task.made, to + first * plan.out_step
    step = plan.width.output_step
    if STORAGES[storage].item == STORAGES[storage].size:
        turn(at, step, to, plan.out_step, count, channels, storage=storage)
        return
    for c in range(channels):
        y = uint16_at(to + c * plan.out_step, count)
        for p in range(count):
            y[p] = uint16_at(at + p * step + 2 * c, 1)[0]


def _channels(plan, task):
    """Return the first output channel of a task, and how many it has."""
    first, last = plan.blocks[task.first_block], plan.blocks[task.end_block - 1]
    return first.start, min(last.start + last.columns, plan.co) - first.start
