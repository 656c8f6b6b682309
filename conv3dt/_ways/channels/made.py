"""Outputs that are made in scratch, and then turned or copied past the caches: parts of the driver.

`made_in` says of a plan which: rows, lines or slabs.
"""

from ..._compiler.words import copy_line
from ..._geometry.storages import OPERANDS
from ..shared.moving import copy_words, turn
from ..shared.records import SEAM, Block
from ..shared.seams import begin, end
from .records import ChannelParams, ChannelTask

__all__ = ["close_plane", "copy_row", "place_row", "place_slab", "turn_row", "turn_slab"]


def place_row(plan, task):
    """Say where rows of a task's outputs are made, one after the other."""
    plan, task = ChannelParams(plan), ChannelTask(task)
    before = task.width.lo * plan.width.s * plan.width.output_step
    task.made = task.scratch + plan.made_at - before


def place_slab(plan, task):
    """Say where all outputs of a block are made, with its channels together."""
    plan, task = ChannelParams(plan), ChannelTask(task)
    before = task.batch.lo * plan.batch.output_step
    before += task.depth.lo * plan.depth.s * plan.depth.output_step
    before += task.height.lo * plan.height.s * plan.height.output_step
    task.output = task.scratch + plan.made_at - before


def copy_row(plan, task, plane, to):
    """Copy a row of outputs past the caches; what does not fill a line waits before the next row.

    The first and the last line of a task's rows of a plane are not theirs alone: see `seams`.
    """
    plan, task = ChannelParams(plan), ChannelTask(task)
    size, at, before, done = plan.height.output_step, task.made, to % 64, 0
    if to == plane + task.height.lo * plan.height.s * size:
        begin(at, to)
        done = 64
    for line in range(done, size + before - 63, 64):
        copy_line(at + line - before, to + line - before)
    if to + size == plane + min(task.height.hi * plan.height.s, plan.height.o) * size:
        end(at + size - SEAM, to + size)
    else:
        copy_words(at + size - 64, at - 64, 64)


def close_plane(plan, task, plane):
    """Store the first and the last line of a task's rows of a plane, which tiles have left."""
    plan, task = ChannelParams(plan), ChannelTask(task)
    s, step = plan.height.s, plan.height.output_step
    begin(task.seam.at, plane + task.height.lo * s * step)
    end(task.seam.at, plane + min(task.height.hi * s, plan.height.o) * step)


def turn_row(plan, task, block, to, *, storage):
    """Store a row of outputs channel by channel."""
    plan, task, block = ChannelParams(plan), ChannelTask(task), Block(block)
    lo, hi = _made_of(plan.width, task.width)
    step = plan.width.output_step
    at, to = task.made + lo * step, to + lo * OPERANDS[storage].item
    turn(at, step, to, plan.out_step, hi - lo, _channels(plan, block), storage=storage)


def turn_slab(plan, task, block, *, storage):
    """Store all outputs of a block channel by channel: of all planes at once if rows are."""
    plan, task, block = ChannelParams(plan), ChannelTask(task), Block(block)
    z_lo, z_hi = _made_of(plan.depth, task.depth)
    y_lo, y_hi = _made_of(plan.height, task.height)
    rows, planes = y_hi - y_lo, z_hi - z_lo
    if rows == plan.height.o:
        rows, planes = rows * planes, 1
    width, step = plan.width.o, plan.width.output_step
    output = plan.arrays.output + block.start * plan.out_step
    output += (z_lo * plan.height.o + y_lo) * width * OPERANDS[storage].item
    for n in range(task.batch.lo, task.batch.hi):
        made = task.scratch + plan.made_at + (n - task.batch.lo) * plan.batch.output_step
        for z in range(planes):
            to = output + n * plan.image_step + z * plan.height.o * width * OPERANDS[storage].item
            at, channels = made + z * plan.depth.output_step, _channels(plan, block)
            turn(at, step, to, plan.out_step, rows * width, channels, storage=storage)


def _made_of(axis, range_):
    """Return the outputs from .. to of a task along an axis."""
    return range_.lo * axis.s, min(range_.hi * axis.s, axis.o)


def _channels(plan, block):
    """Return how many channels of a block exist."""
    return min(block.columns, plan.co - block.start)
