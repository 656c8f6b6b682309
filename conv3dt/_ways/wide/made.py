"""The first and the last line of a plane's rows, where they begin between lines: of the driver."""

from ..shared.records import SEAM, Block
from ..shared.seams import begin, end
from .records import WideParams, WideTask

__all__ = ["close_plane"]


def close_plane(plan, task, block, to):
    """Store what tiles have left of a plane `to`, of each channel that has rows of its own."""
    plan, task, block = WideParams(plan), WideTask(task), Block(block)
    height, width = plan.height, plan.width
    last = min(task.height.hi * height.s, height.o) - 1
    first = task.height.lo * height.s * height.output_step
    first += task.width.lo * width.s * width.output_step
    behind = last * height.output_step
    behind += min(task.width.hi * width.s, width.o) * width.output_step
    channels = min(block.columns, plan.co - block.start) if plan.apart else 1
    for m in range(channels):
        seam, at = task.seam.at + m * SEAM, to + m * plan.out_step
        begin(seam, at + first)
        end(seam, at + behind)
