"""The driver of minimal filtering: all loops between a plan and the micro-kernels.

1  tasks: an image, tiles of depth, a block of rows of tiles along the height
2    lines of depth and of height, in pairs, that may be tasks of their own; tiles of depth
       blocks of output channels that there is room for
3        products of the depth's tile
4          products of the height that have the same filters
             inputs of all slots of the width
             blocks of output channels: products, and what comes of them along the width
5        blocks, rows of outputs: all that is part of them summed, with the bias
           corners summed as the definition says
6          activation, stored
"""

import numpy as np

from ..._compiler.words import call, float64_at, get, next_task, put
from ..._geometry.integers import n_tiles
from ..shared.pack import copy_row
from .made import Rows, store
from .records import MinimalParams, MinimalTask

__all__ = ["convolve"]


def convolve(plan, slot, *, storage):
    """Take tasks and compute them, until there are no more."""
    plan = MinimalParams(plan)
    task = _task_of(plan, slot)
    while True:
        number = next_task(plan.arrays)
        if number >= plan.tasks:
            break
        # Depth fastest: half of the planes that a tile reads are in L2 then, from the one before.
        blocks, pair = divmod(number, plan.pairs)
        rest, d = divmod(blocks, plan.depth.n_block)
        n, h = divmod(rest, plan.height.n_block)
        task.n = n
        _place_inputs(plan, task, d, h, storage=storage)
        end = pair + 1 if plan.pairs > 1 else plan.depth.n_lines * plan.height.n_lines
        for both in range(pair, end):
            ld, lh = divmod(both, plan.height.n_lines)
            line, height = plan.depth.lines[ld], plan.height.lines[lh]
            lo = h * plan.height.block
            rows = Rows(height, lo, min(height.tiles, lo + plan.height.block))
            u_end = min(line.tiles, (d + 1) * plan.depth.block) if rows.lo < rows.hi else 0
            for u in range(d * plan.depth.block, u_end):
                for b in range(0, plan.n_blocks, plan.at_once):
                    behind = min(plan.n_blocks, b + plan.at_once)
                    _tiles(plan, task, line, u, rows, h, b, behind)
                    store(plan, task, line, u, rows, b, behind, storage=storage)


def _task_of(plan, slot):
    """Return where a thread writes what it has in work."""
    task = MinimalTask(plan.arrays.lists + slot * plan.lists_step)
    task.scratch = plan.arrays.scratch + slot * plan.scratch_step
    task.corner_terms = task.address + MinimalTask.SIZE
    task.terms = task.corner_terms + 8 * 16
    return task


def _place_inputs(plan, task, d, h, *, storage):
    """Say where inputs lie, or pack those that a block reads."""
    arrays = plan.arrays
    image = arrays.input + task.n * arrays.step_n
    task.inputs = image
    task.step_d = arrays.step_d
    task.step_h = arrays.step_h
    if plan.packed == 0:
        return
    d0, d1 = get(plan.depth.windows, 2 * d), get(plan.depth.windows, 2 * d + 1)
    h0, h1 = get(plan.height.windows, 2 * h), get(plan.height.windows, 2 * h + 1)
    to = task.scratch + plan.packed_at
    for z in range(d0, d1):
        for y in range(h0, h1):
            source = image + z * arrays.step_d + y * arrays.step_h
            target = to + (z - d0) * plan.plane_step + (y - h0) * plan.row_step
            copy_row(plan, source, target, 0, plan.width.i, storage=storage)
    task.inputs = to - d0 * plan.plane_step - h0 * plan.row_step
    task.step_d = plan.plane_step
    task.step_h = plan.row_step


