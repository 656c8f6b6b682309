"""Products, added to the sums of outputs that they are part of.

A sum begins with its first products and the bias. With its last ones it becomes an output at once,
where all of a row of outputs do: it is written once, not read again and stored.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._compiler.words import call, float64_at, get
from .made import FLAG_AT, output_plane, sums_of
from .patches import STEPS_AT

__all__ = ["restore"]


class Place(NamedTuple):
    """Where a tile of depth has its sums, and lies; as if all its outputs did."""

    sums: Any  # address
    output: Any  # address,
    next_output: Any  # and bytes to that of its second plane
    bias: Any  # address


def restore(plan, task, use, b):
    """Add products to the sums of outputs that they are part of; the last ones make outputs."""
    depth, block = plan.depth.lines[use.line], plan.blocks[b]
    product = depth.products[use.product]
    plane, step = task.made, 0
    if task.made == 0:
        plane = output_plane(plan, task, depth, 2 * use.u - depth.odd)
        step = depth.step * plan.depth.output_step
    plane += block.start * plan.out_step
    bias = plan.arrays.bias + block.start * plan.size
    at = Place(sums_of(plan, task, use.line) + b * plan.y_block, plane, step, bias)
    last = 1 if b + 1 == plan.n_blocks else 0
    kernels = plan.restore_last if last else plan.restore
    first = last * (plan.kinds - 1) * plan.most_patches
    for n in range(first, first + task.n_patches):
        patch = task.patches[n]
        if patch.restore < 0:
            continue
        n_open, n_ended = _targets(plan, task, depth, product, patch, at)
        call(
            get(kernels, 3 * patch.restore + block.columns // plan.lanes), patch.m,
            task.targets.address, n_open, n_ended, patch.tiles, patch.address + STEPS_AT,
            plan.arrays.address + FLAG_AT,
        )  # fmt: skip


def _targets(plan, task, depth, product, patch, at):
    """Write what products are added to; return how many of the sums go on, and how many end."""
    n_open, n_ended = 0, 0
    for z in range(2):
        sign = product.y1 if z else product.y0
        if sign:
            bit = 1 << z
            ends = patch.ends if product.ends & bit else 0
            target = task.targets[2 if ends else n_open]
            n_open, n_ended = n_open + 1 - ends, n_ended + ends
            float64_at(target.address, 1)[0] = np.float64(sign)
            begins = patch.begins if product.begins & bit else 0
            sums = at.sums + z * plan.y_plane + patch.sums
            target.source, target.mask = at.bias if begins else sums, begins - 1
            output = at.output + z * at.next_output + patch.output
            target.to = output if ends else sums
            target.through = 1 if task.made else 0
    return n_open, n_ended
