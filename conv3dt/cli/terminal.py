"""What the terminal sees: result lines, progress, and the advice when an extra is missing."""

import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

__all__ = [
    "extents",
    "extra",
    "finish",
    "one_line",
    "progress",
    "say",
    "span",
    "stand_in",
    "tell",
]

OFTEN, SELDOM = 5.0, 60.0  # seconds between two lines of progress, asked for or not


def stand_in() -> None:
    """Open streams that the process was started without; files must not take their numbers."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, stream)


def say(line: str) -> None:
    """Write one line of results; a reader that has left, as in `conv3dt info | head`, is no error.

    Raises
    ------
    OSError
        Standard output takes nothing, as on a full disk.
    """
    encoding = sys.stdout.encoding or "utf-8"  # a file's name may hold what this cannot print
    try:
        sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise OSError(error.errno, error.strerror, "standard output") from error


def tell(line: str) -> None:
    """Write one line on standard error, where somebody reads it."""
    encoding = sys.stderr.encoding or "utf-8"
    with suppress(OSError, ValueError):
        sys.stderr.write(one_line(line).encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.write("\n")
        sys.stderr.flush()


def finish() -> bool:
    """Write what is left in the streams; return whether standard output took it."""
    taken = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _silence(stream)
        except (OSError, ValueError):
            _silence(stream)
            taken = taken and stream is not sys.stdout
    return taken


def one_line(text: str) -> str:
    r"""Return a text with its line breaks taken out.

    >>> one_line("two\n  lines")
    'two lines'
    """
    return " ".join(text.split())


def _silence(stream: TextIO) -> None:
    """Lead a stream nowhere, so that what waits in it fails no more when the process ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def extents(shape: tuple[int, ...]) -> str:
    """Return a shape as it is printed.

    >>> extents((128, 96, 24))
    '128 x 96 x 24'
    """
    return " x ".join(map(str, shape))


def extra(module: str) -> Any:
    """Import a module of the extra `cli`, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        message = f"{module.partition('.')[0]} is needed for this: pip install 'conv3dt[cli]'"
        raise ImportError(message) from error


@contextmanager
def progress(label: str, total: int, kind: str = "auto") -> Iterator[Callable[..., None]]:
    """Show progress while the block runs; yields what to call after each item, or after several.

    A bar on a terminal. In a pipe, or without rich, nothing but a line on standard error in a
    while; `kind` "bar" or "log" asks for either of them.
    """
    can = importlib.util.find_spec("rich") is not None
    if kind == "log" or not can or (kind == "auto" and not sys.stderr.isatty()):
        yield _Log(label, total, OFTEN if kind == "log" else SELDOM).advance
        return
    console = extra("rich.console").Console(stderr=True, force_terminal=kind == "bar" or None)
    parts = extra("rich.progress")
    text = parts.TextColumn("{task.description}", markup=False)  # brackets in a file's name
    columns = [parts.SpinnerColumn(), text, parts.BarColumn()]
    columns += [parts.MofNCompleteColumn(), parts.TimeRemainingColumn()] if total > 1 else []
    columns.append(parts.TimeElapsedColumn())
    with parts.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total if total > 1 else None)
        yield lambda count=1: bar.advance(task, count)


class _Log:
    """Progress as lines, for files that batch jobs write."""

    def __init__(self, label: str, total: int, pause: float) -> None:
        self._label, self._total, self._pause = label, total, pause
        self._start = self._last = time.monotonic()
        self._done = 0

    def advance(self, count: int = 1) -> None:
        """Count items, and write a line if the last one was long ago."""
        self._done += count
        now = time.monotonic()
        if now - self._last >= self._pause:
            self._last = now
            seconds = now - self._start
            left = seconds / self._done * (self._total - self._done)
            share = f"{self._done} of {self._total}, {100 * self._done // self._total} %"
            tell(f"conv3dt: {self._label}: {share}, {span(seconds)}, {span(left)} left")


def span(seconds: float) -> str:
    """Return a time as it is read.

    >>> span(59), span(90), span(5400)
    ('59 s', '1.5 min', '1.5 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
