"""How an output is cut: units, which are files; bricks, computed in one call; and their order.

A box of a grid is a tuple of slices, of units or of bricks. Boxes lie in boxes: all bricks of a
block are walked before those of the next, so that what a block reads may be kept until it ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..._geometry.kept import cached_property
from ..._run.blocks.work import Region

__all__ = ["Box", "Grid", "Index", "is_in_part", "pieces"]

Index = tuple[int, ...]
Box = tuple[slice, ...]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """An output as units and as bricks of them.

    Attributes
    ----------
    shape : tuple of int
        The output.
    unit : tuple of int
        What one file holds.
    brick : tuple of int
        Units of a brick.
    nest : tuple of tuple of int
        Bricks of the boxes that lie inside each other, the largest first. The first are the blocks.
    order : tuple of int
        The axes; along the last one bricks follow each other.
    """

    shape: Index
    unit: Index
    brick: Index
    nest: tuple[Index, ...]
    order: Index

    @cached_property
    def units(self) -> Index:
        """How many units there are along each axis."""
        return tuple(-(-n // size) for n, size in zip(self.shape, self.unit, strict=True))

    @cached_property
    def bricks(self) -> Index:
        """How many bricks there are along each axis."""
        return tuple(-(-n // size) for n, size in zip(self.units, self.brick, strict=True))

    @cached_property
    def _levels(self) -> tuple[Index, ...]:
        return (*self.nest, (1,) * len(self.shape))

    def key(self, brick: Index) -> Index:
        """Return what bricks are walked in the order of.

        Of two bricks, of which one lies behind along no axis, that one is walked first.
        """
        return tuple(brick[a] // size[a] for size in self._levels for a in self.order)

    def walk(self, within: Box | None = None) -> Iterator[Index]:
        """Yield the bricks in order, all or those of a box."""
        box = within or tuple(slice(0, n) for n in self.bricks)
        yield from self._walk(box, 0)

    def _walk(self, box: Box, depth: int) -> Iterator[Index]:
        """Yield the bricks of a box, by the boxes inside it of a depth."""
        size = self._levels[depth]
        order = [(box[a].start // size[a], -(-box[a].stop // size[a])) for a in self.order]
        for found in product(*(range(*ends) for ends in order)):
            place = [0] * len(found)
            for a, number in zip(self.order, found, strict=True):
                place[a] = number
            if depth == len(self.nest):
                yield tuple(place)
            else:
                yield from self._walk(_clipped(place, size, box), depth + 1)

    def units_of(self, brick: Index) -> Box:
        """Return the units of a brick."""
        return tuple(
            slice(b * size, min(b * size + size, n))
            for b, size, n in zip(brick, self.brick, self.units, strict=True)
        )

    def region(self, units: Box) -> Region:
        """Return the outputs of a box of units."""
        return tuple(
            slice(u.start * size, min(u.stop * size, n))
            for u, size, n in zip(units, self.unit, self.shape, strict=True)
        )


def _clipped(place: list[int], size: Index, box: Box) -> Box:
    """Return the box of a size at a place of its own grid, within another."""
    return tuple(
        slice(max(p * s, b.start), min(p * s + s, b.stop))
        for p, s, b in zip(place, size, box, strict=True)
    )


def pieces(wanted: Mask, box: Box) -> Iterator[Box]:
    """Yield boxes of the units that are wanted in a box: one if they are a box, else each.

    >>> mask = np.array([[True, True, False], [True, True, False]])
    >>> list(pieces(mask, (slice(0, 2), slice(0, 3))))
    [(slice(0, 2, None), slice(0, 2, None))]
    """
    found = np.argwhere(wanted[box])
    if not len(found):
        return
    low, high = found.min(axis=0).tolist(), (found.max(axis=0) + 1).tolist()
    if prod(h - n for n, h in zip(low, high, strict=True)) == len(found):
        yield _moved(box, low, high)
        return
    for unit in found.tolist():
        yield _moved(box, unit, [n + 1 for n in unit])


def _moved(box: Box, low: list[int], high: list[int]) -> Box:
    """Return the box from .. to, both counted from where another one begins."""
    return tuple(slice(b.start + n, b.start + h) for b, n, h in zip(box, low, high, strict=True))


def is_in_part(units: Index, cube: Index, order: Index, part: tuple[int, int]) -> Mask:
    """Return which units are those of part i of n: a run of cubes that follow each other.

    Nothing that a process chooses for itself, as bricks by its memory, decides it.

    >>> is_in_part((4, 1), (1, 1), (0, 1), (2, 2)).tolist()
    [[False], [False], [True], [True]]
    """
    number, count = part
    cubes = tuple(-(-n // size) for n, size in zip(units, cube, strict=True))
    total = prod(cubes)
    ordered = np.zeros(total, np.bool_)
    ordered[total * (number - 1) // count : total * number // count] = True
    mine = ordered.reshape([cubes[a] for a in order]).transpose(np.argsort(order))
    for axis, size in enumerate(cube):
        mine = mine.repeat(size, axis)
    return np.ascontiguousarray(mine[tuple(slice(n) for n in units)])
