"""Locks that are open in a forked child, whichever of its parent's threads held them."""

import os
from threading import RLock
from weakref import WeakSet

__all__ = ["Lock"]


class Lock:
    """A lock as a context, which the thread that holds it may enter again."""

    def __init__(self) -> None:
        self._lock = RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def open(self) -> None:
        """Open it, unless this thread holds it: no other one is left."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = RLock()


_all: WeakSet[Lock] = WeakSet()


def _open_all() -> None:
    for lock in _all:
        lock.open()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
