"""Corners: outputs that miss a tap along each axis, summed as the definition says.

F(2,3) loses digits there, once for each axis. They are few: two in a thousand at 16 x 16 x 16.
"""

from ..._compiler.words import call, get, put

__all__ = ["sum_corners"]


def sum_corners(plan, task, depth, t, height, u, b):
    """Write the sums of the corners of a row of a block of channels, in place of tiles'."""
    if plan.taps_at == 0:
        return
    for p in range(depth.n_ends):
        for q in range(height.n_ends):
            d, h = depth.ends[p], height.ends[q]
            if d.t == t and h.t == u:
                _sum_row(plan, task, d, h, b)


def _sum_row(plan, task, d, h, b):
    """Write the sums of the corners of a row of outputs."""
    block = plan.blocks[b]
    bias, position = plan.arrays.bias + block.start * plan.size, block.columns * plan.size
    define = get(plan.define, block.columns // plan.lanes)
    for lw in range(plan.width.n_lines):
        line = plan.width.lines[lw]
        for c in range(line.n_ends):
            w = line.ends[c]
            n = _terms(plan, task, d, h, w, block)
            column = plan.y_left + line.first + w.t * line.step
            y = task.scratch + plan.y_at + column * position
            call(define, task.corner_terms, n, y, bias, plan.channels)


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
                put(task.corner_terms, 2 * n, row + x * plan.channels * plan.size)
                put(task.corner_terms, 2 * n + 1, panels + (tap + kw) * panel)
                n += 1
    return n
