"""A computation cut into chunks, once a process, and how a chunk of its result is made."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from itertools import accumulate, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_array
from .._run.blocks.work import Region, Work
from .._runtime.locks import Lock
from . import workers

__all__ = ["Job", "Reads", "clear", "compute_block", "compute_chunk", "reads"]

Chunks = tuple[tuple[int, ...], ...]  # the lengths of chunks along each axis, as dask has them
Reads = tuple[tuple[tuple[int, int], ...], ...]  # of each chunk along each axis: input chunks

_MOST_JOBS = 8  # kept by a process, with their packed filters
_jobs: OrderedDict[str, "Job"] = OrderedDict()
_lock = Lock()


class Job:
    """A work, and the chunks of its input and of its result.

    Where it arrives in a process that has it already, that one is used: its filters are packed once
    a process, though schedulers may send them with every task.
    """

    def __init__(
        self,
        token: str,
        function: str,
        work: Work,
        dtype: np.dtype[Any],
        cut: tuple[Chunks, Chunks],
        threads: int | None,
    ) -> None:
        self._given = token, function, work, dtype, cut, threads
        self._function, self._work, self._dtype, self._threads = function, work, dtype, threads
        inputs, outputs = cut
        self.outputs, self.dtype = outputs, work.dtype
        self._ends = [list(accumulate(lengths)) for lengths in inputs]
        self._lengths = inputs
        self._regions = [_ranges(lengths) for lengths in outputs]
        self._largest = prod(map(max, outputs)) * work.dtype.itemsize if all(outputs) else 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _once, self._given

    def __dask_tokenize__(self) -> str:
        return self._given[0]

    def compute(self, place: tuple[int, ...], blocks: tuple[Any, ...]) -> NDArray[Any]:
        """Return the chunk at a place from the input chunks that it reads."""
        workers.keep_little(self._largest)
        region = tuple(ranges[n] for ranges, n in zip(self._regions, place, strict=True))
        shape = tuple(r.stop - r.start for r in region)
        if 0 in shape:
            return np.empty(shape, self._work.dtype)
        piece = self._piece(self._work.needed(region), blocks)
        return self._work.compute(piece, region, workers.share(self._threads))

    def _piece(self, needed: Region, blocks: tuple[Any, ...]) -> NDArray[Any]:
        """Return the inputs that are needed: a view, if they lie in one chunk."""
        spans = [_reached(ends, r) for ends, r in zip(self._ends, needed, strict=True)]
        places = list(product(*(range(*span) for span in spans)))
        if len(places) == 1:
            return self._read(places[0], blocks[0])[self._cut(places[0], needed)[0]]
        piece = np.empty([r.stop - r.start for r in needed], self._dtype)
        for place, block in zip(places, blocks, strict=True):
            inside, at = self._cut(place, needed)
            piece[at] = self._read(place, block)[inside]
        return piece

    def _cut(self, place: tuple[int, ...], needed: Region) -> tuple[Region, Region]:
        """Return what is needed of a chunk: where it lies in the chunk, and where in the piece."""
        inside, at = [], []
        for ends, lengths, n, r in zip(self._ends, self._lengths, place, needed, strict=True):
            begin = ends[n] - lengths[n]
            low, high = max(begin, r.start), min(ends[n], r.stop)
            inside.append(slice(low - begin, high - begin))
            at.append(slice(low - r.start, high - r.start))
        return tuple(inside), tuple(at)

    def _read(self, place: tuple[int, ...], block: Any) -> NDArray[Any]:
        """Return a chunk as an array, which must be what was said of it."""
        array = as_array(self._function, "input", block)
        shape = tuple(lengths[n] for lengths, n in zip(self._lengths, place, strict=True))
        if array.shape != shape or array.dtype.name != self._dtype.name:
            raise ValueError(
                f"{self._function}: chunk {place} of input must have shape {shape} and dtype"
                f" {self._dtype}, as its dask array says; got {array.shape} and {array.dtype}."
            )
        return array


def compute_chunk(job: Job, place: tuple[int, ...], *blocks: Any) -> NDArray[Any]:
    """Return a chunk of the result: what a task does."""
    return job.compute(place, blocks)


def compute_block(job: Job, block: Any, block_id: tuple[int, ...]) -> NDArray[Any]:
    """Return a chunk of the result from the input chunk at the same place."""
    return job.compute(block_id, (block,))


def reads(work: Work, inputs: Chunks, outputs: Chunks) -> Reads:
    """Return which input chunks, from .. to, each output chunk reads along each axis.

    What is needed along one axis does not depend on the others, so that these tables say it all.
    """
    whole = tuple(slice(0, length) for length in work.output_shape)
    empty = 0 in work.output_shape

    def along(axis: int, at: slice) -> tuple[int, int]:
        if empty or at.start == at.stop:
            return 0, 0
        needed = work.needed((*whole[:axis], at, *whole[axis + 1 :]))
        return _reached(list(accumulate(inputs[axis])), needed[axis])

    return tuple(
        tuple(along(axis, at) for at in _ranges(lengths)) for axis, lengths in enumerate(outputs)
    )


def _ranges(lengths: tuple[int, ...]) -> list[slice]:
    """Return where chunks of these lengths begin and end."""
    ends = accumulate(lengths)
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _reached(ends: list[int], at: slice) -> tuple[int, int]:
    """Return the chunks, from .. to, in which a range lies: none if it is empty."""
    if at.start >= at.stop:
        return 0, 0
    return bisect_right(ends, at.start), bisect_left(ends, at.stop) + 1


def clear() -> None:
    """Forget the process's copies of jobs, with their packed filters."""
    with _lock:
        _jobs.clear()


def _once(token: str, *given: Any) -> Job:
    """Return the process's copy of a job."""
    with _lock:
        job = _jobs.get(token)
        if job is None:
            job = _jobs[token] = Job(token, *given)
        _jobs.move_to_end(token)
        while len(_jobs) > _MOST_JOBS:
            _jobs.popitem(last=False)
    return job
