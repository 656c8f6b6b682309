"""What a task may take of the process it runs in: its threads, and memory that is kept."""

import multiprocessing
import sys
import threading
from contextlib import suppress
from typing import Any

from .._runtime import recycle, team

__all__ = ["keep_little", "share"]

_most = 0  # bytes of the largest chunk that a worker has computed
_at_first: int | None = None  # the limit of kept memory before it was lowered


def share(wanted: int | None) -> int:
    """Return how many threads a task may use, so that all tasks at a time use no more than all.

    Tasks of a distributed worker share what it has by its slots. Those of other schedulers are one
    for each processor, but for the synchronous one, which runs a task after the other on the
    thread that asked for the result.
    """
    if wanted is not None:
        return min(wanted, team.available())
    worker = _worker()
    if worker is not None:
        return max(1, team.available() // max(1, _slots(worker)))
    alone = threading.current_thread() is threading.main_thread()
    # dask's processes run their tasks on their main threads
    return team.default() if alone and multiprocessing.parent_process() is None else 1


def _worker() -> Any:
    """Return the distributed worker that runs this task, or None."""
    module = sys.modules.get("distributed.worker")
    if module is not None:
        with suppress(ValueError, AttributeError):  # not in a worker
            return module.get_worker()
    return None


def _slots(worker: Any) -> int:
    """Return how many tasks the workers of this process run at a time; usually it is one."""
    everyone = {worker, *getattr(type(worker), "_instances", ())}
    counts = [w.state.nthreads for w in everyone if w is worker or w.status.name == "running"]
    return int(sum(counts))


def keep_little(largest: int) -> None:
    """Let a worker keep no more memory than two chunks: dask counts it as unmanaged, and pauses.

    A worker without a nanny may live in somebody's own process, which is left alone.
    """
    global _most, _at_first
    if largest <= _most or getattr(_worker(), "nanny", None) is None:
        return
    _most = largest
    before = recycle.set_limit(2 * largest)
    _at_first = before if _at_first is None else _at_first
    if 2 * largest > _at_first:
        recycle.set_limit(_at_first)
