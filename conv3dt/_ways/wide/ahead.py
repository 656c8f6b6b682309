"""Inputs of the next block are asked for while this one is multiplied: part of the driver.

To pack them, the processor reads more lines at a time than it foresees. Which task a thread takes
next is not known; with so many threads, it is most likely the one that comes so much later.
"""

from ..._compiler.words import ask
from ..shared.storing import LINE
from ..shared.tasks import inputs_of, numbers_of

__all__ = ["ask_for_some", "begin_to_ask"]


def begin_to_ask(plan, task):
    """Note what the next task packs: a run of rows of each plane."""
    task.runs_left = 0
    number = task.number + plan.asked_task
    if plan.asked_lines == 0 or number >= plan.tasks:
        return
    _, h, d, rest = numbers_of(plan, number)
    inputs_of(plan.depth, task.asked_depth, d)
    inputs_of(plan.height, task.asked_height, h)
    arrays, depth, height = plan.arrays, task.asked_depth, task.asked_height
    first, end = max(height.start, 0), min(height.end, plan.height.i)
    plane = max(depth.start, 0)
    task.run = arrays.input + rest % plan.batch.n_block * plan.batch.block * arrays.step_n
    task.run += plane * arrays.step_d + first * arrays.step_h
    task.run_bytes = (end - first) * arrays.step_h
    task.runs_left = min(depth.end, plan.depth.i) - plane
    task.asked = 0


def ask_for_some(plan, task):
    """Ask for some lines of a run."""
    if task.runs_left <= 0:
        return
    end = min(task.asked + plan.asked_lines * LINE, task.run_bytes)
    for at in range(task.asked, end, LINE):
        ask(task.run + at)
    task.asked = end
    if end == task.run_bytes:
        task.asked = 0
        task.run += plan.arrays.step_d
        task.runs_left -= 1
