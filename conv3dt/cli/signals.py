"""Signals that end a process: the work unwinds, as after an error, and cleans up behind itself."""

import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Ended", "check", "held", "name_of", "unwinding"]

# What is left of all that exist ends a process unless it is told otherwise. Faults are not among
# them: after one, nothing in Python can run.
OTHERS = {
    *("SIGKILL", "SIGSTOP", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCHLD", "SIGURG"),
    *("SIGWINCH", "SIGINFO", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"),
}
IGNORED_BY_PYTHON = {"SIGPIPE", "SIGXFSZ"}  # when it starts, so that writing fails instead

_noted: list[int] = []  # those that have come
_holds = 0  # blocks that must not be left half done


class Ended(BaseException):
    """A signal has come that ends the process."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def unwinding() -> Iterator[None]:
    """Let signals that end the process unwind the block as `Ended`, in the main thread.

    Signals that the process was told to ignore, as by nohup, or that somebody handles stay so.
    """
    before = {}
    _noted.clear()
    if threading.current_thread() is threading.main_thread():
        for number in filter(_ends, signal.valid_signals()):
            before[number] = signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Put signals off until the block is done; `check` raises for them later."""
    global _holds
    _holds += 1
    try:
        yield
    finally:
        _holds -= 1


def check() -> None:
    """Raise for a signal that was put off, or whose exception was lost in a destructor."""
    if _noted and not _holds:
        raise Ended(_noted[0])


def name_of(number: int) -> str:
    """Return what a signal is called.

    >>> name_of(15)
    'SIGTERM'
    """
    try:
        return signal.Signals(number).name
    except ValueError:  # those between SIGRTMIN and SIGRTMAX
        return f"signal {number}"


def _ends(number: int) -> bool:
    """Return whether a signal ends the process as things are."""
    name, handler = name_of(number), signal.getsignal(number)
    if name in IGNORED_BY_PYTHON:
        return handler in (signal.SIG_DFL, signal.SIG_IGN)
    ordinary = handler in (signal.SIG_DFL, signal.default_int_handler)
    return ordinary and name not in OTHERS


def _unwind(number: int, frame: FrameType | None) -> None:
    """Leave what is being done, unless it must not be left."""
    if _is_told_otherwise(number):
        return
    _noted.append(number)
    if not _holds:
        raise Ended(number)


def _is_told_otherwise(number: int) -> bool:
    """Return whether a call is about to fail that says more: a pipe closed, a file too large."""
    name = name_of(number)
    if name == "SIGPIPE":
        return any(map(_is_broken, (sys.stdout, sys.stderr)))
    if name == "SIGXFSZ":
        import resource

        return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return False


def _is_broken(stream: object) -> bool:
    """Return whether nobody reads a stream any more."""
    try:
        poll = select.poll()
        poll.register(stream, select.POLLOUT)  # type: ignore[arg-type]
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, TypeError, ValueError):  # no file, or no poll here
        return False
