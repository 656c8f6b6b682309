"""Packing patches: what positions read of their own is taken for channels of one row.

[n][tap of depth][of height][of width][channel][position], for forward layers whose strides are no
shorter than their kernel. Positions of all rows follow each other, as those of the output do.
"""

from typing import Any, NamedTuple

from ..._compiler.words import ask
from ..._geometry.storages import OPERANDS
from ..shared.moving import LANES, NUMBERS, copy, spread
from ..shared.pack import LATER
from ..shared.pairs import join_apart
from ..shared.records import Task
from ..shared.storing import LINE
from .records import WideParams

__all__ = ["pack_patches"]


# Channels from which on rows are asked for: 22 % at 64^3 x 16, kernel 2; fewer lose 4 to 10 %.
_ASKED = 16


class Run(NamedTuple):
    """How neighbours of a row are packed: inputs, taps, and distances."""

    s: Any  # inputs from a position to the next
    k: Any  # taps
    step: Any  # from an input to the next
    tap_step: Any  # from a tap to the next in the packed input


def pack_patches(plan, task, *, storage):
    """Pack what the positions of a task read, a channel after the other; pairs word by word."""
    plan, task = WideParams(plan), Task(task)
    if OPERANDS[storage].pairs:
        _pack_words(plan, task)
        return
    width, channels = plan.patch_width, plan.patch_channels
    run = Run(width.s, width.k, plan.arrays.step_w, channels * plan.chunk_step)
    for n in range(task.batch.start, task.batch.end):
        source = plan.arrays.input + n * plan.arrays.step_n
        target = task.inputs + (n - task.batch.start) * plan.batch.packed_step
        for c in range(channels):
            x, y = source + c * plan.arrays.step_c, target + c * plan.chunk_step
            ahead = LATER * plan.arrays.step_c if _ASKED <= channels > c + LATER else 0
            _pack_channel(plan, task.width, x, y, run, ahead, storage=storage)


def _pack_channel(plan, part, source, target, run, ahead, *, storage):
    """Pack a channel, in the order of its inputs: row after row of positions, all taps of each.

    What is known of the plan is read before: what is written might change it. Rows shorter than a
    vector are packed as one, where others follow that overwrite what is too much.
    """
    lanes = LANES[storage]
    step_d, step_h, row = plan.arrays.step_d, plan.arrays.step_h, plan.patch_width.o
    depth_step, height_step = plan.patch_depth.s * step_d, plan.patch_height.s * step_h
    planes, lines, rows = plan.patch_depth.k, plan.patch_height.k, plan.patch_height.o
    (y, first), left = divmod(part.start, row), part.end - part.start
    z, y = divmod(y, rows)
    in_order = step_h >= row * run.s * run.step > 0 and step_d >= rows * height_step
    short = lanes if row < lanes and (run.s == 1 or _in_vectors(run)) and in_order else 0
    at = target
    while left > 0:
        count = min(row - first, left)
        some = short if short <= left else 0
        x = source + z * depth_step + y * height_step + first * run.s * run.step
        for kd in range(planes):
            for kh in range(lines):
                here = x + kd * step_d + kh * step_h
                to = at + (kd * lines + kh) * run.k * run.tap_step
                for n in range(0, count * run.s * run.step if ahead else 0, LINE):
                    ask(here + ahead + n)
                _pack_run(run, here, to, max(count, some), storage=storage)
        at, left, first, y = at + count * NUMBERS[storage].size, left - count, 0, y + 1
        if y == rows:
            z, y = z + 1, 0


def _pack_words(plan, task):
    """Pack words of two numbers of a patch, each for all positions: no number is alone."""
    for n in range(task.batch.start, task.batch.end):
        source = plan.arrays.input + n * plan.arrays.step_n
        target = task.inputs + (n - task.batch.start) * plan.batch.packed_step
        for word in range(plan.channels):
            x, y = source + _place(plan, 2 * word), source + _place(plan, 2 * word + 1)
            _pack_word(plan, task.width, x, y - x, target + word * plan.chunk_step)


def _place(plan, number):
    """Return the distance of a number of a patch from its first one: [d][h][w][channel]."""
    arrays = plan.arrays
    tap, c = divmod(number, plan.patch_channels)
    row, kw = divmod(tap, plan.patch_width.k)
    kd, kh = divmod(row, plan.patch_height.k)
    return kd * arrays.step_d + kh * arrays.step_h + kw * arrays.step_w + c * arrays.step_c


def _pack_word(plan, part, source, half, target):
    """Pack a word, row after row of positions."""
    step_d, step_h, row = plan.arrays.step_d, plan.arrays.step_h, plan.patch_width.o
    depth_step, height_step = plan.patch_depth.s * step_d, plan.patch_height.s * step_h
    step, rows = plan.patch_width.s * plan.arrays.step_w, plan.patch_height.o
    (y, first), left = divmod(part.start, row), part.end - part.start
    z, y = divmod(y, rows)
    at = target
    while left > 0:
        count = min(row - first, left)
        x = source + z * depth_step + y * height_step + first * step
        join_apart(x, step, half, at, count)
        at, left, first, y = at + 4 * count, left - count, 0, y + 1
        if y == rows:
            z, y = z + 1, 0


def _in_vectors(run):
    """Return whether neighbours are parted in registers."""
    return run.s == 2 or (run.s == 4 and run.k == 4)


def _pack_run(run, source, target, count, *, storage):
    """Pack what `count` neighbours of a row read of a channel, each tap of the width."""
    numbers, lanes = NUMBERS[storage], LANES[storage]
    if _in_vectors(run) and run.step == numbers.item and count >= lanes:
        for begin in range(0, count, lanes):  # the last ones have some again
            n = min(begin, count - lanes)
            x, y = source + run.s * n * numbers.item, target + n * numbers.size
            if run.k == 4:
                numbers.quartered(x, y, run.tap_step)
            elif run.k == 2:
                numbers.parted(x, y, y + run.tap_step)
            else:
                numbers.halved(x, y)
    elif run.s == 1 and run.step == numbers.item:
        copy(source, target, count, storage=storage)
    else:
        for tap in range(run.k):
            x, y = source + tap * run.step, target + tap * run.tap_step
            spread(x, run.s * run.step, y, numbers.size, count, storage=storage)
