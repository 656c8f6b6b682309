"""Rows of tiles, and rows of outputs in the order of memory: part of the driver."""

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
from .tiles import list_tiles

__all__ = ["run_in_order", "run_rows"]


class Row(NamedTuple):
    """Lines of outputs along the width that are computed together."""

    lines: Any
    at: Any  # address of the input of position 0, tap 0, of phases without a shift
    to: Any  # address of the output of position 0 of phase 0
    taps: Taps
    following: Any  # as `at`, of the next row


def run_rows(plan, task, block, phases):
    """Run over the rows of a block's phase: images, depth, groups of lines in height."""
    batch, depth, height, d, h = plan.batch, plan.depth, plan.height, phases.d, phases.h
    images = n_tiles(task.batch.hi - task.batch.lo, batch.most)
    y_hi = min(task.height.hi, h.length)
    groups = n_tiles(y_hi - task.height.lo, height.most)
    for tn in range(images):
        n0, n1 = tile_range(task.batch.lo, task.batch.hi, images, tn)
        at_n = task.inputs + (n0 - task.batch.lo) * batch.packed_step
        for z in range(task.depth.lo, min(task.depth.hi, d.length)):
            d_first, d_end = taps_between(depth, d, z, z + 1)
            at_z = at_n + packed_distance(depth, d, z, task.depth.start)
            to_z = task.output + n0 * batch.output_step + output_distance(depth, d, z)
            for th in range(groups):
                y0, y1 = tile_range(task.height.lo, y_hi, groups, th)
                h_first, h_end = taps_between(height, h, y0, y1)
                at = at_z + packed_distance(height, h, y0, task.height.start)
                to = to_z + output_distance(height, h, y0)
                taps = Taps(d_first, d_end, h_first, h_end)
                last = th + 1 == groups
                following = at_n + packed_distance(depth, d, z + 1 if last else z, task.depth.start)
                y = task.height.lo if last else y1
                following += packed_distance(height, h, y, task.height.start)
                row = Row((n1 - n0) * (y1 - y0), at, to, taps, following)
                _run_row(plan, task, block, phases, row)


def _run_row(plan, task, block, phases, row):
    """Run over the tiles of a row.

    Phases take turns tile by tile: the tile's inputs and the panels of all phases stay in L1.
    """
    to = task.made if plan.store_row else row.to
    for t in range(task.most_tiles):
        _run_tile(plan, task, block, phases, row, to, t)
    if plan.store_row:
        call(plan.store_row, plan, task, block, row.to)


def _run_tile(plan, task, block, phases, row, to, t):
    """Run over the phases of the width that take turns, with tile t of each."""
    kernels = kernels_for(plan, block, row.lines)
    bias = plan.arrays.bias + block.start * plan.size
    for rw in range(phases.w, phases.w + plan.in_turn):
        if t >= n_tiles_of(plan, task, rw):
            continue
        tile = tile_of(plan, task, rw, t)
        table = Table(table_of(plan, task, rw).address + tile.table)
        entries = list_taps(plan, block, phases, rw, row.taps, tile, table)
        following = row.following + tile_of(plan, task, rw, 0).at
        if t + 1 < n_tiles_of(plan, task, rw):
            following = row.at + tile_of(plan, task, rw, t + 1).at
        call(
            get(kernels, tile.count), row.at + tile.at, table.address + Table.SIZE, entries,
            bias, to + tile.to, plan.outer_step, plan.inner_step, plan.out_step,
            task.seam.address, following,
        )  # fmt: skip
        task.seam.first = 0


def run_in_order(plan, task):
    """Run over the rows of a task as they lie in memory, each complete before the next.

    Each phase of the height and each block of channels has lists of its own.
    """
    lists, blocks = task.lists, task.end_block - task.first_block
    task.made = task.scratch + plan.made_at
    task.seam.at = task.made
    for _ in range(plan.height.n_phases * blocks):
        list_tiles(plan, task)
        task.lists += plan.row_lists
    task.lists = lists
    for rd in range(plan.depth.n_phases):
        d = plan.depth.phases[rd]
        for rh in range(plan.height.n_phases):
            for b in range(task.first_block, task.end_block):
                begin_tables(plan, task, plan.blocks[b], Phases(d, plan.height.phases[rh], 0), 0)
                task.lists += plan.row_lists
        for n in range(task.batch.lo, task.batch.hi):
            for z in range(task.depth.lo, min(task.depth.hi, d.length)):
                task.lists = lists
                _run_plane(plan, task, d, n, z)
        task.lists = lists


def _run_plane(plan, task, d, n, z):
    """Run over the rows of a plane, the phases of the height in turn."""
    depth, height, lists = plan.depth, plan.height, task.lists
    d_first, d_end = taps_between(depth, d, z, z + 1)
    at_z = task.inputs + (n - task.batch.lo) * plan.batch.packed_step
    at_z += packed_distance(depth, d, z, task.depth.start)
    to_z = plan.arrays.output + n * plan.batch.output_step + output_distance(depth, d, z)
    task.seam.first = 1
    for y in range(task.height.lo, task.height.hi):
        task.lists = lists
        for rh in range(height.n_phases):
            h = height.phases[rh]
            if y < h.length:
                h_first, h_end = taps_between(height, h, y, y + 1)
                at = at_z + packed_distance(height, h, y, task.height.start)
                to = to_z + output_distance(height, h, y)
                following = at_z + packed_distance(height, h, y + 1, task.height.start)
                row = Row(1, at, to, Taps(d_first, d_end, h_first, h_end), following)
                _run_blocks(plan, task, Phases(d, h, 0), row)
                if plan.store_row:
                    call(plan.store_row, plan, task, to_z, to)
    if plan.close_plane:
        call(plan.close_plane, plan, task, to_z)


def _run_blocks(plan, task, phases, row):
    """Run over the tiles of a row, all blocks of channels in turn; then their lists are behind."""
    lists = task.lists
    for t in range(task.most_tiles):
        task.lists = lists
        for b in range(task.first_block, task.end_block):
            block = plan.blocks[b]
            to = (task.made if plan.store_row else row.to) + block.start * plan.out_step
            _run_tile(plan, task, block, phases, row, to, t)
            task.lists += plan.row_lists
