"""Bricks are read, computed and written, several at a time; only what is missing is computed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._run.blocks.work import Region, Work
from .. import signals
from ..grid import Triple
from .bricks import Box, Index, pieces
from .cache import Rolling
from .memory import Plan
from .pyramid import Pyramid
from .sinks import Sink
from .source import Source
from .threads import give_back, share
from .todo import Todo

__all__ = ["Stream", "walk", "walk_one"]

Told = Callable[[int], object]  # how many chunks have been written
SMALL = 2**20  # bytes of units that are written several at a time: each call has its cost


class Stream(NamedTuple):
    """What is computed, from where to where, and how."""

    work: Work
    source: Source
    sink: Sink
    plan: Plan
    space: Triple


def walk(stream: Stream, todo: Todo, told: Told, within: Box | None = None) -> int:
    """Compute what is to be done, all or in a box of bricks; return how many pieces were read."""
    give_back()
    walker = _Walker(stream, todo, told, within)
    count = stream.plan.at_once if within is None else 1
    share(walker.bricks(), walker.begin, walker.work, count)
    return walker.reads


def walk_one(stream: Stream, brick: Index) -> None:
    """Compute one brick, to see how long it takes."""
    every = np.ones(stream.plan.grid.units, np.bool_)
    within = tuple(slice(n, n + 1) for n in brick)
    walk(stream, Todo(every, ~every), lambda _: None, within)


class _Walker:
    """A walk through the bricks of a grid."""

    def __init__(self, stream: Stream, todo: Todo, told: Told, within: Box | None) -> None:
        self._stream, self._todo, self._told, self._within = stream, todo, told, within
        plan = stream.plan
        self._inputs = Rolling(stream.source, stream.work, plan.grid, plan.cache, within)
        self._levels = Pyramid(stream.sink, stream.space)
        self._lock = threading.Lock()

    @property
    def reads(self) -> int:
        """How many pieces of the input have been read."""
        return self._inputs.reads

    def bricks(self) -> Iterator[Index]:
        """Yield the bricks of which something is to be done."""
        grid, wanted = self._stream.plan.grid, self._todo.wanted
        for brick in grid.walk(self._within):
            if wanted[grid.units_of(brick)].any():
                yield brick

    def begin(self, brick: Index) -> None:
        """Note that a brick comes next."""
        self._inputs.begin(brick)

    def work(self, brick: Index, check: Callable[[], None]) -> None:
        """Compute what is missing of a brick, and write it."""
        work, _, sink, plan, _ = self._stream
        units = plan.grid.units_of(brick)
        for box in pieces(self._todo.missing, units):
            region = plan.grid.region(box)
            result = work.compute(
                self._inputs.read(brick, work.needed(region)), region, plan.threads
            )
            self._write(box, region, result, check)
            if sink.levels:
                self._levels.add(region, result)
            del result
        for box in pieces(self._todo.again, units):
            region = plan.grid.region(box)
            self._levels.add(region, sink.read(region))
        self._inputs.end(brick)

    def _write(
        self, box: Box, region: Region, result: NDArray[Any], check: Callable[[], None]
    ) -> None:
        """Write a box of units; a unit is written whole whatever happens, or not at all."""
        grid, sink = self._stream.plan.grid, self._stream.sink
        alone = threading.current_thread() is threading.main_thread()
        for some in _portions(box, grid.unit, sink.dtype.itemsize):
            check()
            place = grid.region(some)
            block = result[_moved(place, region)]
            with signals.held() if alone else nullcontext():
                sink.write(place, block)
            with self._lock:
                self._told(int(np.prod([s.stop - s.start for s in some])))
        check()


def _portions(box: Box, unit: Index, itemsize: int) -> Iterator[Box]:
    """Yield boxes of units that are written by one call."""
    together = max(1, SMALL // (int(np.prod(unit)) * itemsize))
    sizes = [1] * len(box)
    for axis in reversed(range(len(box))):
        sizes[axis] = min(box[axis].stop - box[axis].start, together)
        together //= sizes[axis]
        if together <= 1:
            break
    starts = (range(b.start, b.stop, size) for b, size in zip(box, sizes, strict=True))
    for corner in product(*starts):
        yield tuple(
            slice(n, min(n + size, b.stop)) for n, size, b in zip(corner, sizes, box, strict=True)
        )


def _moved(place: Region, region: Region) -> Region:
    """Return a place as counted from where a region begins."""
    return tuple(
        slice(p.start - r.start, p.stop - r.start) for p, r in zip(place, region, strict=True)
    )
