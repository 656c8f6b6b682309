"""Pieces of the input that have been read, kept until the last brick that needs them is done.

A piece is kept whole until the bricks it lies under are done; of it then only the rims stay that
bricks behind still need. So it is read once in a block, and no more is held than a layer.
"""

import heapq
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._run.blocks.work import Region, Work
from .bricks import Box, Grid, Index
from .reach import Axis, tables
from .source import Source

__all__ = ["WORTH", "Rolling"]

Array = NDArray[Any]
WORTH = 0.5  # of a piece: larger rims are not cut off
MANY = 125  # bricks that need a piece: more are not looked at one by one


@dataclass
class _Piece:
    """A piece, or what has been left of it: arrays, each with where it begins."""

    main: Index  # the keys of bricks: the last that needs all of it
    last: Index  # and the last that needs any of it
    tails: tuple[int | None, ...]  # along each axis, what bricks after `main` need begins here
    served: tuple[range, ...]  # the bricks along each axis
    size: int = 0
    parts: list[tuple[Index, Array]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Rolling:
    """The inputs of bricks that are walked in the order of a grid, within a box of it.

    Parameters
    ----------
    source : Source
        The input.
    work : Work
        What is computed.
    grid : Grid
        The output.
    capacity : int
        The most bytes to keep: what is needed last goes first.
    within : Box, optional
        The bricks that are walked; all of them by default.
    """

    def __init__(
        self, source: Source, work: Work, grid: Grid, capacity: int, within: Box | None = None
    ) -> None:
        self.reads = self.most = 0
        self._source, self._grid, self._capacity = source, grid, capacity
        self._within = within or tuple(slice(0, n) for n in grid.bricks)
        self._axes: tuple[Axis, ...] = tables(work, grid, source.chunks)
        self._order: Any = "F" if source.mirrored else "C"
        self._lock = threading.Lock()
        self._pieces: dict[Index, _Piece] = {}
        self._events: list[tuple[Index, Index]] = []
        self._at_work: set[Index] = set()
        self._reached: Index = ()
        self._bytes = 0

    def begin(self, brick: Index) -> None:
        """Note that a brick is worked on; bricks begin in the order of the grid."""
        with self._lock:
            self._reached = self._grid.key(brick)
            self._at_work.add(self._reached)

    def end(self, brick: Index) -> None:
        """Note that a brick is done; what nobody needs any more goes."""
        with self._lock:
            self._at_work.discard(self._grid.key(brick))
            front = min(self._at_work, default=(*self._reached, 0))  # just behind what was reached
            while self._events and self._events[0][0] < front:
                self._shed(*heapq.heappop(self._events))

    def read(self, brick: Index, need: Region) -> Array:
        """Return the inputs that a brick, or some of it, needs; they must not be written to."""
        shape = tuple(max(0, n.stop - n.start) for n in need)
        if 0 in shape:
            return np.empty(shape, self._source.dtype)
        if self._source.stored is None and not self._source.forward_only:
            return self._count(self._source.read(need))
        sizes = self._source.chunks
        spans = [range(n.start // c, -(-n.stop // c)) for n, c in zip(need, sizes, strict=True)]
        numbers = [*product(*spans)]
        if len(numbers) == 1:
            start, whole = self._piece(numbers[0], brick, need)
            return whole[_moved(need, start)]
        found = np.empty(shape, self._source.dtype, order=self._order)
        for number in numbers:
            part = self._overlap(need, number)
            start, array = self._piece(number, brick, part)
            found[_moved(part, [n.start for n in need])] = array[_moved(part, start)]
        return found

    def _count(self, array: Array) -> Array:
        """Count a reading."""
        self.reads += 1
        return array

    def _overlap(self, need: Region, number: Index) -> Region:
        """Return what is needed of a piece."""
        return tuple(
            slice(max(n.start, i * c), min(n.stop, i * c + c))
            for n, i, c in zip(need, number, self._source.chunks, strict=True)
        )

    def _piece(self, number: Index, brick: Index, part: Region) -> tuple[Index, Array]:
        """Return an array that has a part of a piece, and where it begins."""
        with self._lock:
            piece = self._pieces.get(number)
            if piece is None or not _holds(piece, part):
                piece = self._new(number, brick)
        with piece.lock:
            if not piece.parts:
                place = self._place(number)
                try:
                    array = self._source.read(place)
                except BaseException:
                    with self._lock:
                        self._remove(number)
                    raise
                piece.parts = [(tuple(p.start for p in place), array)]
                self._count(array)
            parts = piece.parts
        return next(found for found in parts if _has(found, part))

    def _place(self, number: Index) -> Region:
        """Return where a piece lies."""
        return tuple(
            slice(i * c, min(i * c + c, n))
            for i, c, n in zip(number, self._source.chunks, self._source.shape, strict=True)
        )

    def _new(self, number: Index, brick: Index) -> _Piece:
        """Return a piece that is to be read, and to be kept until its block ends."""
        self._remove(number)
        ends = [
            min((b // w + 1) * w, box.stop) - 1
            for b, w, box in zip(brick, self._grid.nest[0], self._within, strict=True)
        ]
        rows = [*zip(self._axes, number, ends, strict=True)]
        main = tuple(min(int(axis.main[i]), end) for axis, i, end in rows)
        last = tuple(min(int(axis.last[i]), end) for axis, i, end in rows)
        tails = tuple(
            int(axis.tail[i]) if till > own else None
            for (axis, i, _), own, till in zip(rows, main, last, strict=True)
        )
        size = prod(p.stop - p.start for p in self._place(number)) * self._source.dtype.itemsize
        key = self._grid.key
        served = tuple(
            range(int(axis.first[i]), till + 1)
            for (axis, i, _), till in zip(rows, last, strict=True)
        )
        piece = _Piece(max(key(main), key(brick)), max(key(last), key(brick)), tails, served, size)
        self._make_room(size)
        self._pieces[number] = piece
        self._bytes += size
        self.most = max(self.most, self._bytes)
        for event in {piece.main, piece.last}:
            heapq.heappush(self._events, (event, number))
        return piece

    def _make_room(self, size: int) -> None:
        """Let go what is needed last, while there is more than may be kept."""
        while self._pieces and self._bytes + size > self._capacity:
            front = min(self._at_work)
            ready = [n for n, piece in self._pieces.items() if piece.parts]
            if not ready:
                return
            self._remove(max(ready, key=lambda n: self._cheapness(self._pieces[n], front)))

    def _cheapness(self, piece: _Piece, front: Index) -> tuple[bool, Index]:
        """Return what is greatest of the piece to let go: whole, and needed last.

        Rims take little room, and their pieces would be read as a whole again.
        """
        return len(piece.parts) == 1, self._next_use(piece, front)

    def _next_use(self, piece: _Piece, front: Index) -> Index:
        """Return the key of the brick that needs a piece next; of about that one where many do."""
        if prod(map(len, piece.served)) > MANY:
            return piece.main if piece.main > front else piece.last
        keys = map(self._grid.key, product(*piece.served))
        return min((key for key in keys if key > front), default=())

    def _remove(self, number: Index) -> None:
        """Forget a piece."""
        with suppress(KeyError):
            self._bytes -= self._pieces.pop(number).size

    def _shed(self, event: Index, number: Index) -> None:
        """Let a piece go whose last brick is done, or all but its rims if only they are needed."""
        piece = self._pieces.get(number)
        if piece is None or not piece.parts:
            return
        if event >= piece.last:
            self._remove(number)
        elif event >= piece.main and len(piece.parts) == 1:
            start, array = piece.parts[0]
            cuts = [
                (axis, tail - start[axis])
                for axis, tail in enumerate(piece.tails)
                if tail is not None
            ]
            if sum(1 - n / array.shape[axis] for axis, n in cuts) <= WORTH:
                piece.parts = [_rim(start, array, axis, n) for axis, n in cuts]
                size = sum(part.nbytes for _, part in piece.parts)
                self._bytes += size - piece.size
                piece.size = size


def _rim(start: Index, array: Array, axis: int, cut: int) -> tuple[Index, Array]:
    """Return what lies behind a cut along an axis, in memory of its own."""
    place = tuple(slice(cut, None) if a == axis else slice(None) for a in range(array.ndim))
    return tuple(n + (cut if a == axis else 0) for a, n in enumerate(start)), array[place].copy("K")


def _holds(piece: _Piece, part: Region) -> bool:
    """Return whether a piece has a part, or will have once it is read."""
    parts = piece.parts
    return not parts or any(_has(found, part) for found in parts)


def _has(found: tuple[Index, Array], part: Region) -> bool:
    """Return whether an array has a part."""
    start, array = found
    return all(
        n <= p.start and p.stop <= n + length
        for n, p, length in zip(start, part, array.shape, strict=True)
    )


def _moved(region: Region, start: Any) -> Region:
    """Return a region as counted from a place."""
    return tuple(slice(r.start - n, r.stop - n) for r, n in zip(region, start, strict=True))
