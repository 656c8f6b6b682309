"""Driver: planes of inputs, packed or where they lie, and planes of outputs that they reach."""

from typing import Any, NamedTuple

from ..._compiler.words import call, put
from ..shared.tables import taps_between
from .records import Open

__all__ = ["Plane", "open_plane", "opened", "place_plane", "place_planes", "store_planes"]


class Plane(NamedTuple):
    """A plane of outputs of an image."""

    n: Any
    z: Any  # position
    phase: Any  # of the depth


def place_planes(plan, task, plane, first, end):
    """Write where the planes are that some taps read, and pack those that are new."""
    d, depth = plane.phase, plan.depth
    task.packed = max(task.packed, plane.z * depth.in_s + depth.shift_lo)
    for j in range(first, end):
        i = plane.z * depth.in_s + d.shift - j * d.dilation
        if plan.pack:
            while task.packed <= i:
                call(plan.pack, plan, task, plane.n, task.packed)
                task.packed += 1
        put(task.lists + plan.planes_at, j - first, _place_of(plan, task, plane.n, i))


def place_plane(plan, task, n, i):
    """Write where a single plane is, packed now."""
    if plan.pack:
        call(plan.pack, plan, task, n, i)
    put(task.lists + plan.planes_at, 0, _place_of(plan, task, n, i))


def _place_of(plan, task, n, i):
    """Return where a plane of inputs is."""
    if plan.pack:
        return task.scratch + i % plan.window * plan.depth.packed_step
    at = plan.arrays.input + n * plan.arrays.step_n + i * plan.depth.packed_step
    return at + task.channel * plan.packed_item + task.height.start * plan.height.packed_step


def open_plane(plan, task, plane, first, end):
    """List a plane of outputs, with the taps of the depth that are to be added to it."""
    d, depth, height = plane.phase, plan.depth, plan.height
    number = d.first + plane.z * depth.s
    whole_first, whole_end = taps_between(depth, d, plane.z, plane.z + 1)
    one = opened(plan, task, task.open)
    one.planes = task.lists + plan.planes_at
    one.depth = end - first
    one.first = first
    one.taps = d.taps
    one.before = d.before * height.n_taps * plan.width.n_taps
    one.sums = task.scratch + plan.sums_at + number % plan.sums_planes * plan.sums_plane
    one.sums_step = plan.sums_step if first > whole_first else 0
    one.ends = 1 if end == whole_end else 0
    one.step = plan.position_step if end == whole_end else plan.sums_step
    one.plane = plan.arrays.output + plane.n * plan.image_step + number * plan.plane_step
    one.to = one.plane
    if plan.store:
        one.to = task.scratch + plan.made_at + task.open * plan.made_plane
        one.to -= task.height.lo * height.s * height.output_step
    task.open += 1


def opened(plan, task, number):
    """Return one of the planes that are listed."""
    return Open(task.lists + plan.opens_at + number * Open.SIZE)


def store_planes(plan, task):
    """Store the planes of outputs that are complete, if they were made in scratch."""
    height = plan.height
    first = task.height.lo * height.s
    rows = min(task.height.hi * height.s, height.o) - first
    for e in range(task.open):
        one = opened(plan, task, e)
        if plan.store and one.ends:
            task.made = one.to + first * height.output_step
            call(plan.store, plan, task, one.plane + first * plan.row_step, rows * plan.width.o)
