"""What a stream would do: bricks, chunks, bytes, memory, and the time that it would take."""

import tempfile
import time
from math import prod
from pathlib import Path

from ..._runtime import team
from ..terminal import extents, say, span
from . import layout, state
from .creating import create
from .job import Job, open_job
from .memory import Plan
from .run import Request, planned
from .sinks import open_sink
from .sizes import printed
from .todo import missing
from .walk import Stream, walk_one

__all__ = ["show"]


def show(request: Request) -> None:
    """Tell what would be done; the time is that of one brick, which is computed aside."""
    job, options = open_job(request.job), request.options
    cut = {"chunks": options.chunks, "shards": options.shards, "levels": options.levels or 0}
    if options.resume and state.folder_of(request.out).exists():
        cut = state.read(state.folder_of(request.out))["cut"]
    found = layout.planned(job.like, job.work, **cut)
    unit = found.pieces.shards or found.pieces.chunks
    plan = planned(request, job, unit, found.levels)
    total = left = prod(plan.grid.units)
    if options.resume and state.folder_of(request.out).exists():
        left = int(missing(open_sink(state.inside(request.out))).sum())
    source, itemsize = job.source, found.dtype.itemsize
    size, brick = prod(found.shape) * itemsize, prod(plan.grid.brick)
    say(f"{request.out}: {extents(found.shape)} {found.dtype}, {printed(size)}")
    kind = "shards" if found.pieces.shards else "chunks"
    say(f"{kind}: {total} of {extents(unit)}, {printed(prod(unit) * itemsize)}; {left} to compute")
    say(f"bricks: {prod(plan.grid.bricks)} of {brick} {kind}, {plan.at_once} at a time")
    held = prod(source.shape) * source.dtype.itemsize
    say(
        f"input: {extents(source.shape)} {source.dtype}, {printed(held)}, read {plan.reads:.2f} times"
    )
    say(f"memory: {printed(plan.memory)} of {printed(options.memory)}")
    if left:
        seconds = _seconds_of_a_brick(request, job, plan, cut)
        share = min(plan.at_once, team.default())
        say(f"time: about {span(seconds * left / brick / share)}, by one brick without the disk")


def _seconds_of_a_brick(request: Request, job: Job, plan: Plan, cut: dict[str, object]) -> float:
    """Return the time that reading, computing and writing a brick takes, the second time."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "aside.zarr"
        create(place, job.like, job.work, **cut, name="aside")  # type: ignore[arg-type]
        stream = Stream(job.work, job.source, open_sink(place), plan, job.space)
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            walk_one(stream)
            best = min(best, time.perf_counter() - start)
    return best
