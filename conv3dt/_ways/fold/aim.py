"""Where a row of inputs is carried: the addresses that micro-kernels add to, and their calls."""

from ..._compiler.words import get, put
from .tasks import output

__all__ = ["aim"]


def aim(plan, task, d, h):
    """Write where each column carries the row (d, h): to the trash beyond the block.

    Rows of a plane that all taps carry into the block differ by their distance alone, `task.at`.
    """
    inside = _is_inside(plan.depth, task.depth, d) and _is_inside(plan.height, task.height, h)
    task.at = (output(plan.height, h, 0) - task.height.lo) * plan.unit if inside else 0
    if not inside or not task.aimed:
        _write_units(plan, task, d, h)
        _write_rows(plan, task)
        _list_calls(plan, task)
    task.aimed = 1 if inside else 0


def _is_inside(axis, part, i):
    """Return whether all taps carry an input into the block."""
    first = output(axis, i, 0)
    return part.lo <= first and first + (axis.k - 1) * axis.d < part.hi


def _write_units(plan, task, d, h):
    """Write the first sums of the row that each tap (kd, kh) reaches, `task.at` before them."""
    depth, height, n = plan.depth, plan.height, 0
    for kd in range(depth.k):
        z = output(depth, d, kd)
        plane = task.sums + z % plan.window * plan.sums_plane
        for kh in range(height.k):
            y = output(height, h, kh)
            inside = task.depth.lo <= z < task.depth.hi and task.height.lo <= y < task.height.hi
            to = plane + (y - task.height.lo) * plan.unit if inside else task.trash
            put(task.units, n, to - task.at)
            n += 1


def _write_rows(plan, task):
    """Write the rows of sums of all columns."""
    width, taps, units = plan.width, plan.depth.k * plan.height.k, task.units
    start = plan.left + task.width.start - task.width.lo // width.s
    rows = task.rows
    for n in range(width.k):
        t, r = divmod(output(width, 0, width.k - 1 - n), width.s)
        for c in range(plan.group):
            to = (c * width.s + r) * plan.row + (start + t) * plan.size
            for m in range(taps):
                put(rows, m, get(units, m) + to)
            rows += 8 * taps


def _list_calls(plan, task):
    """List the blocks of columns that do not all go to the trash."""
    task.n_calls = 0
    for b in range(plan.n_blocks):
        block = plan.blocks[b]
        rows = task.rows + 8 * block.start
        if not _in_vain(rows, block.columns, task.trash - task.at):
            made = task.calls[task.n_calls]
            columns = task.group * plan.columns + block.start
            made.entry.panel = plan.arrays.panels + columns * plan.channels * plan.size
            made.entry.length = plan.channels
            made.entry.input = made.entry.rows = 0
            made.rows = rows
            made.kind = block.kind
            made.kernels = plan.kernels + 8 * block.kind * plan.kernels_inner
            task.n_calls += 1


def _in_vain(rows, columns, trash):
    """Return whether all these columns go to the trash, which lies behind all sums."""
    m = 0
    while m < columns and get(rows, m) >= trash:
        m += 1
    return m == columns
