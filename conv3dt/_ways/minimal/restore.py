"""Products, added to the sums of outputs that they are part of.

A sum begins with its first products and the bias. With its last ones it becomes an output at once,
where all of a row of outputs do: it is written once, not read again and stored.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._compiler.words import call, float64_at, get, put
from .made import FLAG_AT, output_plane, sums_of
from .planes import Planes, Rows, places

__all__ = ["restore"]


class Part(NamedTuple):
    """What of sums products are: the first, and the last, of a height and a width."""

    begins: Any
    ends: Any


class Place(NamedTuple):
    """Where the first output of the first tile has its sum, and lies; as if all did."""

    sums: Any  # address
    output: Any  # address


def restore(plan, task, job, use, b):
    """Add products to the sums of outputs that they are part of; the last ones make outputs."""
    depth, height = plan.depth.lines[use.line], plan.height.lines[job.height]
    block = plan.blocks[b]
    position = block.columns * plan.size
    sums = sums_of(plan, task, use.line) + b * plan.y_block + plan.y_left * position
    plane = output_plane(plan, task, depth, 2 * use.u - depth.odd) + block.start * plan.out_step
    m = Planes(task.scratch + plan.m_at, plan.m_plane, position, task.terms)
    kernels = plan.restore_last if b + 1 == plan.n_blocks else plan.restore
    for u in range(job.lo, job.hi):
        row = sums + 2 * (u - job.lo) * plan.y_row
        out = plane + (height.first + (2 * u - height.odd) * height.step) * plan.height.output_step
        first, end = get(height.starts, u), get(height.starts, u + 1)
        for p in range(first, end):
            formula = 6 * height.products[p].tall
            if formula == 0:
                continue
            last = 1 if p + height.products[p].many == end else 0
            for lw in range(plan.width.n_lines):
                width = plan.width.lines[lw]
                for o in range(width.n_operations):
                    operation = width.operations[o]
                    places(plan, m, operation, Rows(height, job.lo, p))
                    _write_steps(plan, task, height, width, operation, position)
                    begins = plan.begun * operation.begins if p == first else 0
                    part = Part(begins, plan.ended * operation.ends * last)
                    at = width.first + operation.output * width.step
                    place = Place(row + at * position, out + at * plan.width.output_step)
                    n_open, n_ended = _targets(plan, task, use, b, part, place)
                    number = 3 * (formula + operation.formula) + operation.missing
                    call(
                        get(kernels, 3 * number + block.columns // plan.lanes), m.table,
                        task.targets.address, n_open, n_ended, operation.tiles, task.steps,
                        plan.arrays.address + FLAG_AT,
                    )  # fmt: skip


def _write_steps(plan, task, height, width, operation, position):
    """Write the steps of sums, and of outputs."""
    step = width.step * plan.width.output_step
    put(task.steps, 0, plan.y_row)
    put(task.steps, 1, width.step * position)
    put(task.steps, 2, width.step * position * operation.outputs)
    put(task.steps, 3, height.step * plan.height.output_step)
    put(task.steps, 4, step)
    put(task.steps, 5, step * operation.outputs)


def _targets(plan, task, use, b, part, place):
    """Write what products are added to; return how many of the sums go on, and how many end."""
    depth = plan.depth.lines[use.line]
    product = depth.products[use.product]
    n_open, n_ended = 0, 0
    for z in range(2):
        sign = product.y1 if z else product.y0
        if sign:
            bit = 1 << z
            ends = part.ends if product.ends & bit else 0
            target = task.targets[2 if ends else n_open]
            n_open, n_ended = n_open + 1 - ends, n_ended + ends
            float64_at(target.address, 1)[0] = np.float64(sign)
            sums = place.sums + z * plan.y_plane
            begins = part.begins if product.begins & bit else 0
            bias = plan.arrays.bias + plan.blocks[b].start * plan.size
            target.source, target.mask = bias if begins else sums, begins - 1
            output = place.output + z * depth.step * plan.depth.output_step
            target.to = output if ends else sums
    return n_open, n_ended
