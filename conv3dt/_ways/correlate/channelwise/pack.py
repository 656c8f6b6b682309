"""Parts of the driver: a box of both arrays is packed, block by block of channels.

[block][n][depth][height][width][lane], in the compute type: where channels lie between other
channels, few sets of L1 have all of them.
"""

from ...._geometry.storages import STORAGES
from ...shared.moving import LANES, copy, spread, turn
from ..pack import Packed, held_planes, index, packed_of, place_packed
from .records import ChannelwiseParams, ChannelwiseTask
from .vectors import COPIES

__all__ = ["pack_big", "pack_small"]


def pack_big(plan, task, *, storage):
    """Pack what a box reads of big."""
    plan, task = ChannelwiseParams(plan), ChannelwiseTask(task)
    task.share, task.block_step = plan.share_big, plan.block_big
    _pack(plan, task, plan.big, plan.big_at, task.big, storage=storage)


def pack_small(plan, task, *, storage):
    """Pack what a box reads of small."""
    plan, task = ChannelwiseParams(plan), ChannelwiseTask(task)
    task.share, task.block_step = plan.share_small, plan.block_small
    _pack(plan, task, plan.small, plan.small_at, task.small, storage=storage)


def _pack(plan, task, source, place, view, *, storage):
    """Pack the planes of an array that are not there from the box before."""
    packed = _padded(plan, packed_of(plan, task, source))
    place_packed(plan, task, source, view, packed)
    lo, hi = held_planes(task, source, packed)
    for n in range(task.n0, task.n1):
        for j in range(packed.depth):
            d = index(source.depth, task.d0, j)
            if 0 <= d < source.depth.i and not lo <= d < hi:
                slot = d % source.ring if source.ring > 0 else j
                x = place.at + n * place.n + d * place.d + packed.first * place.w
                y = task.scratch + source.packed_at + (n - task.n0) * view.n + slot * view.plane
                for m in range(packed.height):
                    h = index(source.height, task.h0, m)
                    if 0 <= h < source.height.i:
                        row, width = y + m * packed.row, packed.end - packed.first
                        _copy_row(plan, task, place, x + h * place.h, row, width, storage=storage)


def _padded(plan, packed):
    """Return how a box is packed where rows of taps do not fall into the same sets of L1."""
    pad = plan.pad if packed.row % plan.pad_every == 0 else 0
    return Packed(packed.first, packed.end, packed.depth, packed.height, packed.row + pad)


def _copy_row(plan, task, place, x, y, width, *, storage):
    """Copy a row of the blocks of a task."""
    item, size = STORAGES[storage].item, STORAGES[storage].size
    share, lanes, line = task.share, plan.lanes, plan.lanes * size
    if share == 1 and place.c == item and lanes == LANES[storage]:
        _copy_vectors(plan, task, place, x, y, width, storage=storage)
        return
    for b in range(task.first, task.end):
        start, to = plan.blocks[b].start, y + (b - task.first) * task.block_step
        if share == 1 and place.c == item:
            for w in range(width):
                copy(x + start * item + w * place.w, to + w * line, lanes, storage=storage)
        elif share == 1 and place.w == item:
            turn(x + start * place.c, place.c, to, line, lanes, width, storage=storage)
        else:
            for lane in range(lanes):
                at = x + (start + lane) // share * place.c
                spread(at, place.w, to + lane * size, line, width, storage=storage)


def _copy_vectors(plan, task, place, x, y, width, *, storage):
    """Copy a row of blocks whose channels are neighbours, in the order of the memory."""
    item, line = STORAGES[storage].item, plan.lanes * STORAGES[storage].size
    for w in range(width):
        for b in range(task.first, task.end):
            to = y + (b - task.first) * task.block_step + w * line
            COPIES[storage](x + w * place.w + plan.blocks[b].start * item, to)
