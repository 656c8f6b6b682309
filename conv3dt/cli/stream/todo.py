"""What is still to be done: a unit is done when its file is there."""

import os
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..grid import Triple
from .bricks import Box, Index, is_in_part
from .sinks import Sink

__all__ = ["Count", "Todo", "count_missing", "cube_of", "missing", "todo"]

Mask = NDArray[np.bool_]


class Todo(NamedTuple):
    """Units of the finest level, as masks."""

    missing: Mask  # to be computed
    again: Mask  # done, and to be read because units of coarser levels are missing

    @property
    def wanted(self) -> Mask:
        """Units of which something is to be done."""
        found: Mask = self.missing | self.again
        return found


def missing(sink: Sink, level: int = 0, within: Box | None = None) -> Mask:
    """Return which units of a level have no file; of those outside a box, none."""
    units = sink.units(level)
    box = within or tuple(slice(0, n) for n in units)
    found = np.zeros(units, np.bool_)
    for unit in product(*(range(b.start, b.stop) for b in box)):
        found[unit] = not os.path.exists(sink.file_of(unit, level))  # noqa: PTH110 - there are many
    return found


def todo(
    sink: Sink,
    space: Triple,
    order: Index,
    part: tuple[int, int] = (1, 1),
    within: Box | None = None,
) -> Todo:
    """Return what part i of n has to do, or what of it lies in a box of units."""
    gone = missing(sink, 0, within)
    mine = is_in_part(gone.shape, cube_of(sink.unit, space, sink.levels), order, part)
    needed = np.zeros_like(gone)
    for level in range(1, sink.levels + 1):
        scale = [2**level if axis in space else 1 for axis in range(gone.ndim)]
        coarse = missing(sink, level, within and _coarser(within, scale))
        for axis, size in enumerate(scale):
            coarse = coarse.repeat(size, axis)
        needed |= coarse[tuple(map(slice, gone.shape))]
    return Todo(gone & mine, ~gone & needed & mine)


def cube_of(unit: Index, space: Triple, levels: int) -> Index:
    """Return how many units make one of the coarsest level, along each axis."""
    return tuple(2**levels if axis in space else 1 for axis in range(len(unit)))


class Count(NamedTuple):
    """How many units there are to be, and how many of them are not."""

    missing: int
    total: int


def count_missing(sink: Sink) -> Count:
    """Return how many units of all levels are missing."""
    masks = [missing(sink, level) for level in range(sink.levels + 1)]
    return Count(sum(int(m.sum()) for m in masks), sum(m.size for m in masks))


def _coarser(box: Box, scale: list[int]) -> Box:
    """Return the units of a coarser level over a box."""
    return tuple(slice(b.start // s, -(-b.stop // s)) for b, s in zip(box, scale, strict=True))
