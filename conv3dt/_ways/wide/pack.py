"""Packing rows of inputs in parts, for layers with strides along the width.

[n][d][h][channel][part][w]: part r has the inputs r, r + s, r + 2*s, ... of a row, so that those
which neighbouring positions read with a tap are neighbours. Zeros where the row has no inputs.
"""

from ..._compiler.words import ask
from ..._geometry.integers import n_tiles
from ..shared.moving import LANES, NUMBERS, clear, spread
from ..shared.pack import LATER, plane_at
from ..shared.records import BlockedParams, Task
from ..shared.storing import LINE

__all__ = ["pack_parts"]


def pack_parts(plan, task, *, storage):
    """Pack the inputs of a task's block, a channel of a plane after the other."""
    plan, task = BlockedParams(plan), Task(task)
    for n in range(task.batch.start, task.batch.end):
        for d in range(task.depth.start, task.depth.end):
            plane, to = plane_at(plan, task, n, d)
            for c in range(plan.channels):
                x, y = plane + c * plan.arrays.step_c, to + c * plan.chunk_step
                ahead = _ahead(plan, c, d + 1 < task.depth.end)
                _pack_channel(plan, task, x, y, ahead, storage=storage)


def _ahead(plan, c, has_next):
    """Return the bytes to the rows that are asked for: of a later channel, or of the next plane."""
    over = c + LATER - plan.channels
    if over < 0:
        return LATER * plan.arrays.step_c
    return plan.arrays.step_d + (over - c) * plan.arrays.step_c if has_next else 0


def _pack_channel(plan, task, source, target, ahead, *, storage):
    """Pack the rows of a channel of a plane."""
    height, width, step = plan.height, plan.width, plan.arrays.step_w
    left = min(max(task.width.start, 0), task.width.end)
    right = max(left, min(task.width.end, width.i))
    before, behind = left - task.width.start, right - task.width.start
    for h in range(task.height.start, task.height.end):
        row = target + (h - task.height.start) * height.packed_step
        if h < 0 or h >= height.i:
            clear(row, width.in_s * width.part_step // plan.size, plan.size)
        else:
            x = source + h * plan.arrays.step_h + left * step
            for at in range(0, (right - left) * step if ahead else 0, LINE):
                ask(x + ahead + at)
            _pack_row(plan, x, row, before, right - left, storage=storage)
            _clear_numbers(plan, row, 0, before)
            _clear_numbers(plan, row, behind, task.width.end - task.width.start)


def _clear_numbers(plan, row, first, end):
    """Set some numbers of a row to zero."""
    for n in range(first, end):
        clear(_place(plan, row, n), 1, plan.size)


def _place(plan, row, n):
    """Return the address of number n of a row: without divisions, where they are most of a row."""
    s = plan.width.in_s
    if s == 2:
        return row + (n & 1) * plan.width.part_step + (n >> 1) * plan.size
    return row + n % s * plan.width.part_step + n // s * plan.size


def _pack_row(plan, source, row, before, count, *, storage):
    """Write `count` inputs as the numbers of a row from `before` on."""
    step, s, size = plan.arrays.step_w, plan.width.in_s, NUMBERS[storage].size
    lanes, done = LANES[storage], 0
    if s == 2 and step == NUMBERS[storage].item:
        first, second = _place(plan, row, before), _place(plan, row, before + 1)
        done = count // 2 * 2 if count >= 2 * lanes else 0
        for begin in range(0, done, 2 * lanes):  # the last ones may have some again
            n = min(begin, done - 2 * lanes)
            to = n // 2 * size
            NUMBERS[storage].parted(source + n * step, first + to, second + to)
    for r in range(min(s, count - done)):
        n, left = done + r, count - done - r
        rest = (left + 1) >> 1 if s == 2 else n_tiles(left, s)
        y = _place(plan, row, before + n)
        spread(source + n * step, s * step, y, size, rest, storage=storage)
