"""The driver of the gradient of depthwise filters: all loops between a scheme and the micro-kernel.

1  tasks: slabs of positions, groups of blocks of channels
2    boxes of positions: both arrays are packed, or read where they lie
3      planes of positions, and heights that have the same taps: what these read is listed
4        blocks of channels
5          strips: widths that have the same taps
6            rows of taps: some at once

A list whose length is no multiple of those at once is filled up with sums that nobody reads: of
rows that exist, for none is multiplied by a halo's zero.
"""

from ...._compiler.words import call, get, next_task
from ...._geometry.integers import tile_range
from ...shared.moving import clear
from ..driver import place, sums_of
from ..pack import plane_distance, see
from .records import ChannelwiseParams, ChannelwiseTask, Pair

__all__ = ["correlate"]


def correlate(plan, slot):
    """Take tasks and sum their products, until there are no more."""
    plan = ChannelwiseParams(plan)
    task = ChannelwiseTask(plan.scratch + slot * plan.scratch_step)
    task.scratch = task.address
    while True:
        number = next_task(plan)
        if number >= plan.slabs * plan.groups:
            break
        slab, group = divmod(number, plan.groups)
        task.first, task.end = tile_range(0, plan.n_blocks, plan.groups, group)
        task.sums = sums_of(plan, slab)
        _clear(plan, task)
        first_box, end_box = tile_range(0, plan.boxes, plan.slabs, slab)
        task.held.lo, task.held.hi = 0, 0
        for box in range(first_box, end_box):
            place(plan, task, box)
            see(plan, task, plan.big, plan.big_at, task.big)
            see(plan, task, plan.small, plan.small_at, task.small)
            _run_box(plan, task)


def _clear(plan, task):
    """Set the sums of a task to zero."""
    for number in range(task.first, task.end):
        block = plan.blocks[number]
        begin = task.sums + (block.start + plan.lanes - block.own) * plan.size
        for tap in range(plan.all_taps):
            clear(begin + tap * plan.width_step, block.own, plan.size)


def _run_box(plan, task):
    """Add the products of a box."""
    small = task.small
    _look_ahead(plan, task)
    for n in range(task.n0, task.n1):
        for d in range(task.d0, task.d1):
            task.plane = small.at + n * small.n + d * small.d
            for number in range(plan.n_heights):
                part = plan.heights[number]
                lo, hi = max(task.h0, part.lo), min(task.h1, part.hi)
                if lo < hi:
                    _list_rows(plan, task, n, d, lo, part)
                    _run_blocks(plan, task, lo, hi - lo)


def _look_ahead(plan, task):
    """Write where the numbers begin that the box behind this one in depth is the first to pack."""
    depth, height, d = plan.big.depth, plan.big.height, task.d1
    big, small = plan.big_at, plan.small_at
    new = d * depth.s - depth.p + (depth.k - 1) * depth.d
    row = max(0, task.h0 * height.s - height.p)
    task.ask_big = big.at + task.n0 * big.n + new * big.d + row * big.h
    task.ask_small = small.at + task.n0 * small.n + d * small.d + task.h0 * small.h


def _list_rows(plan, task, n, d, h, part):
    """List what rows of taps read at a position of the height, and where their sums are."""
    big, count = task.big, 0
    for kd in range(plan.n_depth):
        depth = plan.depth[kd]
        if depth.lo <= d < depth.hi:
            at = big.at + n * big.n + plane_distance(plan.big, big, d, kd) + h * big.h
            for kh in range(part.first, part.first + part.taps):
                pair = _pair(plan, task, count)
                pair.row = at + kh * big.tap_h
                pair.sums = task.sums + (kd * plan.of_depth + kh) * plan.tap_step
                count += 1
    task.listed = count
    while count > 0 and count % plan.at_once > 0:
        pair = _pair(plan, task, count)
        pair.row = _pair(plan, task, 0).row
        pair.sums = task.scratch + plan.unused_at
        count += 1


def _pair(plan, task, number):
    """Return an entry of the list."""
    return Pair(task.scratch + plan.list_at + number * Pair.SIZE)


def _run_blocks(plan, task, h, height):
    """Add the products of so many positions of the height."""
    big, small, tile = task.big, task.small, task.told
    y = task.plane + h * small.h
    tile.height, tile.big_step, tile.small_step = height, big.h, small.h
    tile.sums_step = plan.width_step
    for b in range(task.first, task.end):
        block = plan.blocks[b]
        number = b - task.first if plan.big.pack else b
        for s in range(plan.n_strips):
            strip = plan.strips[s]
            lo, hi = max(task.w0, strip.lo), min(task.w1, strip.hi)
            if lo < hi:
                tile.width = hi - lo
                tile.big = lo * big.w + strip.ahead * big.tap_w + number * plan.block_big
                tile.small = y + lo * small.w + number * plan.block_small
                tile.sums = block.start * plan.size + strip.first
                _run_rows(plan, task, get(block.kernels, strip.kind))


def _run_rows(plan, task, kernel):
    """Add the products of all rows of taps; the first tiles ask for what the next box packs."""
    tile, step = task.told, plan.ask_step
    tile.ask_big, tile.ask_small = task.ask_big, task.ask_small
    tile.ask_step = step
    for r in range(0, task.listed, plan.at_once):
        tile.pairs = task.scratch + plan.list_at + r * Pair.SIZE
        call(kernel, tile)
        tile.ask_step = 0
    task.ask_big += tile.height * tile.width * step * plan.asked
    task.ask_small += tile.height * tile.width * step
