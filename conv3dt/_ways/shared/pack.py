"""Packing inputs, into the order in which tiles read them, in the compute type.

[chunk][n][d][h][w][channel of the chunk]; for wide tiles, whose chunks are single channels,
[n][d][h][channel][w]; zeros where an axis has a halo
"""

from ..._compiler.words import ask
from ..._geometry.storages import OPERANDS
from . import pairs, taps
from .moving import clear, copy, copy_words, spread, turn
from .records import BlockedParams, Task
from .transpose import WOVEN

__all__ = ["LATER", "clear_row", "copy_channel", "copy_row", "copy_rows", "pack_input", "plane_at"]

# So many channels' rows a processor's prefetching follows at once. With 64 channels, packing one
# channel after the other took two thirds of the time; with 16, it took longer.
_STREAMS = 16

LATER = 2  # channels after which one comes that is asked for: 4 % at 64^3 x 128 to 32, kernel 1


def pack_input(plan, task, *, storage):
    """Pack the inputs of a task's block; indices outside the input become zeros."""
    plan, task = BlockedParams(plan), Task(task)
    for n in range(task.batch.start, task.batch.end):
        for d in range(task.depth.start, task.depth.end):
            plane, to = plane_at(plan, task, n, d)
            _pack_plane(plan, task, plane, to, storage=storage)


def plane_at(plan, task, n, d):
    """Return where a plane of inputs lies, and where in the block it is packed."""
    to = task.inputs + (n - task.batch.start) * plan.batch.packed_step
    to += (d - task.depth.start) * plan.depth.packed_step
    return plan.arrays.input + n * plan.arrays.step_n + d * plan.arrays.step_d, to


def _pack_plane(plan, task, plane, to, *, storage):
    """Pack a plane of a block: its rows together, one by one, or channel by channel."""
    width, height = plan.width, plan.height
    step, packed = plan.arrays.step_w, width.packed_step
    apart = plan.chunk == 1 and step == plan.item and plan.channels > _STREAMS
    apart = apart and plan.taps_step == 0
    w0, w1 = task.width.start, task.width.end
    left = min(max(w0, 0), w1)
    right = max(left, min(w1, width.i))
    h0, h1 = max(task.height.start, 0), min(task.height.end, height.i)
    rows = to + (left - w0) * packed
    if apart:
        x = plane + left * step
        _copy_planes(plan, task.height, x, rows, right - left, storage=storage)
    elif h0 < h1:
        x, y = plane + h0 * plan.arrays.step_h, rows + (h0 - task.height.start) * height.packed_step
        copy_rows(
            plan, x, y, left, right - left, height.packed_step, h1 - h0, storage=storage
        )  # fmt: skip
    for h in range(task.height.start, task.height.end):
        row = to + (h - task.height.start) * height.packed_step
        if h < h0 or h >= h1:
            clear_row(plan, row, w1 - w0)
        else:
            clear_row(plan, row, left - w0)
            clear_row(plan, row + (right - w0) * packed, w1 - right)


def copy_rows(plan, source, target, first, positions, row_step, rows, *, storage):
    """Copy the channels of `positions` neighbours of each row; what lies between is not kept.

    `row_step` bytes lie between rows of the target.
    """
    if positions == plan.width.i and _are_short(plan, storage=storage):
        _turn_rows(plan, source, target, row_step, rows, storage=storage)
        return
    for h in range(rows):
        x, y = source + h * plan.arrays.step_h, target + h * row_step
        copy_row(plan, x, y, first, positions, storage=storage)


def _are_short(plan, *, storage):
    """Return whether rows are turned together: alone, they are no whole squares."""
    arrays, item = plan.arrays, OPERANDS[storage].item
    turned = arrays.step_w == item and arrays.step_c != item
    turned = turned and (plan.chunk >= plan.lanes or 2 <= plan.chunk <= WOVEN)
    short = plan.width.i < 2 * plan.lanes and plan.width.i % plan.lanes > 0
    run = arrays.step_h == plan.width.i * item and plan.taps_step == 0
    return turned and short and run and not OPERANDS[storage].pairs


