"""Sums: begun with the bias, and stored as outputs after the activation."""

from typing import Any, NamedTuple

from ..._compiler.words import call, get
from ..shared.moving import turn
from ..shared.records import Arrays

__all__ = ["Rows", "begin", "store"]

FLAG_AT = Arrays.not_finite.offset


class Rows(NamedTuple):
    """A line of height, and its tiles of a block."""

    line: Any
    lo: Any
    hi: Any


def begin(plan, task, rows):
    """Set sums to the bias."""
    for b in range(plan.n_blocks):
        block = plan.blocks[b]
        begin = get(plan.begin, block.columns // plan.lanes)
        bias = plan.arrays.bias + block.start * plan.size
        sums = task.scratch + plan.y_at + b * plan.y_block
        count = 2 * (rows.hi - rows.lo) * (plan.y_row // (block.columns * plan.size))
        for z in range(2):
            call(begin, sums + z * plan.y_plane, bias, count)


def store(plan, task, depth, u, rows, *, storage):
    """Store the outputs of a tile of depth and a block of rows that exist."""
    image = plan.arrays.output + task.n * plan.image_step
    for z in range(2):
        d = 2 * u + z - depth.odd
        if 0 <= d < depth.length:
            plane = image + (depth.first + d * depth.step) * plan.depth.output_step
            for y in range(2 * (rows.hi - rows.lo)):
                h = 2 * rows.lo + y - rows.line.odd
                if 0 <= h < rows.line.length:
                    row = (rows.line.first + h * rows.line.step) * plan.height.output_step
                    at = task.scratch + plan.y_at + z * plan.y_plane + y * plan.y_row
                    _store_row(plan, at, plane + row, storage=storage)


def _store_row(plan, sums, to, *, storage):
    """Store a row of outputs."""
    flag = plan.arrays.address + FLAG_AT
    for b in range(plan.n_blocks):
        block = plan.blocks[b]
        vectors, step = block.columns // plan.lanes, block.columns * plan.size
        finish = get(plan.finish, vectors)
        if b + 1 == plan.n_blocks:
            finish = get(plan.finish_last, vectors)
        at = sums + b * plan.y_block + plan.y_left * step
        y = to + block.start * plan.out_step
        if plan.apart:
            call(finish, at, at, plan.width.o, step, step, flag)
            channels = min(block.columns, plan.co - block.start)
            turn(at, step, y, plan.out_step, plan.width.o, channels, storage=storage)
        else:
            call(finish, at, y, plan.width.o, step, plan.width.output_step, flag)
