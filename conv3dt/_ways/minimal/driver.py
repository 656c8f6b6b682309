"""The driver of minimal filtering: all loops between a plan and the micro-kernels.

1  tasks: an image, tiles of depth, a block of rows of tiles along the height
2    lines of depth and of height, in pairs, that may be tasks of their own; tiles of depth
3      products of the depth's tile
         inputs of all slots of height and width
4        blocks of output channels
           products of all slots of height and width, added to the sums
5      corners summed as the definition says
6      bias and activation, stored
"""

import numpy as np

from ..._compiler.words import call, float64_at, get, next_task, put
from ..._geometry.integers import n_tiles
from ..shared.moving import clear
from ..shared.pack import copy_row
from .corners import sum_corners
from .made import Rows, begin, store
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
                _tiles(plan, task, line, u, rows)
                sum_corners(plan, task, line, u, rows)
                store(plan, task, line, u, rows, storage=storage)


def _task_of(plan, slot):
    """Return where a thread writes what it has in work; beside a row of inputs are zeros."""
    task = MinimalTask(plan.arrays.lists + slot * plan.lists_step)
    task.scratch = plan.arrays.scratch + slot * plan.scratch_step
    task.terms = task.address + MinimalTask.SIZE
    task.targets = task.terms + 8 * 256
    task.planes = task.targets + 8 * 256
    clear(task.scratch + plan.line_at, 5 * plan.line_bytes // plan.size, plan.size)
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


def _tiles(plan, task, depth, u, rows):
    """Make the sums of a tile of depth and a block of rows, for all output channels."""
    begin(plan, task, rows)
    if rows.line.slots == 0:
        return
    for p in range(get(depth.starts, u), get(depth.starts, u + 1)):
        product = depth.products[p]
        _transform(plan, task, product, rows)
        for b in range(plan.n_blocks):
            _multiply(plan, task, product.slot, b, rows)
            _restore(plan, task, product, b, rows)


def _transform(plan, task, product, rows):
    """Transform the inputs of a product of the depth for all slots of height and width."""
    height = rows.line
    for p in range(get(height.starts, rows.lo), get(height.starts, rows.hi)):
        other = height.products[p]
        line = task.scratch + plan.line_at + other.line * plan.line_bytes
        _combine(plan, task, product, other, height.every)
        slot = other.slot - height.slot
        row = other.rank - get(height.ranks, rows.lo * height.slots + slot)
        planes = task.scratch + plan.v_at + slot * plan.width.n_slots * plan.v_plane
        for lw in range(plan.width.n_lines):
            width = plan.width.lines[lw]
            for o in range(width.n_operations):
                operation = width.operations[o]
                _write_planes(plan, task, operation, planes, row)
                at = line + (plan.left + operation.column) * plan.channels * plan.size
                column = plan.channels * plan.size
                call(
                    get(plan.transform, operation.formula), at, width.every * column,
                    operation.columns * column, task.planes, operation.tiles, plan.v_vectors,
                )  # fmt: skip


def _combine(plan, task, d, h, every):
    """Combine rows of inputs along depth and height: for a product, or for all of its group."""
    to = task.scratch + plan.line_at + plan.left * plan.channels * plan.size
    count = plan.width.i * plan.channels
    if h.taps == 0:
        call(plan.combine, task.terms, _terms(plan, task, d, h), to, count)
    elif h.head:
        n = _group_terms(plan, task, d, h, every)
        call(get(plan.merge, 3 * h.taps + n), task.terms, to, plan.line_bytes, count)


def _group_terms(plan, task, d, h, every):
    """Write which rows of inputs are d0, d1, ... of a group; return of how many planes."""
    zeros = task.scratch + plan.line_at + 4 * plan.line_bytes
    n = max(1, d.n)
    for a in range(n):
        i, c = (d.i1, d.c1) if a else (d.i0, d.c0)
        to = task.terms + a * (h.taps + 2) * 8
        float64_at(to, 1)[0] = np.float64(c)
        for m in range(h.taps + 1):
            j = h.d0 + m * every
            inside = 0 <= j < plan.height.i and a < d.n
            row = task.inputs + i * task.step_d + j * task.step_h if inside else zeros
            put(to, 1 + m, row)
    return n


def _terms(plan, task, d, h):
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


def _write_planes(plan, task, operation, planes, row):
    """Write where the tiles of a run begin in each of its slots."""
    for s in range(operation.n):
        slot = get(operation.places, 2 * s)
        position = row * get(plan.width.counts, slot) + get(operation.places, 2 * s + 1)
        put(task.planes, s, planes + slot * plan.v_plane + position * plan.v_pitch)


def _multiply(plan, task, slot, b, rows):
    """Multiply the inputs of all slots of height and width by a block of filters."""
    height, block, width = rows.line, plan.blocks[b], plan.width
    vectors = block.columns // plan.lanes
    kernels, tiles = plan.multiply + 512 * vectors, plan.rows + 8 * plan.rows_step * vectors
    panel = plan.channels * block.columns * plan.size
    panels = plan.arrays.panels + block.start * plan.channels * plan.size * (
        plan.depth.n_slots * plan.height.n_slots * width.n_slots
    )
    panels += slot * plan.height.n_slots * width.n_slots * panel
    for s in range(height.slots):
        lines = get(height.ranks, rows.hi * height.slots + s)
        lines -= get(height.ranks, rows.lo * height.slots + s)
        for w in range(width.n_slots):
            number = s * width.n_slots + w
            a = task.scratch + plan.v_at + number * plan.v_plane
            c = task.scratch + plan.m_at + number * plan.m_plane
            at = panels + ((height.slot + s) * width.n_slots + w) * panel
            positions = lines * get(width.counts, w)
            if positions:
                tile = get(tiles, positions)
                count = n_tiles(positions, tile)
                call(get(kernels, tile), a, at, c, plan.channels, count, at + panel)


def _restore(plan, task, product, b, rows):
    """Add products to the sums of outputs that they are part of."""
    height, block = rows.line, plan.blocks[b]
    position = block.columns * plan.size
    sums = task.scratch + plan.y_at + b * plan.y_block + plan.y_left * position
    for u in range(rows.lo, rows.hi):
        row = sums + 2 * (u - rows.lo) * plan.y_row
        for p in range(get(height.starts, u), get(height.starts, u + 1)):
            formula = 6 * height.products[p].tall
            if formula == 0:
                continue
            for lw in range(plan.width.n_lines):
                width = plan.width.lines[lw]
                for o in range(width.n_operations):
                    operation = width.operations[o]
                    _products(plan, task, operation, Rows(height, rows.lo, p), position)
                    first = width.first + operation.output * width.step
                    n = _targets(plan, task, product, row + first * position)
                    step = width.step * position
                    number = 3 * (formula + operation.formula) + block.columns // plan.lanes
                    call(
                        get(plan.restore, number), task.terms, task.targets, n, operation.tiles,
                        step, operation.outputs * step, plan.y_row,
                    )  # fmt: skip


def _products(plan, task, operation, at, position):
    """Write where the products of a group of the height are, for a run of the width."""
    height, n = at.line, 0
    for p in range(at.hi, at.hi + height.products[at.hi].many):
        product = height.products[p]
        slot = product.slot - height.slot
        row = product.rank - get(height.ranks, at.lo * height.slots + slot)
        for s in range(operation.n):
            w = get(operation.places, 2 * s)
            entry = row * get(plan.width.counts, w) + get(operation.places, 2 * s + 1)
            plane = slot * plan.width.n_slots + w
            put(task.terms, n, task.scratch + plan.m_at + plane * plan.m_plane + entry * position)
            n += 1


def _targets(plan, task, product, row):
    """Write to which outputs along the depth these are added; return how many."""
    n = 0
    for z in range(2):
        sign = product.y1 if z else product.y0
        if sign:
            float64_at(task.targets, 4)[2 * n] = np.float64(sign)
            put(task.targets, 2 * n + 1, row + z * plan.y_plane)
            n += 1
    return n
