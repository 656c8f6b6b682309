"""Corners: outputs that miss a tap along each axis, summed as the definition says.

F(2,3) loses digits there, once for each axis. They are few: two in a thousand at 16 x 16 x 16.
"""

from ..._compiler.words import call, get, put
from .copies import copy_rest
from .made import output_plane, store_sums, sums_of

__all__ = ["sum_corners"]


def sum_corners(plan, task, line, u, rows):
    """Write the sums of the corners of a tile of depth and a block of rows, in place of tiles'."""
    if plan.taps_at == 0:
        return
    depth = plan.depth.lines[line]
    first_d, first_h = 2 * u - depth.odd, 2 * rows.lo - rows.line.odd
    for a in range(depth.n_ends):
        d = depth.ends[a]
        if d.t < first_d or d.t > first_d + 1:
            continue
        copy_rest(task)  # what a corner is written over
        plane = sums_of(plan, task, line) + (d.t - first_d) * plan.y_plane
        out = output_plane(plan, task, depth, d.t)
        for b in range(rows.line.n_ends):
            h = rows.line.ends[b]
            if h.t >= first_h and h.t < first_h + 2 * (rows.hi - rows.lo):
                y = out + (rows.line.first + h.t * rows.line.step) * plan.height.output_step
                _sum_row(plan, task, d, h, plane + (h.t - first_h) * plan.y_row, y)


def _sum_row(plan, task, d, h, sums, out):
    """Write the sums of the corners of a row, for all output channels: outputs, if others are."""
    for lw in range(plan.width.n_lines):
        line = plan.width.lines[lw]
        for c in range(line.n_ends):
            w = line.ends[c]
            column = line.first + w.t * line.step
            for b in range(plan.n_blocks):
                block = plan.blocks[b]
                n = _terms(plan, task, d, h, w, block)
                y = sums + b * plan.y_block
                y += (plan.y_left + column) * block.columns * plan.size
                bias = plan.arrays.bias + block.start * plan.size
                define = get(plan.define, block.columns // plan.lanes)
                call(define, task.terms, n, y, bias, plan.channels)
                if plan.ended:
                    to = out + column * plan.width.output_step + block.start * plan.out_step
                    store_sums(plan, b, y, to, 1)


def _terms(plan, task, d, h, w, block):
    """Write the inputs and filters of the taps that a corner has; return how many."""
    n = 0
    panel = plan.channels * block.columns * plan.size
    panels = plan.arrays.panels + plan.taps_at
    panels += block.start * plan.channels * plan.size * plan.depth.k * plan.height.k * plan.width.k
    for p in range(d.n):
        i, k = (d.i1, d.k1) if p else (d.i0, d.k0)
        plane = task.inputs + i * task.step_d
        for q in range(h.n):
            j, m = (h.i1, h.k1) if q else (h.i0, h.k0)
            row, tap = plane + j * task.step_h, (k * plan.height.k + m) * plan.width.k
            for r in range(w.n):
                x, kw = (w.i1, w.k1) if r else (w.i0, w.k0)
                put(task.terms, 2 * n, row + x * plan.channels * plan.size)
                put(task.terms, 2 * n + 1, panels + (tap + kw) * panel)
                n += 1
    return n
