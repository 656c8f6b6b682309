"""Coarser levels of an image, as means of what is in memory."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import Triple
from .sinks import Sink
from .source import Place

__all__ = ["Pyramid", "halved"]


class Pyramid:
    """The coarser levels over a part of an image, each of whose units lies in one part.

    What is added goes into units of the next level that are in memory. A unit that is full is
    written, unless it is on disk already, and goes into the level above it. In the order of `walk`
    there is one unit of each level at a time. Threads may share it.

    Parameters
    ----------
    sink : Sink
        The image.
    space : (int, int, int)
        Its axes of space.
    """

    def __init__(self, sink: Sink, space: Triple) -> None:
        self._sink, self._space = sink, space
        self._open: dict[tuple[int, tuple[int, ...]], _Filling] = {}
        self._lock = threading.Lock()

    @property
    def is_complete(self) -> bool:
        """Whether nothing waits in memory for more."""
        return not self._open

    def add(self, region: Place, block: NDArray[Any]) -> None:
        """Take whole units of the finest level, each of them once."""
        for unit in self._sink.inside(region):
            place = self._sink.place(unit)
            inside = [
                slice(p.start - r.start, p.stop - r.start)
                for p, r in zip(place, region, strict=True)
            ]
            self._add(0, place, block[tuple(inside)])

    def _add(self, level: int, place: Place, block: NDArray[Any]) -> None:
        """Take a unit of a level, and write those above that are full with it."""
        if level == self._sink.levels:
            return
        coarse = halved(block, self._space)
        starts = [p.start // (1 + (axis in self._space)) for axis, p in enumerate(place)]
        unit = tuple(
            n // size for n, size in zip(starts, self._sink.extents(level + 1), strict=True)
        )
        key = (level + 1, unit)
        with self._lock:
            if key not in self._open:
                self._open[key] = _Filling(self._sink.place(unit, level + 1), coarse.dtype)
            filling = self._open[key]
        filling.take(starts, coarse)
        with self._lock:
            filling.missing -= coarse.size
            full = filling.missing == 0
            if full:
                del self._open[key]
        if full:
            if not self._sink.is_done(unit, level + 1):
                self._sink.write(filling.place, filling.block, level + 1)
            self._add(level + 1, filling.place, filling.block)


class _Filling:
    """A unit of which some is there."""

    def __init__(self, place: Place, dtype: np.dtype[Any]) -> None:
        self.place = place
        self.block = np.empty([p.stop - p.start for p in place], dtype)
        self.missing = self.block.size

    def take(self, starts: list[int], block: NDArray[Any]) -> None:
        """Put a block where it belongs, told by its place in the array."""
        triples = zip(starts, self.place, block.shape, strict=True)
        self.block[tuple(slice(s - p.start, s - p.start + n) for s, p, n in triples)] = block


def halved(block: NDArray[Any], space: Triple) -> NDArray[Any]:
    """Return the means of 2 x 2 x 2 voxels; of fewer at an end that is odd.

    >>> halved(np.array([[[1.0, 2, 5]]]), (0, 1, 2))
    array([[[1.5, 5. ]]])
    """
    found = block.astype(np.float32) if block.dtype.itemsize < 4 else block
    for axis in space:
        length = found.shape[axis]
        before = (slice(None),) * axis
        mean = found[(*before, slice(0, None, 2))] * found.dtype.type(0.5)
        pairs = mean[(*before, slice(0, length // 2))]
        pairs += found[(*before, slice(1, None, 2))] * found.dtype.type(0.5)
        if length % 2:
            mean[(*before, slice(-1, None))] = found[(*before, slice(-1, None))]
        found = mean
    return found.astype(block.dtype, copy=False)


def _every_third(number: int) -> int:
    """Return the number made of every third bit.

    >>> _every_third(0b1001001)
    7
    """
    found, bit = 0, 0
    while number:
        found |= (number & 1) << bit
        number, bit = number >> 3, bit + 1
    return found
