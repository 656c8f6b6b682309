"""What is done along height and width for a job: a list of patches, the same for all its products.

A *patch* is tiles of a row that one call transforms, or restores. Its addresses are worked out once
for a block of rows: done for each call that was 4 % of the time (kernel 4, 32 channels, 32^3).
"""

from typing import Any, NamedTuple

from ..._compiler.words import get, put
from .task import Patch

__all__ = ["STEPS_AT", "list_patches"]

STEPS_AT = Patch.sums_row.offset


class Run(NamedTuple):
    """Tiles of a row: of a line, tile and group of the height, and of a line of the width."""

    height: Any
    lo: Any  # the block's first tile of the height
    u: Any
    product: Any  # number of the group's first
    width: Any
    operation: Any


def list_patches(plan, task, job):
    """List the patches of a job, for blocks of channels like the first, and like the last.

    The job before has the same ones, if its rows are the same.
    """
    if task.listed == job.height:
        return
    task.listed = job.height
    height = plan.height.lines[job.height]
    for kind in range(plan.kinds):
        position = plan.blocks[kind * (plan.n_blocks - 1)].columns * plan.size
        n = 0
        for u in range(job.lo, job.hi):
            for p in range(get(height.starts, u), get(height.starts, u + 1)):
                if height.products[p].tall == 0:
                    continue
                for lw in range(plan.width.n_lines):
                    width = plan.width.lines[lw]
                    for o in range(width.n_operations):
                        run = Run(height, job.lo, u, p, width, width.operations[o])
                        patch = task.patches[kind * plan.most_patches + n]
                        _write(plan, task, patch, run)
                        _write_sums(plan, task, patch, run, position)
                        n += 1
        task.n_patches = n


def _write(plan, task, patch, run):
    """Write what is transformed."""
    operation, product = run.operation, run.height.products[run.product]
    column = plan.channels * plan.size
    first = get(run.height.reads, 2 * (run.lo // plan.height.block))
    patch.tiles = operation.tiles
    number = plan.n_transforms * product.tall + operation.transform
    patch.transform = get(plan.transform, number)
    row = task.scratch + plan.u_at + (product.d0 - first) * plan.u_row
    patch.x = row + (plan.left + operation.column) * column
    patch.far = run.height.residues * plan.u_row
    patch.step, patch.following = run.width.every * column, operation.columns * column
    _write_inputs(plan, task, run, patch.v)


def _write_sums(plan, task, patch, run, position):
    """Write what is restored, and where; a position of sums has so many bytes."""
    height, width, operation = run.height, run.width, run.operation
    product, end = height.products[run.product], get(height.starts, run.u + 1)
    patch.restore = -1
    if operation.restore >= 0:
        patch.restore = plan.n_restores * product.tall + operation.restore
    at = width.first + operation.output * width.step
    patch.sums = 2 * (run.u - run.lo) * plan.y_row + (plan.y_left + at) * position
    row, step = height.first + (2 * run.u - height.odd) * height.step, height.step
    if task.made:
        row, step = 2 * (run.u - run.lo), 1
    patch.output = row * plan.height.output_step + at * plan.width.output_step
    begins, ends = run.product == get(height.starts, run.u), run.product + product.many == end
    patch.begins = plan.begun * operation.begins if begins else 0
    patch.ends = plan.ended * operation.ends if ends else 0
    patch.sums_row, patch.output_row = plan.y_row, step * plan.height.output_step
    patch.sums_step = width.step * position
    patch.sums_next = patch.sums_step * operation.outputs
    patch.output_step = width.step * plan.width.output_step
    patch.output_next = patch.output_step * operation.outputs
    _write_products(plan, task, run, patch.m, position)


def _write_inputs(plan, task, run, table):
    """Write where the first tile has each of its inputs."""
    operation, n = run.operation, 0
    for p in range(run.product, run.product + run.height.products[run.product].many):
        slot, row = _slot_of(run, p)
        for s in range(operation.n):
            strip = plan.width.strips[get(operation.places, 3 * s)]
            at = _number_of(strip, row, operation.places + 24 * s, strip.inputs) * plan.v_pitch
            put(table, n, task.scratch + plan.v_at + slot * plan.v_plane + strip.v + at)
            n += 1


def _write_products(plan, task, run, table, position):
    """Write where the first tile has each of its products; one has so many bytes."""
    operation, n = run.operation, 0
    for p in range(run.product, run.product + run.height.products[run.product].many):
        slot, row = _slot_of(run, p)
        for s in range(operation.n_results):
            strip = plan.width.strips[get(operation.results, 3 * s)]
            at = _number_of(strip, row, operation.results + 24 * s, strip.outputs) * position
            put(table, n, task.scratch + plan.m_at + slot * plan.m_plane + strip.m + at)
            n += 1


def _number_of(strip, row, place, each):
    """Return which number of a strip a place is, in a row; positions have so many each."""
    return (row * strip.positions + get(place, 1)) * each + get(place, 2)


def _slot_of(run, p):
    """Return the slot of a product of the height, among its line's, and its row there."""
    height, product = run.height, run.height.products[p]
    slot = product.slot - height.slot
    return slot, product.rank - get(height.ranks, run.lo * height.slots + slot)