def _tiles(plan, task, depth, u, rows, h, b, end):
    """Make the products of a tile of depth and a block of rows, for some blocks of channels."""
    line, first = rows.line, get(depth.starts, u)
    for p in range(first, get(depth.starts, u + 1)):
        product = depth.products[p]
        m = task.scratch + plan.m_at + (p - first) * plan.m_depth
        for n in range(get(line.use_starts, h), get(line.use_starts, h + 1)):
            use = line.uses[n]
            for q in range(use.first, use.end):
                to = task.scratch + plan.v_at + (q - use.first) * plan.v_line
                _transform(plan, task, product, line.products[get(line.starts, h) + q], to)
            for c in range(b, end):
                to = m + (c - b) * plan.m_block + use.first * plan.m_line
                _multiply(plan, task, product, use, c, b, end, to)


def _transform(plan, task, d, h, to):
    """Make the inputs of a product of depth and height."""
    n, width = _rows(task, d, h), plan.width
    for lw in range(width.n_lines):
        line = width.lines[lw]
        for r in range(line.n_runs):
            run = line.runs[r]
            call(
                get(plan.transform, 6 * n + run.formula), task.terms, to + run.v, run.column,
                line.every, width.i, run.tiles,
            )  # fmt: skip


def _rows(task, d, h):
    """Write which rows of inputs are combined, and how; return how many."""
    n = 0
    for a in range(d.n):
        i, c = (d.i1, d.c1) if a else (d.i0, d.c0)
        plane = task.inputs + i * task.step_d
        for b in range(h.n):
            j, e = (h.i1, h.c1) if b else (h.i0, h.c0)
            put(task.terms, 2 * n, plane + j * task.step_h)
            float64_at(task.terms, 512)[2 * n + 1] = np.float64(c * e)
            n += 1
    return n


def _multiply(plan, task, d, use, c, b, end, m):
    """Multiply rows of inputs by block c of filters, and ask for the next, b behind the last."""
    block, width, job = plan.blocks[c], plan.width, task.job
    position = block.columns * plan.size
    panel = plan.channels * position
    panels = _panels(plan, d, c, use.slot)
    following, slot = (c + 1, use.slot) if c + 1 < end else (b, use.slot + 1)
    behind = _panels(plan, d, following, slot)
    job.panel_step = panel
    job.row_step = plan.v_line
    for lw in range(width.n_lines):
        line = width.lines[lw]
        for n in range(line.n_runs):
            run = line.runs[n]
            job.v = task.scratch + plan.v_at + run.v
            job.panel = panels + run.slot * panel
            job.ask = behind + run.slot * panel
            for k in range(0, plan.channels, plan.at_a_time):
                job.length = min(plan.at_a_time, plan.channels - k)
                job.added = k
                _run(plan, job, use, run, m, block.columns // plan.lanes)
                job.v += job.length * plan.size
                job.panel += job.length * position
                job.ask += job.length * position


def _panels(plan, d, b, slot):
    """Return the address of a block's filters of a slot of the height."""
    block = plan.blocks[b]
    slots = plan.depth.n_slots * plan.height.n_slots * plan.width.n_slots
    number = (d.slot * plan.height.n_slots + slot) * plan.width.n_slots
    at = block.start * slots + number * block.columns
    return plan.arrays.panels + at * plan.channels * plan.size


def _run(plan, job, use, run, m, vectors):
    """Multiply a run of tiles: register tiles lie along the width, or along the height."""
    position = vectors * plan.lanes * plan.size
    along = run.outputs * position
    job.m = m + run.output * position
    job.m_tile, job.m_row = (plan.m_line, along) if run.upright else (along, plan.m_line)
    rows = use.end - use.first
    tiles, job.rows = (rows, run.tiles) if run.upright else (run.tiles, rows)
    kind = 6 * vectors + run.formula
    n = n_tiles(tiles, get(plan.most, kind))
    size = n_tiles(tiles, n)
    job.less = n * size - tiles
    job.count = n - job.less
    number = 2 * ((2 * kind + run.upright) * 32 + size)
    call(get(plan.multiply, number), job)
    other = get(plan.multiply, number + 1)
    if other != 0:
        job.added = 1
        call(other, job)
