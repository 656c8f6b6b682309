"""The first and the last line of a plane's rows, where they begin between lines: of the driver."""

from ..shared.records import SEAM, Block
from ..shared.seams import begin, end
from .records import WideParams, WideTask

__all__ = ["close_plane"]


def close_plane(plan, task, block, to):
    """Store what tiles have left of a plane `to`, of each channel that has rows of its own."""
    plan, task, block = WideParams(plan), WideTask(task), Block(block)
    s, step = plan.height.s, plan.height.output_step
    first, last = task.height.lo * s, min(task.height.hi * s, plan.height.o)
    channels = min(block.columns, plan.co - block.start) if plan.apart else 1
    for m in range(channels):
        seam, at = task.seam.at + m * SEAM, to + m * plan.out_step
        begin(seam, at + first * step)
        end(seam, at + last * step)
