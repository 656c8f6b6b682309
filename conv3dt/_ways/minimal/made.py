"""Rows of outputs: all that is part of them summed, with the bias, and stored."""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, put
from ..shared.moving import turn
from ..shared.records import Arrays
from .corners import sum_corners

__all__ = ["Rows", "store"]

FLAG_AT = Arrays.not_finite.offset


class Rows(NamedTuple):
    """A line of height, and its tiles of a block."""

    line: Any
    lo: Any
    hi: Any


def store(plan, task, depth, u, rows, b, end, *, storage):
    """Store the outputs of a tile of depth and a block of rows that exist."""
    image = plan.arrays.output + task.n * plan.image_step
    for z in range(2):
        t = 2 * u + z - depth.odd
        if 0 <= t < depth.length:
            plane = image + (depth.first + t * depth.step) * plan.depth.output_step
            for y in range(2 * (rows.hi - rows.lo)):
                s = 2 * rows.lo + y - rows.line.odd
                if 0 <= s < rows.line.length:
                    to = (rows.line.first + s * rows.line.step) * plan.height.output_step
                    n = _terms(plan, task, depth, u, z, rows.line, 2 * rows.lo + y)
                    for c in range(b, end):
                        m = task.scratch + plan.m_at + (c - b) * plan.m_block
                        _total(plan, task, c, m, n)
                        sum_corners(plan, task, depth, t, rows.line, s, c)
                        _store_row(plan, task, c, plane + to, storage=storage)


def _terms(plan, task, depth, u, z, line, y):
    """Write which products are part of a row of outputs; return how many."""
    n, first = 0, get(depth.starts, u)
    for p in range(first, get(depth.starts, u + 1)):
        product = depth.products[p]
        sign = product.y1 if z else product.y0
        if sign == 0:
            continue
        for q in range(get(line.part_starts, y), get(line.part_starts, y + 1)):
            part = line.parts[q]
            at = (p - first) * plan.m_depth + part.product * plan.m_line
            put(task.terms, 2 * n, at)
            put(task.terms, 2 * n + 1, sign * part.sign)
            n += 1
    return n


def _total(plan, task, b, m, n):
    """Sum a row of a block of channels."""
    block, width = plan.blocks[b], plan.width
    position = block.columns * plan.size
    bias = plan.arrays.bias + block.start * plan.size
    total = get(plan.total, block.columns // plan.lanes)
    y = task.scratch + plan.y_at + plan.y_left * position
    for lw in range(width.n_lines):
        line = width.lines[lw]
        to, step = y + (line.first - line.odd * line.step) * position, line.step * position
        some = n if line.groups else 0
        at = m + line.m * position
        call(total, task.terms, some, at, bias, 0, to, step, line.m_group)
        for g in range(1, line.groups):
            more = at + g * line.m_group * position
            call(total, task.terms, n, more, to, step, to, step, line.m_group)


def _store_row(plan, task, b, to, *, storage):
    """Store a row of outputs of a block of channels."""
    flag = plan.arrays.address + FLAG_AT
    block = plan.blocks[b]
    vectors, step = block.columns // plan.lanes, block.columns * plan.size
    finish = get(plan.finish, vectors)
    if b + 1 == plan.n_blocks:
        finish = get(plan.finish_last, vectors)
    at = task.scratch + plan.y_at + plan.y_left * step
    y = to + block.start * plan.out_step
    if plan.apart:
        call(finish, at, at, plan.width.o, step, step, flag)
        channels = min(block.columns, plan.co - block.start)
        turn(at, step, y, plan.out_step, plan.width.o, channels, storage=storage)
    else:
        call(finish, at, y, plan.width.o, step, plan.width.output_step, flag)
