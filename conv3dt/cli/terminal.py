"""What the terminal sees: result lines, progress, and the advice when an extra is missing."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["extents", "extra", "progress", "say"]


def say(line: str) -> None:
    """Write one line of results."""
    encoding = sys.stdout.encoding or "utf-8"  # a file's name may hold what this cannot print
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


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
def progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    """Show progress on a terminal while the block runs; yields what to call after each item.

    In a pipe, or without rich, nothing is shown.
    """
    if not sys.stderr.isatty() or importlib.util.find_spec("rich") is None:
        yield _nothing
        return
    console = extra("rich.console").Console(stderr=True)
    parts = extra("rich.progress")
    text = parts.TextColumn("{task.description}", markup=False)  # brackets in a file's name
    columns = [parts.SpinnerColumn(), text, parts.BarColumn()]
    columns += [parts.MofNCompleteColumn(), parts.TimeRemainingColumn()] if total > 1 else []
    columns.append(parts.TimeElapsedColumn())
    with parts.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total if total > 1 else None)
        yield lambda: bar.advance(task)


def _nothing() -> None:
    """Stand in for the progress bar where nobody looks."""
