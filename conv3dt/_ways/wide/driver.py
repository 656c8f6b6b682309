"""The driver of the wide way: all loops between a plan and the micro-kernel.

1  tasks: blocks of positions (batch, depth, height, width), groups of channel blocks
2    blocks of output channels
3      phases of depth and height; a tile has all phases of the width
4        rows of tiles: images, depth, height
5          tiles along the width

Where rows are made in the order of memory, phases of the height take turns between 4 and 5.
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, put
from ..._geometry.integers import n_tiles, tile_range
from ..shared.lists import begin_tables, list_taps, n_tiles_of, table_of, tile_of
from ..shared.storing import LINE
from ..shared.tables import (
    Phases,
    Taps,
    kernels_for,
    output_distance,
    packed_distance,
    taps_between,
)
from ..shared.tasks import next_block, task_of
from .ahead import ask_for_some, begin_to_ask
from .records import WideParams, WideTask

__all__ = ["convolve"]


class Plane(NamedTuple):
    """Rows of a phase of the depth."""

    first: Any  # the taps of the depth, from .. to, that read inside
    end: Any
    at: Any  # address of the inputs of tap 0,
    to: Any  # and of the outputs


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = WideParams(plan)
    task = WideTask(task_of(plan, slot))
    task.seam.at = task.scratch + plan.seams_at
    while next_block(plan, task):
        _place_inputs(plan, task)
        begin_to_ask(plan, task)
        lists = task.lists
        for rh in range(plan.height.n_phases if plan.in_order else 1):
            task.lists = lists + rh * plan.row_lists
            _list_tiles(plan, task)
        task.lists = lists
        for b in range(task.first_block, task.end_block):
            block = plan.blocks[b]
            task.output = plan.arrays.output + block.start * plan.out_step
            task.fresh = task.scratch + plan.fresh_at if plan.pack_panels else 0
            for rd in range(plan.depth.n_phases):
                if plan.in_order:
                    _run_planes(plan, task, block, rd)
                    continue
                for rh in range(plan.height.n_phases):
                    phases = Phases(plan.depth.phases[rd], plan.height.phases[rh], 0)
                    begin_tables(plan, task, block, phases, task.fresh)
                    if plan.pack_panels:
                        call(plan.pack_panels, plan, task, block, rd, rh, 0)
                    _run_rows(plan, task, block, phases)


def _place_inputs(plan, task):
    """Let a block's inputs be packed, or say where they lie, as if they had been packed there."""
    if plan.pack:
        task.inputs = task.scratch
        call(plan.pack, plan, task)
        return
    at = plan.arrays.input + task.batch.lo * plan.batch.packed_step
    task.inputs = at + task.width.start * plan.width.packed_step


def _run_planes(plan, task, block, rd):
    """Run over a phase of the depth in the order of memory: rows hand on what fills no line."""
    d, lists, height = plan.depth.phases[rd], task.lists, task.height
    for rh in range(plan.height.n_phases):
        task.lists = lists + rh * plan.row_lists
        begin_tables(plan, task, block, Phases(d, plan.height.phases[rh], 0), 0)
    groups = n_tiles(height.hi - height.lo, plan.height.most)
    for n in range(task.batch.lo, task.batch.hi):
        for z in range(task.depth.lo, min(task.depth.hi, d.length)):
            plane = _plane(plan, task, d, n, z)
            task.seam.first = 1
            for th in range(groups):
                y0, y1 = tile_range(height.lo, height.hi, groups, th)
                for rh in range(plan.height.n_phases):
                    task.lists = lists + rh * plan.row_lists
                    h = plan.height.phases[rh]
                    if y1 <= h.length:
                        _run_lines(plan, task, block, Phases(d, h, 0), plane, y0, y1)
            if plan.close_seams:
                call(plan.close_seams, plan, task, block, plane.to)
    task.lists = lists


