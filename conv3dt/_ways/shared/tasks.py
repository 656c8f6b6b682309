"""What a thread does next: one task after the other, from a counter that all share.

A thread that is held up does not hold up the others. A task is a block of output positions (batch,
depth, height, width) and a group of blocks of output channels. It owns its outputs and the order of
their summation, whichever thread takes it: results do not depend on the number of threads.
"""

from ..._compiler.words import next_task
from .records import Task

__all__ = ["inputs_of", "next_block", "numbers_of", "task_of"]


def task_of(plan, slot):
    """Return where a thread writes what it has in work."""
    task = Task(plan.arrays.lists + slot * plan.lists_step)
    task.scratch = plan.arrays.scratch + slot * plan.scratch_step
    task.lists = task.address + plan.lists_at
    return task


def next_block(plan, task):
    """Take the next task, width fastest, groups of channels last; return whether there was one."""
    number = next_task(plan.arrays)
    if number >= plan.tasks:
        return False
    task.number = number
    w, h, d, rest = numbers_of(plan, number)
    group, n = divmod(rest, plan.batch.n_block)
    inputs_of(plan.batch, task.batch, n)
    inputs_of(plan.depth, task.depth, d)
    inputs_of(plan.height, task.height, h)
    inputs_of(plan.width, task.width, w)
    task.first_block = group * plan.group
    task.end_block = min(task.first_block + plan.group, plan.n_blocks)
    return True


def numbers_of(plan, number):
    """Return the numbers of a task's blocks along width, height and depth, and what is left."""
    over_width, w = divmod(number, plan.width.n_block)
    over_height, h = divmod(over_width, plan.height.n_block)
    rest, d = divmod(over_height, plan.depth.n_block)
    return w, h, d, rest


def inputs_of(axis, part, number):
    """Write the positions of a block, and the inputs that they read."""
    part.lo = number * axis.block
    part.hi = min(part.lo + axis.block, axis.positions)
    start = part.lo * axis.in_s + axis.shift_lo
    end = (part.hi - 1) * axis.in_s + 1 + axis.shift_hi
    if axis.halo == 0:
        start = min(max(start, 0), axis.i)
        end = max(start, min(end, axis.i))
    part.start = start
    part.end = end
