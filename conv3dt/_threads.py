"""How many threads there are, and starting work on them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["available", "launching", "layer"]

_workqueue = threading.Lock()


@lru_cache(maxsize=1)
def available() -> int:
    """Return the most threads a call may use: those Numba was given, or this process's cores."""
    named = os.environ.get("NUMBA_NUM_THREADS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def layer() -> str:
    """Return the name of Numba's threading layer, loading it if that is still to be done."""
    from numba.np.ufunc import parallel  # noqa: TID251

    parallel._launch_threads()
    return str(parallel.threading_layer())


@contextmanager
def launching(threads: int) -> Iterator[None]:
    """Let this Python thread start a parallel region of `threads` threads, and restore its count.

    The workqueue layer ends the process when two Python threads start work at once: one waits.
    """
    from numba.np.ufunc import parallel  # noqa: TID251

    before = parallel.get_num_threads()
    parallel.set_num_threads(min(threads, before))
    lock = _workqueue if _is_workqueue() else None
    try:
        if lock:
            with lock:
                yield
        else:
            yield
    finally:
        parallel.set_num_threads(before)


@lru_cache(maxsize=1)
def _is_workqueue() -> bool:
    return layer() == "workqueue"
