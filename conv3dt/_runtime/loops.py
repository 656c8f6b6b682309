"""Parallel loops of Numba, and whether a call comes out of one: then it takes one thread.

Numba's cached files have the names `alone` and `is_foreign`, and those of the functions that users
call: all of them must stay where they are.
"""

import ctypes
import sys
import threading
from collections.abc import Callable

__all__ = ["alone", "is_foreign"]

# What tells whether a thread is inside a loop, once Numba has started its threads.
_inside: Callable[[], int | bool] | None = None


def alone() -> int | None:
    """Return how many threads a call takes that does not say: one in a loop, else None."""
    inside = _inside or _found()
    return 1 if inside and inside() else None


def is_foreign() -> bool:
    """Return whether somebody else than Python has started this thread."""
    return isinstance(threading.current_thread(), threading._DummyThread)


def _found() -> Callable[[], int | bool] | None:
    """Return what tells, if there is something to tell; the layer of a process never changes.

    With workqueue a loop runs on threads of Numba alone. With TBB it runs on the caller's as well,
    but a loop inside of it shares the same threads. So does one with OpenMP, unless another thread
    of Python starts it, as one does for calls that take long.
    """
    global _inside
    parallel = sys.modules.get("numba.np.ufunc.parallel")
    if parallel is None or not parallel._is_initialized:
        return None
    _inside = is_foreign
    if parallel.threading_layer() == "omp":
        # It is found in what the layer is linked with, but for Windows. With the GIL: .1 us.
        layer = ctypes.PyDLL(sys.modules["numba.np.ufunc.omppool"].__file__)
        _inside = getattr(layer, "omp_in_parallel", is_foreign)
    return _inside
