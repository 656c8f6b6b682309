"""Parts of the driver: rows of a box are combined, and what is multiplied by what is listed."""

from typing import Any, NamedTuple

from ...._compiler.words import call, get, put
from ..pack import plane_distance
from .records import Pair, Source

__all__ = ["combine_big", "combine_small"]


class Rows(NamedTuple):
    """The rows of an array that are combined."""

    source: Any
    view: Any
    at: Any  # address of the first number of the image that is read
    kernels: Any  # by how many rows are combined
    count: Any  # numbers of a row


class Mixed(NamedTuple):
    """Combinations of planes and of their rows."""

    depth: Any  # the axes
    height: Any
    planes: Any
    rows: Any


def combine_small(plan, task):
    """Make all combinations of rows of small; note where each is."""
    depth, height = plan.along_d, plan.along_h
    d0, d1 = get(depth.mixes_from, task.box_d), get(depth.mixes_from, task.box_d + 1)
    h0, h1 = get(height.mixes_from, task.box_h), get(height.mixes_from, task.box_h + 1)
    count, view = 0, task.small
    for n in range(task.n0, task.n1):
        at = view.at + n * view.n
        rows = Rows(plan.small, view, at, plan.small_mixers, plan.small_numbers)
        for d in range(d0, d1):
            for h in range(h0, h1):
                mixed = Mixed(depth, height, depth.mixes[d], height.mixes[h])
                to = task.address + plan.small_rows_at + count * plan.small_row
                if mixed.planes.alone > 0 and mixed.rows.alone > 0:
                    to = _row(rows, mixed, 0, 0)
                else:
                    _mix(plan, task, rows, mixed, to)
                put(task.address + plan.places_at, count, to)
                count += 1


def combine_big(plan, task, a, b):
    """Make the combinations of rows of big that a slot has; list what is multiplied by what."""
    depth, height = plan.along_d, plan.along_h
    d0, h0 = task.box_d * depth.slots + a, task.box_h * height.slots + b
    d1, h1 = get(depth.starts, d0 + 1), get(height.starts, h0 + 1)
    d0, h0 = get(depth.starts, d0), get(height.starts, h0)
    mixes_d, mixes_h = _mixes(depth, task.box_d), _mixes(height, task.box_h)
    count, view = 0, task.big
    for n in range(task.n0, task.n1):
        at = view.at + n * view.n + plan.big_from * view.tap_w
        rows = Rows(plan.big, view, at, plan.big_mixers, plan.big_numbers)
        for d in range(d0, d1):
            for h in range(h0, h1):
                x, y = depth.terms[d], height.terms[h]
                mixed = Mixed(depth, height, x.big, y.big)
                to = task.address + plan.big_rows_at + count * plan.big_row
                if mixed.planes.alone > 0 and mixed.rows.alone > 0 and plan.padded == 0:
                    to = _row(rows, mixed, 0, 0)
                else:
                    _mix(plan, task, rows, mixed, to + plan.big_to)
                pair = Pair(task.address + plan.pairs_at + count * Pair.SIZE)
                pair.big = to
                number = ((n - task.n0) * mixes_d + x.small) * mixes_h + y.small
                pair.small = get(task.address + plan.places_at, number)
                count += 1
    task.rows = count


def _mixes(axis, box):
    """Return how many combinations of small a box has along an axis."""
    return get(axis.mixes_from, box + 1) - get(axis.mixes_from, box)


def _row(rows, mixed, d, h):
    """Return the address of a row of those that are combined."""
    plane = mixed.depth.lines[mixed.planes.first + d]
    row = mixed.height.lines[mixed.rows.first + h]
    at = rows.at + plane_distance(rows.source, rows.view, plane.q, plane.tap)
    return at + row.q * rows.view.h + row.tap * rows.view.tap_h


def _mix(plan, task, rows, mixed, to):
    """Write a row: a combination of planes, of a combination of their rows."""
    sources, planes, columns = task.address + plan.sources_at, mixed.planes, mixed.rows
    for d in range(planes.n):
        halves = mixed.depth.lines[planes.first + d].halves
        for h in range(columns.n):
            source = Source(sources + (d * columns.n + h) * Source.SIZE)
            source.at = _row(rows, mixed, d, h)
            source.quarters = halves * mixed.height.lines[columns.first + h].halves
    call(get(rows.kernels, planes.n * columns.n), sources, to, rows.count)
