"""Parts of the driver: where a box's numbers lie; they are packed, or read where they are.

Packed, channels are together, in the compute type:

[n][depth][height][width][channel]. What lies outside the array is neither packed nor read.
"""

from typing import Any, NamedTuple

from ..._compiler.words import call
from ..._geometry.storages import STORAGES
from ..shared.moving import copy, spread, turn
from .records import CorrelateParams, CorrelateTask

__all__ = [
    "Packed", "held_planes", "index", "pack_big", "pack_small", "packed_of", "place_packed",
    "plane_distance", "see",
]  # fmt: skip


class Packed(NamedTuple):
    """How a box is packed."""

    first: Any  # numbers of the width from .. to
    end: Any
    depth: Any  # rows that may be packed
    height: Any
    row: Any  # bytes from one to the next


def see(plan, task, source, place, view):
    """Write where the numbers of an array lie that a box needs; pack them, if that must be."""
    if source.pack:
        call(source.pack, plan, task)
        return
    depth, height, width = source.depth, source.height, source.width
    view.at = place.at - depth.p * place.d - height.p * place.h
    view.n = place.n
    view.d = depth.s * place.d
    view.h = height.s * place.h
    view.w = width.s * place.w
    view.tap_d = depth.d * place.d
    view.tap_h = height.d * place.h
    view.tap_w = place.w


class Plane(NamedTuple):
    """A plane in the array, from its first number on, and packed."""

    x: Any
    y: Any
    packed: Packed


def pack_big(plan, task, *, storage):
    """Pack what a box reads of big."""
    plan, task = CorrelateParams(plan), CorrelateTask(task)
    _pack(plan, task, plan.big, plan.big_at, task.big, storage=storage)


def pack_small(plan, task, *, storage):
    """Pack what a box reads of small."""
    plan, task = CorrelateParams(plan), CorrelateTask(task)
    _pack(plan, task, plan.small, plan.small_at, task.small, storage=storage)


def plane_distance(source, view, position, tap):
    """Return the bytes to the plane that a tap of the depth reads."""
    axis = source.depth
    if source.ring > 0:
        return (position * axis.s + tap * axis.d - axis.p) % source.ring * view.plane
    return position * view.d + tap * view.tap_d


def _pack(plan, task, source, place, view, *, storage):
    """Pack the planes of an array that are not there from the box before."""
    packed = packed_of(plan, task, source)
    place_packed(plan, task, source, view, packed)
    lo, hi = held_planes(task, source, packed)
    for n in range(task.n0, task.n1):
        for j in range(packed.depth):
            d = index(source.depth, task.d0, j)
            if 0 <= d < source.depth.i and not lo <= d < hi:
                x = place.at + n * place.n + d * place.d + packed.first * place.w
                slot = d % source.ring if source.ring > 0 else j
                y = task.scratch + source.packed_at + (n - task.n0) * view.n + slot * view.plane
                _pack_plane(plan, task, source, place, Plane(x, y, packed), storage=storage)


def held_planes(task, source, packed):
    """Return the planes from .. to that the box before has packed; note those of this one."""
    lo, hi, held = 0, 0, task.held
    if source.ring > 0:
        if held.n == task.n0 and held.h == task.h0 and held.w == task.w0:
            lo, hi = held.lo, held.hi
        held.n, held.h, held.w = task.n0, task.h0, task.w0
        held.lo = index(source.depth, task.d0, 0)
        held.hi = held.lo + packed.depth
    return lo, hi


def _pack_plane(plan, task, source, place, plane, *, storage):
    """Pack the rows of a plane; all at once, where they lie together."""
    packed, height, channels = plane.packed, source.height, source.channels
    width = packed.end - packed.first
    first = index(height, task.h0, 0)
    lo, hi = max(first, 0), min(first + packed.height, height.i)
    if height.shared > 0 and width > 0 and place.h == width * place.w and hi > lo:
        x, y = plane.x + lo * place.h, plane.y + (lo - first) * packed.row
        _copy_row(place, channels, x, y, width * (hi - lo), storage=storage)
        return
    for m in range(packed.height):
        h = index(height, task.h0, m)
        if width > 0 and 0 <= h < height.i:
            x, y = plane.x + h * place.h, plane.y + m * packed.row
            _copy_row(place, channels, x, y, width, storage=storage)


def packed_of(plan, task, source):
    """Return how a box is packed."""
    width = source.width
    first = max(0, task.w0 * width.s - width.p)
    end = min(width.i, (task.w1 - 1) * width.s + (width.k - 1) * width.d - width.p + 1)
    end = max(first, end)
    depth = _rows(source.depth, task.d1 - task.d0)
    height = _rows(source.height, task.h1 - task.h0)
    return Packed(first, end, depth, height, (end - first) * source.channels * plan.size)


def place_packed(plan, task, source, view, packed):
    """Write where packed numbers lie."""
    depth, height, row = source.depth, source.height, packed.row
    plane, position = packed.height * row, source.channels * plan.size
    view.n = (source.ring if source.ring > 0 else packed.depth) * plane
    view.plane = plane
    view.d = (depth.s if depth.shared > 0 else depth.k) * plane
    view.h = (height.s if height.shared > 0 else height.k) * row
    view.w = source.width.s * position
    view.tap_d = (depth.d if depth.shared > 0 else 1) * plane
    view.tap_h = (height.d if height.shared > 0 else 1) * row
    view.tap_w = position
    at = task.scratch + source.packed_at - packed.first * position
    at -= task.n0 * view.n + task.h0 * view.h
    view.at = at if source.ring > 0 else at - task.d0 * view.d


def _rows(axis, positions):
    """Return how many rows of depth or height may be packed for so many positions."""
    if axis.shared > 0:
        return (positions - 1) * axis.s + (axis.k - 1) * axis.d + 1
    return positions * axis.k


def index(axis, first, row):
    """Return which row of the array a packed row is."""
    at = first * axis.s - axis.p
    if axis.shared > 0:
        return at + row
    position, tap = divmod(row, axis.k)
    return at + position * axis.s + tap * axis.d


def _copy_row(place, channels, x, y, width, *, storage):
    """Copy the channels of neighbours along the width."""
    item, size = STORAGES[storage].item, STORAGES[storage].size
    position = channels * size
    if place.c == item and place.w == channels * item:
        copy(x, y, width * channels, storage=storage)
    elif place.c == item:
        for w in range(width):
            copy(x + w * place.w, y + w * position, channels, storage=storage)
    elif place.w == item:
        turn(x, place.c, y, position, channels, width, storage=storage)
    else:
        for c in range(channels):
            spread(x + c * place.c, place.w, y + c * size, position, width, storage=storage)
