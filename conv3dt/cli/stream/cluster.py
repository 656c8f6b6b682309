"""A stream on the workers of a dask scheduler: tasks that say nothing but which bricks.

Few are on their way at a time, and each result is forgotten at once: the scheduler's memory does
not grow with the volume, and when a worker dies, only its few tasks are done again by others.
What was done of them stays: a chunk whose file is there is not computed again.
"""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from ..._runtime import team
from . import state
from .bricks import Box, Grid, Index
from .job import asked, open_job
from .memory import Plan
from .sinks import open_sink
from .todo import todo
from .walk import Stream, walk

__all__ = ["boxes", "compute", "described", "run"]

AHEAD = 3  # tasks for each thread of the workers
TASKS = 8  # for each thread at least, if there are as many bricks
RETRIES = 3  # of a task that failed, or whose worker died


def described(
    options: dict[str, Any], folder: Path, plan: Plan, fields: dict[str, Any], threads: int
) -> str:
    """Return all that a worker must know: how to open the job, and how the output is cut."""
    grid = plan.grid
    return json.dumps(
        {
            "job": options,
            "folder": str(folder.resolve()),
            "grid": [grid.shape, grid.unit, grid.brick, grid.nest, grid.order],
            "cache": plan.cache // threads,
            "asked": fields,
        }
    )


def boxes(grid: Grid, threads: int) -> Iterator[Box]:
    """Yield boxes of bricks, one a task: as large as leaves enough for all threads."""
    inner = grid.nest[1] if len(grid.nest) > 1 else (1,) * len(grid.bricks)
    size = [min(b, n) for b, n in zip(grid.nest[0], grid.bricks, strict=True)]
    while _count(grid.bricks, size) < TASKS * threads:
        axes = [a for a, n in enumerate(size) if n > inner[a]]
        if not axes:
            break
        longest = max(axes, key=lambda a: size[a] * grid.brick[a] * grid.unit[a])
        size[longest] = -(-size[longest] // (2 * inner[longest])) * inner[longest]
    spans = [range(0, grid.bricks[a], size[a]) for a in grid.order]
    for corner in product(*spans):
        start = dict(zip(grid.order, corner, strict=True))
        yield tuple(slice(start[a], min(start[a] + size[a], n)) for a, n in enumerate(grid.bricks))


def _count(bricks: Index, size: list[int]) -> int:
    """Return how many boxes of a size there are."""
    found = 1
    for n, s in zip(bricks, size, strict=True):
        found *= -(-n // s)
    return found


def compute(text: str, ends: list[tuple[int, int]]) -> int:
    """Compute what is missing in a box of bricks; return how many chunks were written."""
    stream, order = _opened(text)
    box = tuple(slice(*pair) for pair in ends)
    grid, written = stream.plan.grid, [0]
    units = tuple(
        slice(b.start * size, min(b.stop * size, n))
        for b, size, n in zip(box, grid.brick, grid.units, strict=True)
    )

    def told(count: int) -> None:
        written[0] += count

    walk(stream, todo(stream.sink, stream.space, order, within=units), told, box)
    return written[0]


@lru_cache(maxsize=2)
def _opened(text: str) -> tuple[Stream, Index]:
    """Open a job in a worker, which must be of the same kind as the process that asks."""
    told = json.loads(text)
    job, folder = open_job(told["job"]), Path(told["folder"])
    state.compare(folder, told["asked"], asked(job, told["asked"]["output"]))
    shape, unit, brick, nest, order = told["grid"]
    grid = Grid(tuple(shape), tuple(unit), tuple(brick), tuple(map(tuple, nest)), tuple(order))
    plan = Plan(grid, 1, _threads(), told["cache"], 0, 0.0)
    return Stream(job.work, job.source, open_sink(folder), plan, job.space), job.source.order


def _threads() -> int:
    """Return the threads of a task: its share of the worker's processors."""
    worker = import_module("distributed").get_worker()
    return max(1, team.default() // int(worker.state.nthreads))


def run(client: Any, text: str, tasks: Iterator[Box], told: Callable[[int], object]) -> None:
    """Let a client's workers compute boxes of bricks; ever so few are on their way."""
    distributed: Any = import_module("distributed")
    threads = sum(client.nthreads().values())
    pending = distributed.as_completed([])

    def submit() -> bool:
        box = next(tasks, None)
        if box is not None:
            ends = [(b.start, b.stop) for b in box]
            pending.add(client.submit(compute, text, ends, pure=False, retries=RETRIES))
        return box is not None

    for _ in range(AHEAD * max(1, threads)):
        if not submit():
            break
    try:
        for future in pending:
            told(future.result())
            future.release()
            submit()
    except BaseException:
        client.cancel([*pending.futures])
        raise


def connect(address: str | None, file: Path | None) -> Any:
    """Return a client of a scheduler, which must have workers."""
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        message = "distributed is needed for --scheduler: pip install 'distributed'"
        raise ImportError(message) from error
    given = {"scheduler_file": str(file)} if address is None else {"address": address}
    client = distributed.Client(**given)
    if not client.nthreads():
        client.close()
        raise ValueError(f"a scheduler must have workers, got none at {address or file}")
    return client
