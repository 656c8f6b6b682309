"""Filters turned by the task that reads them: of others no lines of channels lie together.

PyTorch's do not: its taps lie together. Turned ahead, they would go through memory once more.
"""

from ..shared.moving import turn
from .records import DotParams, DotTask

__all__ = ["turn_filters"]


def turn_filters(plan, task, start, channels, *, storage):
    """Write the filters of some output channels, from `start` on, as lines; see `Turning`."""
    plan, task = DotParams(plan), DotTask(task)
    how, to = plan.turning, task.scratch + plan.turning.at
    source = plan.arrays.filters + how.first + start * plan.arrays.step_co
    rows, run = how.rows + how.rows_co * channels, how.run + how.run_co * channels
    for n in range(how.runs + how.runs_co * channels):
        x, y = source + n * how.run_step, to + n * how.run_lines * how.line
        turn(x, how.row_step, y, how.line, rows, run, storage=storage)
    task.filters.at = to - how.before - start * how.lying.co