def _run_rows(plan, task, block, phases):
    """Run over the rows of a block's phase: images, depth, groups of lines in height."""
    y_lo, y_hi = task.height.lo, min(task.height.hi, phases.h.length)
    groups = n_tiles(y_hi - y_lo, plan.height.most)
    for n in range(task.batch.lo, task.batch.hi):
        for z in range(task.depth.lo, min(task.depth.hi, phases.d.length)):
            plane = _plane(plan, task, phases.d, n, z)
            for th in range(groups):
                y0, y1 = tile_range(y_lo, y_hi, groups, th)
                _run_lines(plan, task, block, phases, plane, y0, y1)


def _plane(plan, task, d, n, z):
    """Return a plane of a phase of the depth.

    What a row would compute again took as long as its tiles, where these have few products.
    """
    first, end = taps_between(plan.depth, d, z, z + 1)
    at = task.inputs + (n - task.batch.lo) * plan.batch.packed_step
    to = task.output + n * plan.batch.output_step + output_distance(plan.depth, d, z)
    return Plane(first, end, at + packed_distance(plan.depth, d, z, task.depth.start), to)


def _run_lines(plan, task, block, phases, plane, y0, y1):
    """Run over lines of a plane along the width that are computed together."""
    height, h = plan.height, phases.h
    h_first, h_end = taps_between(height, h, y0, y1)
    at = plane.at + packed_distance(height, h, y0, task.height.start)
    to = plane.to + output_distance(height, h, y0)
    taps = Taps(plane.first, plane.end, h_first, h_end)
    _run_row(plan, task, block, phases, taps, kernels_for(plan, block, y1 - y0), at, to)


def _run_row(plan, task, block, phases, taps, kernels, at, to):
    """Run over the tiles of a row, all phases of the width."""
    bias = plan.arrays.bias + block.start * plan.size
    step, numbers = plan.width.output_step, plan.row_numbers
    tables = table_of(plan, task, 0)
    for t in range(n_tiles_of(plan, task, 0)):
        for rw in range(plan.width.n_phases):
            tile = tile_of(plan, task, rw, t)
            list_taps(plan, block, phases, rw, taps, tile, table_of(plan, task, rw))
        tile = tile_of(plan, task, 0, t)
        ask_for_some(plan, task)
        call(
            get(kernels, tile.count), at + tile.at, tables, plan.k_step, bias,
            to + tile.to * step, plan.outer_step, plan.out_step, (tile.end - tile.to) * numbers,
            task.seam.address,
        )  # fmt: skip
        task.seam.first = 0


def _list_tiles(plan, task):
    """List the tiles of a row, cut in whole vectors as evenly as can be, for each phase.

    The tiles are the same for all phases but for their taps; a phase may miss the last position.
    Where `on_lines`, they are cut as if the row began with a cache line of outputs: else two tiles
    would store parts of a line.
    """
    width, lo, hi = plan.width, task.width.lo, task.width.hi
    start = lo - (plan.arrays.output + lo * plan.item) % LINE // plan.item if plan.on_lines else lo
    vectors = n_tiles(hi - start, plan.lanes)
    parts = n_tiles(vectors, width.most // plan.lanes)
    for rw in range(width.n_phases):
        phase = width.phases[rw]
        put(tile_of(plan, task, rw, 0).address - 8, 0, parts)
        for t in range(parts):
            v0, v1 = tile_range(0, vectors, parts, t)
            w0, w1 = max(lo, start + v0 * plan.lanes), min(start + v1 * plan.lanes, hi)
            if plan.pack == 0 and plan.whole:  # nothing is read beyond a row
                w0 = min(w0, width.i - (v1 - v0) * plan.lanes)
            first, end = taps_between(width, phase, w0, max(w0, min(w1, phase.length)))
            tile = tile_of(plan, task, rw, t)
            tile.count = v1 - v0
            whole = width.part_step == 0
            tile.at = (w0 - (task.width.start if whole else lo)) * width.packed_step
            tile.to = w0 * width.s
            tile.end = min(w1 * width.s, width.o)
            tile.base = phase.shift * width.packed_step if whole else 0
            tile.taps_from = first
            tile.taps_to = end
            tile.edge = 0
            tile.table = 0
