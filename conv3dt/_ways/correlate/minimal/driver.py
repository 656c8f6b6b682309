"""The driver of gradients of filters of fewer products: all loops, from a scheme to the kernel.

1  tasks: slabs of positions, groups of slots
2    boxes of positions: both arrays are packed, or read where they lie; rows of small are combined
3      slots of depth and height: rows of big are combined
4        pieces: taps of the width, a block of columns; the runs of positions are listed
5          tiles: rows
6            runs, so many at once that sums in registers stay small
"""

from ...._compiler.words import call, get, next_task
from ...._geometry.integers import n_tiles, tile_range
from ...shared.moving import clear
from ..driver import box_numbers, place, sums_of
from ..pack import see
from ..records import Entry
from .pack import combine_big, combine_small
from .records import MinimalParams, MinimalTask, Pair

__all__ = ["correlate"]


def correlate(plan, slot):
    """Take tasks and sum their products, until there are no more."""
    plan = MinimalParams(plan)
    task = MinimalTask(plan.scratch + slot * plan.scratch_step)
    _begin(plan, task)
    while True:
        number = next_task(plan)
        if number >= plan.slabs * plan.groups:
            break
        slab, group = divmod(number, plan.groups)
        first_box, end_box = tile_range(0, plan.boxes, plan.slabs, slab)
        task.held.lo, task.held.hi = 0, 0
        for box in range(first_box, end_box):
            place(plan, task, box)
            _, task.box_d, task.box_h, _ = box_numbers(plan, box)
            see(plan, task, plan.big, plan.big_at, task.big)
            see(plan, task, plan.small, plan.small_at, task.small)
            combine_small(plan, task)
            task.fresh = 1 if box == first_box else 0
            _run_slots(plan, task, group, sums_of(plan, slab))


def _begin(plan, task):
    """Write what stays the same; zeros stand beside combined rows of big."""
    task.scratch = task.address
    tile = task.tile
    tile.c_row, tile.c_outer, tile.a_outer = plan.row_step, 0, 0
    tile.ask, tile.ask_a = 0, 1
    big, small = plan.big.width.s * plan.big.channels, plan.small.channels
    tile.a_step = small if plan.swapped > 0 else big
    tile.b_step = big if plan.swapped > 0 else small
    if plan.padded > 0:
        clear(task.address + plan.big_rows_at, plan.big_bytes // 4, 4)


def _run_slots(plan, task, group, sums):
    """Add the products of a box to the sums of all slots of a task."""
    depth, height, step = plan.along_d, plan.along_h, plan.block * plan.size
    first, end = tile_range(0, depth.slots * height.slots, plan.groups, group)
    for slot in range(first, end):
        a, b = divmod(slot, height.slots)
        combine_big(plan, task, a, b)
        most = get(plan.most, get(depth.shared, a) + get(height.shared, b))
        _run_pieces(plan, task, most, sums + slot * step)


def _run_pieces(plan, task, most, sums):
    """Add the products of a slot to its sums, of about so many positions at once."""
    length = 1
    for p in range(plan.n_bunches):
        piece = plan.pieces[p]
        if piece.new > 0:
            length = _list_runs(plan, task, piece, most)
        if task.entries > 0 or (task.fresh > 0 and piece.begins > 0):
            _run_tiles(plan, task, piece, sums + piece.to, _nearest(most, length))


def _list_runs(plan, task, piece, most):
    """List the runs of positions for which the taps of a piece read inside; return their length."""
    big, small = plan.big.width.s * plan.big.channels, plan.small.channels
    width = max(0, piece.w_hi - piece.w_lo)
    runs, count = _nearest(width, most), 0
    for row in range(task.rows if width > 0 else 0):
        pair = Pair(task.address + plan.pairs_at + row * Pair.SIZE)
        for run in range(runs):
            first, end = tile_range(piece.w_lo, piece.w_hi, runs, run)
            entry = Entry(task.address + plan.entries_at + count * Entry.SIZE)
            x = pair.big + (first * big + piece.ahead * plan.big.channels) * plan.size
            y = pair.small + first * small * plan.size
            entry.input = y if plan.swapped > 0 else x
            entry.panel = x if plan.swapped > 0 else y
            entry.length = end - first
            count += 1
    task.entries = count
    return max(1, width // runs)


def _nearest(count, most):
    """Return how many parts of about so many `count` numbers make."""
    return max(1, (count + most // 2) // most)


def _run_tiles(plan, task, piece, sums, at_once):
    """Run the tiles of a piece over the list, so many runs at once."""
    tile, tiles = task.tile, n_tiles(piece.rows, piece.most)
    parts = max(1, n_tiles(task.entries, at_once))
    tile.b = piece.start
    for t in range(tiles):
        first, end = tile_range(0, piece.rows, tiles, t)
        tile.a = first * plan.size
        tile.c = sums + first * plan.row_step
        tile.fresh = task.fresh * piece.begins
        for part in range(parts):
            run, end_run = tile_range(0, task.entries, parts, part)
            tile.entries = task.address + plan.entries_at + run * Entry.SIZE
            tile.n = end_run - run
            call(get(piece.kernels, end - first), tile)
            tile.fresh = 0
