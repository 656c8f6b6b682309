"""The driver of the gradient of filters: all loops between a scheme and the micro-kernel.

1  tasks: slabs of positions, groups of bunches
2    boxes of positions: both arrays are packed, or read where they lie
3      bunches: a tap of depth, taps of height and width, maybe a block of columns
4        pieces: the runs of positions for which these taps read inside, listed once
5          tiles: rows
"""

from typing import Any, NamedTuple

from ..._compiler.words import call, get, next_task
from ..._geometry.integers import n_tiles, tile_range
from ..shared.moving import copy_past_caches
from .pack import plane_distance, see
from .records import CorrelateParams, CorrelateTask, Entry

__all__ = ["box_numbers", "correlate", "place", "sums_of"]


class Work(NamedTuple):
    """What a task does with a box."""

    first: Any  # bunches from .. to, of all taps of depth
    end: Any
    sums: Any  # address of the slab's
    fresh: Any  # 1: they are begun


def correlate(plan, slot):
    """Take tasks and sum their products, until there are no more."""
    plan = CorrelateParams(plan)
    task = CorrelateTask(plan.scratch + slot * plan.scratch_step)
    task.scratch = task.address
    task.tile.entries = task.address + CorrelateTask.SIZE
    task.tile.c_row, task.tile.c_outer = plan.row_step, plan.height_step
    while True:
        number = next_task(plan)
        if number >= plan.slabs * plan.groups:
            break
        slab, group = divmod(number, plan.groups)
        first, end = tile_range(0, plan.items, plan.groups, group)
        first_box, end_box = tile_range(0, plan.boxes, plan.slabs, slab)
        task.held.lo, task.held.hi = 0, 0
        sums = sums_of(plan, slab)
        for box in range(first_box, end_box):
            place(plan, task, box)
            see(plan, task, plan.big, plan.big_at, task.big)
            see(plan, task, plan.small, plan.small_at, task.small)
            fresh = 1 if box == first_box else 0
            _look_ahead(plan, task, min(box + 1, end_box - 1))
            _run_bunches(plan, task, Work(first, end, sums, fresh))


def sums_of(plan, slab):
    """Return the address of the sums of a slab."""
    return plan.others + (slab - 1) * plan.slab_step if slab > 0 else plan.first


def place(plan, task, box):
    """Write the positions of a box."""
    n, d, h, w = box_numbers(plan, box)
    task.n0, task.n1 = n * plan.box_n, min(plan.n, (n + 1) * plan.box_n)
    task.d0, task.d1 = d * plan.box_d, min(plan.d, (d + 1) * plan.box_d)
    task.h0, task.h1 = h * plan.box_h, min(plan.h, (h + 1) * plan.box_h)
    task.w0, task.w1 = w * plan.box_w, min(plan.w, (w + 1) * plan.box_w)


def box_numbers(plan, box):
    """Return the numbers of a box along batch, depth, height and width; depth comes first."""
    over_depth, d = divmod(box, plan.boxes_d)
    over_width, w = divmod(over_depth, plan.boxes_w)
    n, h = divmod(over_width, plan.boxes_h)
    return n, d, h, w


def _look_ahead(plan, task, box):
    """Write how far the numbers of the next box are."""
    n, d, h, w = box_numbers(plan, box)
    n, d = n * plan.box_n - task.n0, d * plan.box_d - task.d0
    h, w = h * plan.box_h - task.h0, w * plan.box_w - task.w0
    big, small = task.big, task.small
    task.next_big = n * big.n + d * big.d + h * big.h + w * big.w
    task.ahead_small = n * small.n + d * small.d + h * small.h + w * small.w
    task.asked_small = 0


def _run_bunches(plan, task, work):
    """Add the products of a box to the sums of bunches."""
    for item in range(work.first, work.end):
        kd, bunch = divmod(item, plan.n_bunches)
        first, end = get(plan.bunches, bunch), get(plan.bunches, bunch + 1)
        if plan.made_at > 0:
            _run_rows(plan, task, first, end, kd)
            continue
        for p in range(first, end):
            piece = plan.pieces[p]
            if piece.begins == 0 and _misses(task, piece):
                continue
            if piece.new > 0 or (item == work.first and p == first):
                _look_on(plan, task, piece, kd)
                _list_runs(plan, task, piece, kd)
            if task.tile.n > 0 or (work.fresh > 0 and piece.begins > 0):
                task.tile.c = work.sums + kd * plan.depth_step + piece.to
                task.tile.fresh = work.fresh * piece.begins
                _run_tiles(plan, task, piece)


