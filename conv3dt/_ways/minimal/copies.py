"""Outputs that lie between cache lines: made in scratch, and copied beside products.

A store across two lines goes through the caches, and takes as long as two. So a plane of a block of
rows is made in the order of memory first, and the next products copy it, a few lines for each of
their register tiles. Memory has the time then; copied at once a line takes 7 cycles.
"""

from ..._compiler.words import copy_line
from ..shared.moving import copy_words
from ..shared.storing import LINE
from .made import existing, output_plane

__all__ = ["copy_rest", "leave_rows", "share_lines"]


def leave_rows(plan, task, use, rows):
    """Leave the rows of outputs that a product has ended to be copied, if they are made apart."""
    depth, line = plan.depth.lines[use.line], rows.line
    ends = depth.products[use.product].ends
    if task.made and ends:
        first, end = existing(rows)
        size, step = plan.height.output_step, line.step * plan.height.output_step
        plane = output_plane(plan, task, depth, 2 * use.u - depth.odd + ends // 2)
        source = task.made + (first - 2 * rows.lo + line.odd) * size
        to = plane + line.first * size + first * step
        count = end - first
        if line.step == 1:  # they are one
            size, count = count * size, 1
        _leave(task.copying, source, to, size, step, count)


def _leave(copying, source, to, size, step, count):
    """Copy the ends of rows, which fill no lines, and leave all between them."""
    head = min(-to % LINE, size)
    lines, tail = (size - head) // LINE, (size - head) % LINE
    for n in range(count):
        x, y = source + n * size, to + n * step
        copy_words(x, y, head)
        copy_words(x + size - tail, y + size - tail, tail)
    copying.source, copying.to = source + head, to + head
    copying.row, copying.lines, copying.rows = lines, lines, count if lines else 0
    copying.source_gap, copying.to_gap = size - LINE * lines, step - LINE * lines


def share_lines(task, tiles):
    """Say how many lines are copied with each of so many register tiles."""
    copying = task.copying
    if copying.rows:
        left = copying.lines + (copying.rows - 1) * copying.row
        copying.share = -(-left // tiles)


def copy_rest(task):
    """Copy all that is left."""
    copying = task.copying
    while copying.rows:
        for n in range(copying.lines):
            copy_line(copying.source + LINE * n, copying.to + LINE * n)
        copying.source += LINE * copying.lines + copying.source_gap
        copying.to += LINE * copying.lines + copying.to_gap
        copying.lines, copying.rows = copying.row, copying.rows - 1
    copying.lines = 0
