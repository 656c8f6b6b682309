"""The driver of the depthwise way: all loops between a plan and the micro-kernel.

1  tasks: blocks of rows (batch, depth, height), groups of blocks of channels
2    planes: images, depth and its phases; the rows of a plane are listed
3      tiles along the width, and its phases
4        blocks of channels
5          rows: the taps of the height read again what they have in L1

A task has so few rows that what a tap of the depth reads is in L2 when the next one does. Inputs
are read where they lie, and tiles ask for those of the next plane; or they are packed, and outputs
whose channels lie apart, or which begin between cache lines, are made in scratch (`pack`).
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, put
from ..shared.tables import packed_distance, taps_between
from ..shared.tasks import next_block, task_of
from .records import DepthwiseParams, DepthwiseTask, Row

__all__ = ["convolve"]


class Plane(NamedTuple):
    """A plane of outputs of an image."""

    n: Any
    z: Any  # position
    phase: Any  # of the depth
    number: Any  # among all outputs of the depth


def convolve(plan, slot):
    """Take tasks and compute them, until there are no more."""
    plan = DepthwiseParams(plan)
    task = DepthwiseTask(task_of(plan, slot))
    depth = plan.depth
    while next_block(plan, task):
        _take_channels(plan, task)
        for n in range(task.batch.lo, task.batch.hi):
            task.packed = task.depth.start
            for z in range(task.depth.lo, task.depth.hi):
                for rd in range(depth.n_phases):
                    d = depth.phases[rd]
                    if z < d.length:
                        _run_plane(plan, task, Plane(n, z, d, d.first + z * depth.s))


def _take_channels(plan, task):
    """Write which input channels a task has."""
    first, last = plan.blocks[task.first_block], plan.blocks[task.end_block - 1]
    task.channel = first.start // plan.share * plan.channels
    end = ((last.start + last.columns - 1) // plan.share + 1) * plan.channels
    task.channels = min(end, plan.inputs) - task.channel


def _run_plane(plan, task, plane):
    """Compute a plane of outputs."""
    height = plan.height
    d_first, d_end = taps_between(plan.depth, plane.phase, plane.z, plane.z + 1)
    _place_planes(plan, task, plane, d_first, d_end)
    to = plan.arrays.output + plane.n * plan.image_step + plane.number * plan.plane_step
    first = task.height.lo * height.s
    made = to
    if plan.store:
        made = task.scratch + plan.made_at - first * height.output_step
    count = _list_rows(plan, task, plane.phase, d_first, d_end, made)
    _run_strips(plan, task, count)
    if plan.store:
        rows = min(task.height.hi * height.s, height.o) - first
        call(plan.store, plan, task, to + first * plan.row_step, rows * plan.width.o)


def _place_planes(plan, task, plane, d_first, d_end):
    """Write where the planes are that taps of the depth read; pack those that are new."""
    d, depth = plane.phase, plan.depth
    task.packed = max(task.packed, plane.z * depth.in_s + depth.shift_lo)
    for j in range(d_first, d_end):
        i = plane.z * depth.in_s + d.shift - j * d.dilation
        if plan.pack:
            # Taps are listed from the last input on.
            while task.packed <= i:
                call(plan.pack, plan, task, plane.n, task.packed)
                task.packed += 1
            at = task.scratch + i % plan.window * depth.packed_step
        else:
            at = plan.arrays.input + plane.n * plan.arrays.step_n + i * depth.packed_step
            at += task.channel * plan.packed_item + task.height.start * plan.height.packed_step
        put(task.lists + plan.planes_at, j - d_first, at)


def _list_rows(plan, task, d, d_first, d_end, to):
    """List the rows of a plane; return how many there are."""
    height, count = plan.height, 0
    for y in range(task.height.lo, task.height.hi):
        for rh in range(height.n_phases):
            h = height.phases[rh]
            if y < h.length:
                h_first, h_end = taps_between(height, h, y, y + 1)
                row = _row(task, count)
                row.planes = task.lists + plan.planes_at
                row.step_h = h.dilation * height.packed_step
                row.at = packed_distance(height, h, y, task.height.start) - h_first * row.step_h
                row.to = to + (h.first + y * height.s) * height.output_step
                row.depth = d_end - d_first
                row.height = h_end - h_first
                row.depth_lines = h.taps
                row.lines = (d.before * height.n_taps + d.taps * h.before) * plan.width.n_taps
                row.cells = d.taps * h.taps
                row.first = d_first * h.taps + h_first
                count += 1
    return count


def _run_strips(plan, task, rows):
    """Run over the tiles of a plane's rows, block by block of channels."""
    taps = plan.depth.n_taps * plan.height.n_taps * plan.width.n_taps * plan.channels
    first = 0
    if plan.store:
        first = plan.blocks[task.first_block].start
    for t in range(plan.n_strips):
        strip = plan.strips[t]
        for b in range(task.first_block, task.end_block):
            block = plan.blocks[b]
            kernel = get(plan.kernels + 8 * b * plan.kernels_inner, strip.number)
            bias = plan.arrays.bias + block.start * plan.size
            panels, line = plan.arrays.panels + block.start * taps * plan.size, _line(plan, block)
            channel = block.start // plan.share * plan.channels - task.channel
            at = channel * plan.packed_item + strip.at
            to = (block.start - first) * plan.item + strip.to
            for r in range(rows):
                row = _row(task, r)
                lines = row.lines + row.cells * strip.before + row.first * strip.taps
                x = row.at + at
                ask = x + get(row.planes, 0)
                if plan.pack == 0:
                    ask += plan.depth.in_s * plan.depth.packed_step
                call(
                    kernel, x, row, panels + lines * line, bias, row.to + to, plan.position_step,
                    ask,
                )  # fmt: skip


def _line(plan, block):
    """Return the bytes of a tap's filters of a block."""
    return block.columns * plan.channels * plan.size


def _row(task, number):
    """Return a row of those that a thread has listed."""
    return Row(task.lists + number * Row.SIZE)
