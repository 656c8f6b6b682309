"""What a thread folds next: blocks of outputs, and the inputs that reach them."""

from ..._compiler.words import next_task
from ..._geometry.integers import n_tiles, reaching
from ..shared.tasks import numbers_of
from .records import FoldTask

__all__ = ["next_block", "output", "task_of"]


def task_of(plan, slot):
    """Return where a thread writes what it has in work; its region has rows, sums, addresses."""
    task = FoldTask(plan.arrays.lists + slot * plan.lists_step)
    region = plan.arrays.scratch + slot * plan.scratch_step
    task.packed = region + plan.packed_at
    task.sums = region + plan.sums_at
    task.trash = task.sums + plan.window * plan.sums_plane
    task.made = region + plan.made_at
    task.rows = region + plan.rows_at
    task.units = task.rows + 8 * plan.columns
    task.calls = task.units + 8 * plan.depth.k * plan.height.k
    return task


def next_block(plan, task):
    """Take the next task, width fastest, groups of channels last; return whether there was one."""
    number = next_task(plan.arrays)
    if number >= plan.tasks:
        return False
    w, h, d, rest = numbers_of(plan, number)
    task.group, task.n = divmod(rest, plan.images)
    _take(plan.depth, task.depth, d)
    _take(plan.height, task.height, h)
    _take(plan.width, task.width, w)
    task.positions = task.width.end - task.width.start
    task.vectors = n_tiles(task.positions, plan.lanes)
    return True


def _take(axis, part, number):
    """Write the outputs of a block, and the inputs between the first and the last that reach it."""
    lo = number * axis.block
    hi = min(lo + axis.block, axis.o)
    part.lo, part.hi = lo, hi
    part.start, part.end = reaching(lo, hi, axis.i, axis.k, axis.s, axis.d, axis.p)


def output(axis, i, k):
    """Return where tap k carries input i."""
    return i * axis.s + k * axis.d - axis.p
