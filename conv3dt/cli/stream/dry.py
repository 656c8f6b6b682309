"""What a stream would do: bricks, chunks, bytes, memory, and the time that it would take."""

import tempfile
import time
from math import prod
from pathlib import Path

from ..grid import Triple
from ..terminal import extents, say, span
from . import beginning, state
from .creating import create
from .job import Job, open_job
from .layout import Layout
from .memory import Plan
from .run import Request, planned
from .sinks import Sink, open_sink
from .sizes import printed
from .todo import missing
from .walk import Stream, walk_one

__all__ = ["show"]


def show(request: Request) -> None:
    """Tell what would be done; the time is that of one brick, which is computed aside."""
    job, options, place = open_job(request.job), request.options, request.place
    begun = options.resume and place.is_begun
    found = beginning.layout_of(job, options, state.read(place.folder)["cut"] if begun else {})
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / "aside.zarr"
        create(aside, job.like, job.work, *_triples(job, found), found.levels)
        sink = open_sink(aside)
        plan = planned(request, job, sink)
        left = int(missing(open_sink(place.inside)).sum()) if begun else prod(plan.grid.units)
        for line in _lines(request, job, found, plan, left):
            say(line)
        if left:
            voxels = min(left * prod(sink.unit), prod(found.shape))
            seconds = voxels / plan.at_once * _seconds_of_a_voxel(job, plan, sink)
            say(f"time: about {span(seconds)}, told by one brick")


def _lines(request: Request, job: Job, found: Layout, plan: Plan, left: int) -> tuple[str, ...]:
    """Return what is told of a plan."""
    unit, itemsize = plan.grid.unit, found.dtype.itemsize
    kind = "shards" if found.pieces.shards else "chunks"
    held = prod(job.source.shape) * job.source.dtype.itemsize
    return (
        f"{request.place.out}: {extents(found.shape)} {found.dtype},"
        f" {_bytes(found.shape, itemsize)}",
        f"{kind}: {prod(plan.grid.units)} of {extents(unit)}, {_bytes(unit, itemsize)};"
        f" {left} to compute",
        f"bricks: {prod(plan.grid.bricks)} of {extents(_brick(plan))}, {plan.at_once} at a time",
        f"input: {extents(job.source.shape)} {job.source.dtype}, {printed(held)}, read"
        f" {plan.reads:.2f} times",
        f"memory: {printed(plan.memory)} of {printed(request.options.memory)}",
    )


def _bytes(shape: tuple[int, ...], itemsize: int) -> str:
    """Return the bytes of an array as they are printed."""
    return printed(prod(shape) * itemsize)


def _brick(plan: Plan) -> tuple[int, ...]:
    """Return the extents of a brick."""
    grid = plan.grid
    return tuple(
        min(n, unit * size) for n, unit, size in zip(grid.shape, grid.unit, grid.brick, strict=True)
    )


def _seconds_of_a_voxel(job: Job, plan: Plan, sink: Sink) -> float:
    """Return the time that a brick in the middle takes the second time, over its voxels."""
    grid = plan.grid
    middle = tuple(n // 2 for n in grid.bricks)
    stream = Stream(job.work, job.source, sink, plan, job.space)
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        walk_one(stream, middle)
        best = min(best, time.perf_counter() - start)
    region = grid.region(grid.units_of(middle))
    voxels: int = prod(int(r.stop - r.start) for r in region)
    return best / voxels


def _triples(job: Job, found: Layout) -> tuple[Triple, Triple | None]:
    """Return chunks and shards along the axes of space."""
    a, b, c = job.space
    chunks, shards = found.pieces
    return (chunks[a], chunks[b], chunks[c]), (
        None if shards is None else (shards[a], shards[b], shards[c])
    )
