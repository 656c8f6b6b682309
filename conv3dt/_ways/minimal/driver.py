"""The driver of minimal filtering: all loops between a plan and the micro-kernels.

1  tasks: an image, tiles of depth, a block of rows of tiles along the height
2    jobs: a blend of the depth, a line of the height
       rows of inputs combined along the depth, unless the job before has done it
       inputs of all slots of height and width
3      blocks of output channels, and lines of depth that use the blend
         products of all slots of height and width; beside them, rows of the next job combined
         added to the sums, which begin so, and become outputs where all of a row do
4      corners summed as the definition says
5      bias and activation, stored, where they have not been
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, next_task
from ..._geometry.integers import n_tiles
from ..shared.moving import clear
from ..shared.pack import copy_rows
from .copies import copy_rest, leave_rows, share_lines
from .corners import sum_corners
from .made import begin, store
from .patches import list_patches
from .records import MOST_PRODUCTS, MinimalParams
from .restore import restore
from .streams import STATE_AT, beside, finish_streams, list_streams, rows_of
from .task import MinimalTask

__all__ = ["convolve"]


class Place(NamedTuple):
    """What a task computes: blocks of depth and height, and all pairs of their lines, or one."""

    d: Any
    h: Any
    pair: Any


class Tiles(NamedTuple):
    """Tiles along the height: a line, from .. to."""

    line: Any
    lo: Any
    hi: Any


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
        _list_jobs(plan, task, Place(d, h, pair))
        list_streams(plan, task, 0)
        for j in range(task.n_jobs):
            job = task.jobs[j]
            rows = rows_of(plan, job)
            for n in range(job.n_uses):
                if job.uses[n].first and (job.made == 0 or plan.begun == 0):
                    begin(plan, task, job.uses[n].line, rows)
            finish_streams(plan, task)
            if job.made:
                list_patches(plan, task, job)
                _transform(plan, task)
            list_streams(plan, task, j + 1)
            if job.made:
                for n in range(job.n_uses):
                    for b in range(plan.n_blocks):
                        _multiply(plan, task, job.uses[n], b, rows)
                        copy_rest(task)
                        restore(plan, task, job.uses[n], b)
                    leave_rows(plan, task, job.uses[n], rows)
            for n in range(job.n_uses):
                if job.uses[n].last:
                    use = job.uses[n]
                    sum_corners(plan, task, use.line, use.u, rows)
                    if job.made == 0 or plan.ended == 0:
                        store(plan, task, use.line, use.u, rows, storage=storage)
        copy_rest(task)


def _task_of(plan, slot):
    """Return where a thread writes what it has in work; beside combined inputs are zeros."""
    task = MinimalTask(plan.arrays.lists + slot * plan.lists_step)
    task.scratch = plan.arrays.scratch + slot * plan.scratch_step
    task.terms = task.address + MinimalTask.SIZE
    task.targets = task.terms + 8 * 256
    task.jobs = task.targets[3].address
    task.streams = task.jobs[plan.most_jobs].address
    task.patches = task.streams[plan.most_streams].address
    tables = task.patches[plan.kinds * plan.most_patches].address
    for n in range(plan.kinds * plan.most_patches):
        task.patches[n].v = tables + 8 * MOST_PRODUCTS * 2 * n
        task.patches[n].m = tables + 8 * MOST_PRODUCTS * (2 * n + 1)
    odd = (plan.arrays.output | plan.width.output_step) % 64
    task.made = task.scratch + plan.made_at if plan.made and odd else 0
    task.copying.lines, task.copying.rows = 0, 0
    task.nothing = task.address + plan.lists_step - 128
    clear(task.nothing, 128 // plan.size, plan.size)
    clear(task.scratch + plan.u_at, plan.u_bytes // plan.size, plan.size)
    return task


def _list_jobs(plan, task, place):
    """Write the jobs of a task: a blend of the depth each, and a line of the height."""
    task.n_jobs, task.listed = 0, -1
    lo = place.h * plan.height.block
    starts = plan.depth.blend_starts
    first_line, first_height = divmod(place.pair, plan.height.n_lines)
    for lh in range(plan.height.n_lines):
        hi = min(plan.height.lines[lh].tiles, lo + plan.height.block)
        if lo < hi and (plan.pairs == 1 or lh == first_height):
            for p in range(get(starts, place.d), get(starts, place.d + 1)):
                _list_job(plan, task, p, Tiles(lh, lo, hi), first_line)


def _list_job(plan, task, p, tiles, line):
    """Write the job of a blend, if the task's lines of depth use it: all, or this one."""
    blend, job = plan.depth.blends[p], task.jobs[task.n_jobs]
    first, end = 0, blend.n_uses
    if plan.pairs > 1:
        while first < end and blend.uses[first].line != line:
            first += 1
        while first < end and blend.uses[end - 1].line != line:
            end -= 1
    if first < end:
        job.blend, job.uses, job.n_uses = p, blend.uses[first].address, end - first
        job.height, job.lo, job.hi = tiles.line, tiles.lo, tiles.hi
        slots = plan.height.lines[tiles.line].slots
        job.made = 1 if slots > 0 and blend.uses[first].product >= 0 else 0
        task.n_jobs += 1


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
        source = image + z * arrays.step_d + h0 * arrays.step_h
        target = to + (z - d0) * plan.plane_step
        copy_rows(
            plan, source, target, 0, plan.width.i, plan.row_step, h1 - h0, storage=storage
        )  # fmt: skip
    task.inputs = to - d0 * plan.plane_step - h0 * plan.row_step
    task.step_d = plan.plane_step
    task.step_h = plan.row_step


def _transform(plan, task):
    """Transform combined inputs along height and width, for all slots."""
    for n in range(task.n_patches):
        patch = task.patches[n]
        call(
            patch.transform, patch.x, patch.far, patch.step, patch.following, patch.v,
            patch.tiles, plan.v_vectors,
        )  # fmt: skip


def _multiply(plan, task, use, b, rows):
    """Multiply the inputs of all slots of height and width by a block of filters."""
    height, block, width = rows.line, plan.blocks[b], plan.width
    vectors = block.columns // plan.lanes
    panel = plan.channels * block.columns * plan.size
    panels = plan.arrays.panels + block.start * plan.channels * plan.size * (
        plan.depth.n_slots * plan.height.n_slots * width.n_slots
    )
    slot = plan.depth.lines[use.line].products[use.product].slot
    panels += slot * plan.height.n_slots * width.n_slots * panel
    for s in range(height.slots):
        lines = get(height.ranks, rows.hi * height.slots + s)
        lines -= get(height.ranks, rows.lo * height.slots + s)
        for w in range(width.n_strips):
            strip = width.strips[w]
            a = task.scratch + plan.v_at + s * plan.v_plane + strip.v
            c = task.scratch + plan.m_at + s * plan.m_plane + strip.m
            at = panels + ((height.slot + s) * width.n_slots + strip.slot) * panel
            positions = lines * strip.positions
            if positions:
                tile = get(strip.rows + 8 * plan.rows_step * vectors, positions)
                count = n_tiles(positions, tile)
                left = (height.slots - s) * width.n_strips - w
                share_lines(task, left * count)
                kernel = 64 * (3 * beside(plan, task) + vectors) + tile
                call(
                    get(strip.multiply, kernel), a, at, c, plan.channels, count,
                    at + strip.slots * panel, task.address + STATE_AT,
                )  # fmt: skip
