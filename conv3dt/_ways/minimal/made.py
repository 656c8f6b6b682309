"""Sums: begun with the bias, and stored as outputs after the activation."""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..shared.moving import turn
from ..shared.records import Arrays

__all__ = ["FLAG_AT", "Rows", "begin", "existing", "output_plane", "store", "store_sums", "sums_of"]

FLAG_AT = Arrays.not_finite.offset


class Rows(NamedTuple):
    """A line of height, and its tiles of a block."""

    line: Any
    lo: Any
    hi: Any


class Outputs(NamedTuple):
    """Rows of outputs of a plane: of a line of the height, from .. to."""

    sums: Any  # address of the first row's
    plane: Any  # address
    line: Any
    first: Any
    end: Any


def begin(plan, task, line, rows):
    """Set the sums of a line of depth to the bias."""
    for b in range(plan.n_blocks):
        block = plan.blocks[b]
        begin = get(plan.begin, block.columns // plan.lanes)
        bias = plan.arrays.bias + block.start * plan.size
        sums = sums_of(plan, task, line) + b * plan.y_block
        count = 2 * (rows.hi - rows.lo) * (plan.y_row // (block.columns * plan.size))
        for z in range(2):
            call(begin, sums + z * plan.y_plane, bias, count)


def existing(rows):
    """Return the outputs of a line of height, from .. to, that tiles have."""
    odd = rows.line.odd
    return max(0, 2 * rows.lo - odd), min(rows.line.length, 2 * rows.hi - odd)


def sums_of(plan, task, line):
    """Return the address of the sums of a line of depth: some share them."""
    return task.scratch + plan.y_at + line % plan.lines_of_sums * plan.y_line


def store(plan, task, line, u, rows, *, storage):
    """Store the outputs of a tile of depth and a block of rows that exist."""
    depth = plan.depth.lines[line]
    first, end = existing(rows)
    for z in range(2):
        d = 2 * u + z - depth.odd
        if 0 <= d < depth.length:
            plane = output_plane(plan, task, depth, d)
            for b in range(plan.n_blocks):
                sums = sums_of(plan, task, line) + b * plan.y_block + z * plan.y_plane
                sums += (first + rows.line.odd - 2 * rows.lo) * plan.y_row
                at = Outputs(sums, plane, rows.line, first, end)
                if plan.apart == 0:
                    _store_rows(plan, b, at)
                else:
                    _turn_rows(plan, task, b, at, storage=storage)


def output_plane(plan, task, depth, d):
    """Return the address of a plane of outputs, as if it existed."""
    image = plan.arrays.output + task.n * plan.image_step
    return image + (depth.first + d * depth.step) * plan.depth.output_step


def _store_rows(plan, b, at):
    """Store rows of outputs of a block of channels."""
    block = plan.blocks[b]
    left = plan.y_left * block.columns * plan.size
    for h in range(at.first, at.end):
        sums = at.sums + (h - at.first) * plan.y_row + left
        y = at.plane + (at.line.first + h * at.line.step) * plan.height.output_step
        store_sums(plan, b, sums, y + block.start * plan.out_step, plan.width.o)


def store_sums(plan, b, sums, to, count):
    """Store sums of neighbouring outputs, of a block of channels."""
    step, flag = plan.blocks[b].columns * plan.size, plan.arrays.address + FLAG_AT
    call(_finish(plan, b), sums, to, count, step, plan.width.output_step, flag)


def _turn_rows(plan, task, b, at, *, storage):
    """Turn rows of outputs of a block of channels: together those that neighbour each other.

    They wait where V and M were, which are of no use any more.
    """
    block = plan.blocks[b]
    step, flag = block.columns * plan.size, plan.arrays.address + FLAG_AT
    channels = min(block.columns, plan.co - block.start)
    together = at.end - at.first if at.line.step == 1 else 1
    for h in range(at.first, at.end, together):
        for row in range(together):
            sums = at.sums + (h + row - at.first) * plan.y_row + plan.y_left * step
            to = task.scratch + plan.v_at + row * plan.width.o * step
            call(_finish(plan, b), sums, to, plan.width.o, step, step, flag)
        y = at.plane + (at.line.first + h * at.line.step) * plan.height.output_step
        y += block.start * plan.out_step
        made, count = task.scratch + plan.v_at, together * plan.width.o
        turn(made, step, y, plan.out_step, count, channels, storage=storage)


def _finish(plan, b):
    """Return the address of what applies the activation to a block of channels."""
    kernels = plan.finish_last if b + 1 == plan.n_blocks else plan.finish
    return get(kernels, plan.blocks[b].columns // plan.lanes)
