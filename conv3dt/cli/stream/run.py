"""A stream from beginning to end: begun or joined, computed by whom it is for, put in place."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import prod
from typing import Any, NamedTuple

import conv3dt

from ..._runtime import team
from .. import outputs, signals
from ..formats import zarr_threads
from ..terminal import progress, tell
from . import beginning, cluster, state, verifying
from .job import Job, open_job
from .memory import Plan, Wanted, plan
from .options import Options
from .sinks import Sink, open_sink, unresumable
from .state import Place
from .todo import Todo, count_missing, cube_of, todo
from .walk import Stream, walk

__all__ = ["Finishing", "Outcome", "Request", "planned", "run"]

Finishing = Callable[[Job, Sink], AbstractContextManager[object]]


class Request(NamedTuple):
    """What is asked for."""

    place: Place
    job: dict[str, Any]  # what opens the job
    options: Options
    force: bool
    threads: int | None
    label: str  # of the progress


class Outcome(NamedTuple):
    """What has become of it, in chunks."""

    computed: int
    left: int  # of other parts
    total: int


def run(request: Request, finishing: Finishing) -> Outcome:
    """Compute what is missing of an output, and put it in place if that is all of it.

    The block of `finishing` is entered once all is done and left when the output is in place.
    """
    options, place = request.options, request.place
    _check_resumable(options)
    state.recover(place)
    job = open_job(request.job)
    if beginning.is_complete(place, job, options, request.force):
        state.forget(place)
        return Outcome(0, 0, count_missing(open_sink(place.out)).total)
    fields = beginning.begin(place, job, request.job, options, request.force)
    sink = open_sink(place.inside)
    with _keeping(request, sink), outputs.telling(place.out, place.folder):
        if options.part is None:
            sink.sweep_all()
        if options.verify:
            verifying.verify(sink, request.threads or team.default())
        computed = _compute(request, job, sink, fields)
        left = count_missing(sink)
        if left.missing == 0:
            _finish(request, job, sink, finishing)
        elif not place.is_begun and place.out.exists():  # another part was the last
            left = left._replace(missing=0)
    return Outcome(computed, left.missing, left.total)


def _check_resumable(options: Options) -> None:
    """Raise if files do not tell whether they are whole, and that is what is to be looked at."""
    reason = unresumable() if options.resume or options.part else ""
    if reason:
        raise ValueError(f"--resume and --part need chunks that appear by renaming; {reason}")


@contextmanager
def _keeping(request: Request, sink: Sink) -> Iterator[None]:
    """When the block fails, keep what is done and tell how to go on; remove what holds nothing."""
    try:
        with zarr_threads.settled():
            yield
    except BaseException as error:
        with signals.held():
            found = count_missing(sink)
            done = found.total - found.missing
            alone = request.options.part is None
            if alone and (not done or unresumable()):
                state.remove(request.place)
            else:
                if alone:
                    sink.sweep_all()
                vars(error)["rest"] = f"{done} of {found.total} chunks are done: --resume goes on"
        raise


def planned(request: Request, job: Job, sink: Sink) -> Plan:
    """Return how the output is cut and walked."""
    options, threads = request.options, request.threads or team.default()
    cube = cube_of(sink.unit, job.space, sink.levels)
    wanted = Wanted(sink.unit, cube, options.memory, threads, options.strict, sink.copies)
    levels = (sink.levels + 1) * prod(sink.unit) * sink.dtype.itemsize if sink.levels else 0
    return plan(job.work, job.source, wanted, levels)


def _compute(request: Request, job: Job, sink: Sink, fields: dict[str, Any]) -> int:
    """Compute what is missing of this part; return how many chunks that were."""
    options = request.options
    tasks = todo(sink, job.space, job.source.order, options.part or (1, 1))
    total = int(tasks.missing.sum())
    if not tasks.wanted.any():
        return 0
    if total < tasks.missing.size:
        tell(f"conv3dt: {request.label}: {total} of {tasks.missing.size} chunks to compute")
    cut = planned(request, job, sink)
    stream = Stream(job.work, job.source, sink, cut, job.space)
    with progress(request.label, total, options.progress) as advance:
        if options.scheduler or options.scheduler_file:
            _compute_elsewhere(request, stream, fields, advance)
        else:
            _compute_here(stream, tasks, advance)
    return total


def _compute_here(stream: Stream, tasks: Todo, advance: Callable[..., None]) -> None:
    """Compute with the threads of this process."""
    grid = stream.plan.grid
    brick = prod(grid.unit) * prod(grid.brick) * stream.work.dtype.itemsize
    before = conv3dt.set_recycling(stream.plan.at_once * brick)  # planned anyway, and no more
    try:
        walk(stream, tasks, advance)
    finally:
        conv3dt.set_recycling(before)


def _compute_elsewhere(
    request: Request, stream: Stream, fields: dict[str, Any], advance: Callable[..., None]
) -> None:
    """Let the workers of a scheduler compute."""
    options = request.options
    client = cluster.connect(options.scheduler, options.scheduler_file)
    with client:
        workers = client.nthreads()
        each = max(workers.values())
        there = request.place.inside.resolve()
        job = beginning.absolute(request.job)
        text = cluster.described(job, there, stream.plan, fields, each)
        tasks = cluster.boxes(stream.plan.grid, sum(workers.values()))
        cluster.run(client, text, tasks, advance)


def _finish(request: Request, job: Job, sink: Sink, finishing: Finishing) -> None:
    """Put a complete output in place, unless the input turns out to be damaged."""
    try:
        job.source.finish()
    except ValueError:
        state.remove(request.place)  # it is made of what is damaged
        raise
    sink.sweep_all()
    with finishing(job, sink):
        signals.check()
        state.publish(request.place, request.force)