def _turn_rows(plan, source, target, row_step, rows, *, storage):
    """Turn rows that are one run in memory.

    The run ends where the last row does, so that rows move forward to their places.
    """
    positions, size = plan.width.i, OPERANDS[storage].size
    row, step = positions * plan.chunk * size, plan.arrays.step_c
    for first in range(0, plan.channels, plan.chunk):
        to = target + first // plan.chunk * plan.chunk_step
        run = to + (rows - 1) * (row_step - row)
        count = min(plan.chunk, plan.channels - first)
        x = source + first * step
        if not OPERANDS[storage].pairs:  # those are joined row by row
            turn(x, step, run, plan.chunk * size, count, rows * positions, storage=storage)
        for h in range(rows - 1 if row_step > row else 0):
            copy_words(run + h * row, to + h * row_step, row)


def copy_row(plan, row, target, first, positions, *, storage):
    """Copy the channels of `positions` neighbours along the width, chunk by chunk."""
    channel_step = plan.arrays.step_c
    source = row + first * plan.arrays.step_w
    if OPERANDS[storage].pairs:
        if plan.taps_step:
            taps.copy_positions(plan, row, target, first, positions)
        elif channel_step == 2 and plan.halves == 2 * plan.channels:  # words are there already
            _copy_numbers(plan, source, 4, target, positions, storage="float32")
        else:
            pairs.copy_positions(plan, source, target, positions)
    else:
        _copy_numbers(plan, source, channel_step, target, positions, storage=storage)


def _copy_numbers(plan, source, channel_step, target, positions, *, storage):
    """Copy them where each is a number of its own."""
    item, size = OPERANDS[storage].item, OPERANDS[storage].size
    chunk, step = plan.chunk, plan.arrays.step_w
    if channel_step == item and step == chunk * item and chunk == plan.channels:
        copy(source, target, positions * chunk, storage=storage)
        return
    if chunk == 1 and channel_step == item:
        turn(source, step, target, plan.chunk_step, positions, plan.channels, storage=storage)
        return
    for first in range(0, plan.channels, chunk):
        x, y = source + first * channel_step, target + first // chunk * plan.chunk_step
        count = min(chunk, plan.channels - first)
        if channel_step == item:
            for w in range(positions):
                copy(x + w * step, y + w * chunk * size, count, storage=storage)
        elif step == item and chunk == 1:
            copy(x, y, positions, storage=storage)
        elif step == item:
            turn(x, channel_step, y, chunk * size, count, positions, storage=storage)
        else:
            for c in range(count):
                at, to = x + c * channel_step, y + c * size
                spread(at, step, to, chunk * size, positions, storage=storage)


def clear_row(plan, target, positions):
    """Set the channels of `positions` neighbours to zero."""
    for first in range(0, plan.channels, plan.chunk):
        at = target + first // plan.chunk * plan.chunk_step
        clear(at, positions * plan.chunk, plan.size)


def _copy_planes(plan, part, source, target, positions, *, storage):
    """Copy the rows that exist of one channel, then of the next: they lie together."""
    for c in range(plan.channels):
        y, later = target + c * plan.chunk_step, LATER * plan.arrays.step_c
        for h in range(max(part.start, 0), min(part.end, plan.height.i)):
            to = y + (h - part.start) * plan.height.packed_step
            if c + LATER < plan.channels:
                asked = source + h * plan.arrays.step_h + c * plan.arrays.step_c + later
                for n in range(0, positions * plan.item, 64):
                    ask(asked + n)
            copy_channel(plan, source + h * plan.arrays.step_h, to, c, positions, storage=storage)


def copy_channel(plan, source, target, number, positions, *, storage):
    """Copy one channel, or pair of channels, of positions that are neighbours in memory."""
    if OPERANDS[storage].pairs:
        pairs.copy_rows(plan, source, target, number, positions)
    else:
        copy(source + number * plan.arrays.step_c, target, positions, storage=storage)
