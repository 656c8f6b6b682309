"""The driver of the channel way: all loops between a plan and the micro-kernel.

    1  tasks: blocks of positions (batch, depth, height, width), groups of channel blocks
    2    blocks of output channels: their panels stay in L2 for the whole block
    3      phases of depth, height, width; those of the width take turns here, or in 5
    4        rows of tiles: images, depth, height
    5          tiles along the width, and phases of the width tile by tile

What only some plans need are parts of their own, called where a plan has an address for them:
packing inputs (`shared.pack`), packing panels in the task (`fresh`), outputs that are made in
scratch (`made`).
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..._geometry.integers import n_tiles, tile_range
from ..shared.lists import begin_tables, list_taps, n_tiles_of, table_of, tile_of
from ..shared.records import Table
from ..shared.tables import (
    Phases,
    Taps,
    kernels_for,
    output_distance,
    packed_distance,
    taps_between,
)
from ..shared.tasks import next_block, task_of
from .records import ChannelParams, ChannelTask
from .tiles import list_tiles

__all__ = ["convolve"]


class Row(NamedTuple):
    """Lines of outputs along the width that are computed together."""

    lines: Any
    at: Any  # address of the input of position 0, tap 0, of phases without a shift
    to: Any  # address of the output of position 0 of phase 0
    taps: Taps


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = ChannelParams(plan)
    task = ChannelTask(task_of(plan, slot))
    if plan.shape_tiles:
        call(plan.shape_tiles, plan.tiles)
    while next_block(plan, task):
        _place_inputs(plan, task)
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
                        _run_rows(plan, task, block, phases)
            if plan.store_block:
                call(plan.store_block, plan, task, block)
    if plan.shape_tiles:
        call(plan.shape_tiles, 0)


def _run_rows(plan, task, block, phases):
    """Run over the rows of a block's phase: images, depth, groups of lines in height."""
    batch, depth, height, d, h = plan.batch, plan.depth, plan.height, phases.d, phases.h
    images = n_tiles(task.batch.hi - task.batch.lo, batch.most)
    y_hi = min(task.height.hi, h.length)
    groups = n_tiles(y_hi - task.height.lo, height.most)
    for tn in range(images):
        n0, n1 = tile_range(task.batch.lo, task.batch.hi, images, tn)
        for z in range(task.depth.lo, min(task.depth.hi, d.length)):
            d_first, d_end = taps_between(depth, d, z, z + 1)
            at_z = task.inputs + (n0 - task.batch.lo) * batch.packed_step
            at_z += packed_distance(depth, d, z, task.depth.start)
            to_z = task.output + n0 * batch.output_step + output_distance(depth, d, z)
            for th in range(groups):
                y0, y1 = tile_range(task.height.lo, y_hi, groups, th)
                h_first, h_end = taps_between(height, h, y0, y1)
                at = at_z + packed_distance(height, h, y0, task.height.start)
                to = to_z + output_distance(height, h, y0)
                taps = Taps(d_first, d_end, h_first, h_end)
                _run_row(plan, task, block, phases, Row((n1 - n0) * (y1 - y0), at, to, taps))


def _run_row(plan, task, block, phases, row):
    """Run over the tiles of a row.

    Phases take turns tile by tile: the tile's inputs and the panels of all phases stay in L1.
    """
    kernels = kernels_for(plan, block, row.lines)
    bias = plan.arrays.bias + block.start * plan.size
    to = task.made if plan.store_row else row.to
    for t in range(task.most_tiles):
        for rw in range(phases.w, phases.w + plan.in_turn):
            if t >= n_tiles_of(plan, task, rw):
                continue
            tile = tile_of(plan, task, rw, t)
            table = Table(table_of(plan, task, rw).address + tile.table)
            entries = list_taps(plan, block, phases, rw, row.taps, tile, table)
            call(
                get(kernels, tile.count), row.at + tile.at, table.address + Table.SIZE, entries,
                bias, to + tile.to, plan.outer_step, plan.inner_step, plan.out_step,
            )  # fmt: skip
    if plan.store_row:
        call(plan.store_row, plan, task, block, row.to)


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
