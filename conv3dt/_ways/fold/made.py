"""Rows of outputs that are made in scratch, and copied past the caches: a part of the driver.

A row begins between cache lines. What fills no line waits for the row of its plane and channel that
comes next: `waiting` has a line for each of them. Rows of a plane come from first to last.
"""

from ..._compiler.words import call, copy_line
from ..shared.moving import copy_words
from ..shared.records import SEAM
from ..shared.seams import begin, end
from ..shared.storing import LINE
from .records import FoldParams, FoldTask

__all__ = ["make_row"]


def make_row(plan, task, z, y, x, to):
    """Finish row y of plane z, whose sums lie at x, and store it."""
    plan, task = FoldParams(plan), FoldTask(task)
    channel, first = plan.width.s * plan.row, task.group * plan.group
    count, some = task.width.hi - task.width.lo, min(plan.group, plan.co - first)
    waiting, runs = task.made, plan.group if plan.apart else 1
    at = waiting + LINE * (plan.window * runs + 1)
    waiting += z % plan.window * runs * LINE
    if not plan.apart:
        call(plan.finish, x, plan.row, channel, at, count * some, task.bias)
        _store(plan, task, y, at, to, waiting)
        return
    for c in range(some):
        call(plan.finish, x + c * channel, plan.row, 0, at, count, task.bias + c * plan.size)
        _store(plan, task, y, at, to + c * plan.out_step, waiting + c * LINE)


def _store(plan, task, y, at, to, waiting):
    """Store a row: the first and the last line of a task's rows of a plane are not theirs alone."""
    size, before, done = plan.row_bytes, to % LINE, 0
    if y == task.height.lo:
        begin(at, to)
        done = LINE
    else:
        copy_words(waiting, at - LINE, LINE)
    for line in range(done, size + before - LINE + 1, LINE):
        copy_line(at + line - before, to + line - before)
    if y + 1 == task.height.hi:
        end(at + size - SEAM, to + size)
    else:
        copy_words(at + size - LINE, waiting, LINE)
