"""Lines that filters of some output channels are turned into, by how they lie in memory."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from ..._geometry.tuning import TUNING

__all__ = ["CI", "CO", "Box", "Order", "Runs", "runs_of", "step_of", "worthwhile"]

Order = tuple[int, ...]  # axes of filters, the one whose steps are the longest first
Box = tuple[tuple[int, int], ...]  # of filters along each axis, from .. to
CO, CI = 3, 4  # and what they are: depth, height and width of the kernel, output and input channels


class Runs(NamedTuple):
    """Numbers in memory that follow each other: each number of a run begins another line.

    All in numbers; `.._co` for each output channel that is turned.
    """

    first: int  # numbers before the first run
    runs: int
    runs_co: int
    run_step: int  # in memory
    run_lines: int  # from the lines of one run to those of the next
    run: int
    run_co: int
    lines: tuple[int, ...]  # from one line to that of the next number along each axis
    before: int  # lines that a kernel's first filters would have before the first one
    n_lines: int  # all together


def worthwhile(
    shape: tuple[int, ...], box: Box, order: Order, near: int, channels: int
) -> Runs | None:
    """Return the runs of a box of filters, or of all of them where that takes less time."""
    whole = runs_of(shape, tuple((0, n) for n in shape), order, near, channels)
    some = runs_of(shape, box, order, near, channels)
    if whole is None or some is None:
        return whole or some
    long = some.run + some.run_co * channels >= TUNING.turned_run
    return some if long or TUNING.turned_dearer * some.n_lines <= whole.n_lines else whole


def runs_of(
    shape: tuple[int, ...], box: Box, order: Order, near: int, channels: int
) -> Runs | None:
    """Return the runs of a box of filters whose numbers along the axis `near` become a line.

    `channels` of the output are turned at a time. None where filters lie in no such runs.
    """
    counts = [end - begin for begin, end in box]
    extents = [channels if axis == CO else counts[axis] for axis in range(5)]
    steps = {axis: step_of(shape, order, axis) for axis in order}
    others = [axis for axis in order if axis != near]
    inner = _inner(counts, steps, others)
    outer = [a for a in others if a not in inner and (a == CO or counts[a] > 1)]
    step = steps[outer[-1]] if outer else 0
    if (CO in outer and len(outer) > 1) or any(
        steps[axis] != step * prod(counts[a] for a in outer[n + 1 :])
        for n, axis in enumerate(outer)
    ):
        return None
    lines = {a: prod(extents[b] for b in others[n + 1 :]) for n, a in enumerate(others)}
    return Runs(
        sum(begin * steps[axis] for axis, (begin, _) in enumerate(box)),
        *_counted(counts, outer), step, prod(extents[axis] for axis in inner),
        *_counted(counts, inner), tuple(lines.get(axis, 0) for axis in range(5)),
        sum(begin * lines.get(axis, 0) for axis, (begin, _) in enumerate(box)),
        prod(extents[axis] for axis in others),
    )  # fmt: skip


def step_of(shape: tuple[int, ...], order: Order, axis: int) -> int:
    """Return the numbers in memory from one along an axis to the next."""
    return prod(shape[a] for a in order[order.index(axis) + 1 :])


def _inner(counts: list[int], steps: dict[int, int], others: list[int]) -> list[int]:
    """Return the last axes, which are one run; some output channels are the first of theirs."""
    inner: list[int] = []
    for axis in reversed(others):
        joins = steps[axis] == prod(counts[a] for a in inner)
        if CO in inner or not (joins or (counts[axis] == 1 and axis != CO)):
            break
        inner.insert(0, axis)
    return inner


def _counted(counts: list[int], axes: list[int]) -> tuple[int, int]:
    """Return how many numbers axes have together: as such, and for each output channel."""
    count = prod(counts[axis] for axis in axes if axis != CO)
    return (0, count) if CO in axes else (count, 0)