def _run_rows(plan, task, first, end, kd):
    """Make all columns of the rows of a tile, and store them past the caches; then the next."""
    piece, tile, made = plan.pieces[first], task.tile, task.scratch + plan.made_at
    _look_on(plan, task, piece, kd)
    _list_runs(plan, task, piece, kd)
    _set_steps(plan, task, piece)
    tile.fresh = 1
    sums, tiles = plan.first + kd * plan.depth_step + piece.to, n_tiles(piece.rows, piece.most)
    for t in range(tiles):
        row, end_row = tile_range(0, piece.rows, tiles, t)
        tile.a = row * plan.size
        for p in range(first, end):
            block = plan.pieces[p]
            tile.b, tile.c = block.start, made + block.start
            _ask(plan, task, block, _row_ahead(row, end_row, t + 1 == tiles))
            call(get(block.kernels, end_row - row), tile)
        copy_past_caches(made, sums + row * plan.row_step, (end_row - row) * plan.row_step)


def _misses(task, piece):
    """Return whether a box has no positions of a piece."""
    h = min(task.h1, piece.h_hi) <= max(task.h0, piece.h_lo)
    return h or min(task.w1, piece.w_hi) <= max(task.w0, piece.w_lo)


def _list_runs(plan, task, piece, kd):
    """List the runs of positions for which taps read inside.

    The loop over the axis that runs lie along has one round.
    """
    depth, big, small = plan.depth[kd], task.big, task.small
    d0, d1 = max(task.d0, depth.lo), min(task.d1, depth.hi)
    h0, h1 = max(task.h0, piece.h_lo), min(task.h1, piece.h_hi)
    w0, w1 = max(task.w0, piece.w_lo), min(task.w1, piece.w_hi)
    at = big.at + piece.tap_h * big.tap_h + piece.ahead * big.tap_w
    length = w1 - w0 if piece.along == 3 else h1 - h0 if piece.along == 2 else task.n1 - task.n0
    n1 = task.n0 + 1 if piece.along == 0 else task.n1
    h1 = min(h1, h0 + 1) if piece.along == 2 else h1
    w1 = min(w1, w0 + 1) if piece.along == 3 else w1
    count = 0
    for n in range(task.n0, n1):
        for d in range(d0, d1):
            at_plane = at + n * big.n + plane_distance(plan.big, big, d, kd)
            for h in range(h0, h1):
                at_big = at_plane + h * big.h
                at_small = small.at + n * small.n + d * small.d + h * small.h
                for w in range(w0, w1):
                    entry = Entry(task.tile.entries + count * Entry.SIZE)
                    x, y = at_big + w * big.w, at_small + w * small.w
                    entry.input = y if plan.swapped > 0 else x
                    entry.panel = x if plan.swapped > 0 else y
                    entry.length = length
                    count += 1
    task.tile.n = count


def _look_on(plan, task, piece, kd):
    """Write how far the numbers of the next list are: of the next taps, or of the next box."""
    big = task.big
    if piece.turns > 0:
        task.asked_big = 0
    if piece.next_h > 0:
        task.ahead_big = piece.next_h * big.tap_h
    elif kd + 1 < plan.n_depth:
        task.ahead_big = big.tap_d - piece.tap_h * big.tap_h
    else:
        task.ahead_big = task.next_big - kd * big.tap_d - piece.tap_h * big.tap_h


def _ask(plan, task, piece, rows):
    """Write what a tile asks for: a cache line of each position of the next box, or list.

    Where these have been asked for, and filters are many, the last of the next tile's rows, so
    many behind its own.
    """
    of_small, ask = plan.swapped, rows * plan.size * plan.far
    if piece.begins > 0 and piece.along == 3:
        if task.asked_small < plan.small.lines:
            of_small, ask = 1, task.ahead_small + 64 * task.asked_small
            task.asked_small += 1
        elif task.asked_big < plan.big.lines:
            of_small, ask = 0, task.ahead_big + 64 * task.asked_big
            task.asked_big += 1
    task.tile.ask = ask
    task.tile.ask_a = 1 if of_small == plan.swapped else 0


def _step(view, along):
    """Return the bytes from a position of a run to the next."""
    return view.w if along == 3 else view.h if along == 2 else view.n


def _set_steps(plan, task, piece):
    """Write how the numbers of a list lie."""
    tile, swapped = task.tile, plan.swapped > 0
    big, small = _step(task.big, piece.along), _step(task.small, piece.along)
    tile.a_step = (small if swapped else big) // plan.size
    tile.b_step = (big if swapped else small) // plan.size
    tile.a_outer = task.big.tap_h // plan.size


def _row_ahead(first, end, is_last):
    """Return how far the last row of the next tile, or of the first one, is from a tile's first."""
    return (-first if is_last else end - first) + end - first - 1


def _run_tiles(plan, task, piece):
    """Run the tiles of a piece over the list."""
    tile = task.tile
    _set_steps(plan, task, piece)
    tile.b = piece.start
    sums, tiles = tile.c, n_tiles(piece.rows, piece.most)
    for t in range(tiles):
        first, end = tile_range(0, piece.rows, tiles, t)
        tile.a = first * plan.size
        tile.c = sums + first * plan.row_step
        _ask(plan, task, piece, _row_ahead(first, end, t + 1 == tiles))
        call(get(piece.kernels, end - first), tile)
