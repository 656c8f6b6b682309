"""Packing for the folding way: rows of inputs, and filters by columns."""

from ..._compiler.words import next_task
from ..._geometry.storages import OPERANDS
from ..shared import pairs
from ..shared.moving import clear, spread
from ..shared.pack import copy_channel, copy_row
from .records import FoldParams, FoldTask

__all__ = ["pack_columns", "pack_rows"]


def pack_rows(plan, task, target, d, h, first, *, storage):
    """Pack rows of inputs, or a piece of one; `first` is its first vector.

    Where channels lie apart, all rows of a channel are packed before the next channel's.
    """
    plan, task = FoldParams(plan), FoldTask(task)
    arrays, start = plan.arrays, task.width.start + first * plan.lanes
    rows = min(plan.together, task.height.end - h)
    positions = min(plan.piece * plan.lanes, task.width.end - start)
    source = arrays.input + task.n * arrays.step_n + d * arrays.step_d + h * arrays.step_h
    if rows == 1 or arrays.step_w != OPERANDS[storage].item or plan.taps_step:
        again = _again(plan, start, positions) if rows == 1 else 0
        for r in range(rows):
            x, y = source + r * arrays.step_h, target + r * plan.buffer_step - again * plan.size
            copy_row(plan, x, y, start - again, positions + again, storage=storage)
        return
    source += start * arrays.step_w
    for c in range(plan.channels):
        y = target + c * plan.chunk_step
        for r in range(rows):
            x = source + r * arrays.step_h
            copy_channel(plan, x, y + r * plan.buffer_step, c, positions, storage=storage)


def _again(plan, start, positions):
    """Return how many positions before the piece are packed with it, so that squares are whole."""
    rest = positions % plan.lanes
    again = plan.lanes - rest
    return again if 4 * rest >= plan.lanes and start >= again and not plan.taps_step else 0


def pack_columns(plan, slot, *, storage):
    """Pack filters as [group][block of columns][ci][column].

    Columns are ordered by kw, from the last to the first, co, kd, kh: those of a tile then add to
    different rows of sums. Sums that were stored a moment ago cannot be loaded again, shifted,
    before they are in the cache.
    """
    plan = FoldParams(plan)
    size, taps = OPERANDS[storage].size, plan.depth.k * plan.height.k
    while True:
        group, b = divmod(next_task(plan.arrays), plan.n_blocks)
        if group * plan.group >= plan.co:
            break
        block = plan.blocks[b]
        numbers = plan.channels * block.columns
        target = plan.arrays.panels
        target += (group * plan.columns + block.start) * plan.channels * size
        if (group + 1) * plan.group > plan.co:
            clear(target, numbers, size)
        for m in range(block.columns):
            rest, tap = divmod(block.start + m, taps)
            kw, channel = divmod(rest, plan.group)
            co = channel + group * plan.group
            if co < plan.co:
                source, step = _filter(plan, tap, plan.width.k - 1 - kw, co), block.columns * size
                ci_step, to = plan.arrays.step_ci, target + m * size
                if OPERANDS[storage].pairs:
                    pairs.fill_words(plan, source, ci_step, to, step)
                else:
                    spread(source, ci_step, to, step, plan.channels, storage=storage)
        if not pairs.all_finite(target, numbers, storage=storage):
            plan.arrays.not_finite = 1


def _filter(plan, tap, kw, co):
    """Return the address of the first weight of tap (kd, kh), kw and an output channel."""
    arrays = plan.arrays
    kd, kh = divmod(tap, plan.height.k)
    at = arrays.filters + kd * arrays.step_kd + kh * arrays.step_kh + kw * arrays.step_kw
    return at + co * arrays.step_co
