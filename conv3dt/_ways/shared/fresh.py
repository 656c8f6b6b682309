"""Panels that a task packs for itself, because no other needs them: a part of the driver."""

from .lists import table_of
from .panels import pack_phase
from .records import Block, BlockedParams, Task
from .tables import Phases

__all__ = ["pack_panels"]


def pack_panels(plan, task, block, rd, rh, rw, *, storage):
    """Pack the panels of the phases of the width that take turns, where their tables say."""
    plan, task, block = BlockedParams(plan), Task(task), Block(block)
    phases = Phases(plan.depth.phases[rd], plan.height.phases[rh], rw)
    for r in range(rw, rw + plan.in_turn):
        panel = table_of(plan, task, r).panel
        pack_phase(plan, block, phases, r, panel, storage=storage)
