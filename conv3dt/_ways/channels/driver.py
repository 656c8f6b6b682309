"""The driver of the channel way: all loops between a plan and the micro-kernel.

    1  tasks: blocks of positions (batch, depth, height, width), groups of channel blocks
    2    blocks of output channels: their panels stay in L2 for the whole block
    3      phases of depth, height, width; those of the width take turns here, or in 5
    4        rows of tiles: images, depth, height
    5          tiles along the width, and phases of the width tile by tile

Where rows of outputs are made in the order of memory, 2 and the phases of height and width are
innermost (`rows.run_in_order`).

What only some plans need are parts of their own, called where a plan has an address for them:
packing inputs (`shared.pack`), packing panels in the task (`fresh`), outputs that are made in
scratch (`made`).
"""

from ..._compiler.words import call
from ..shared.lists import begin_tables
from ..shared.tables import Phases
from ..shared.tasks import next_block, task_of
from .records import ChannelParams, ChannelTask
from .rows import run_in_order, run_rows
from .tiles import list_tiles

__all__ = ["convolve"]


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = ChannelParams(plan)
    task = ChannelTask(task_of(plan, slot))
    if plan.shape_tiles:
        call(plan.shape_tiles, plan.tiles)
    while next_block(plan, task):
        _place_inputs(plan, task)
        if plan.in_order:
            run_in_order(plan, task)
            continue
        list_tiles(plan, task)
        for b in range(task.first_block, task.end_block):
            block = plan.blocks[b]
            _place_outputs(plan, task, block)
            for rd in range(plan.depth.n_phases):
                for rh in range(plan.height.n_phases):
                    for rw in range(0, plan.width.n_phases, plan.in_turn):
                        phases = Phases(plan.depth.phases[rd], plan.height.phases[rh], rw)
                        begin_tables(plan, task, block, phases, task.fresh)
                        if plan.pack_panels:
                            call(plan.pack_panels, plan, task, block, rd, rh, rw)
                        run_rows(plan, task, block, phases)
            if plan.store_block:
                call(plan.store_block, plan, task, block)
    if plan.shape_tiles:
        call(plan.shape_tiles, 0)


def _place_inputs(plan, task):
    """Let a block's inputs be packed, or say where they lie, as if they had been packed there."""
    task.fresh = task.scratch + plan.fresh_at if plan.pack_panels else 0
    if plan.pack:
        task.inputs = task.scratch
        call(plan.pack, plan, task)
        return
    at = plan.arrays.input + task.batch.lo * plan.batch.packed_step
    at += task.depth.start * plan.depth.packed_step + task.height.start * plan.height.packed_step
    task.inputs = at + task.width.start * plan.width.packed_step


def _place_outputs(plan, task, block):
    """Say where a block's outputs belong, or where in scratch they are made."""
    task.output = plan.arrays.output + block.start * plan.out_step
    if plan.place:
        call(plan.place, plan, task)
