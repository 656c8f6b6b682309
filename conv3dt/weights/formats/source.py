"""A file that may be damaged: every error names it, and no claim in it is believed.

A few bytes of a header can claim gigabytes, and zeros compress to a thousandth: what would be
allocated is compared with the file's size before.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["DamagedError", "Source", "needed"]

FREE = 2**26  # bytes that any file may claim
TIMES = 32  # and that many for each of its own; weights of floats hardly compress
POINTER = b"version https://git-lfs"
PAGES = (b"<!doctype", b"<html", b"<?xml")


class DamagedError(OSError):
    """What cannot be read, with its name in the text."""


class Source:
    """An existing file, and how much memory its contents may still claim.

    Attributes
    ----------
    path : Path
        Where it is.
    size : int
        Its bytes.
    start : bytes
        The first of them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and not path.is_file():
            raise DamagedError(f"weights: {path} is no file.")
        with path.open("rb") as file:  # what the system says of a missing file names it
            self.start = file.read(64)
        self.size = path.stat().st_size
        self._left = FREE + TIMES * self.size
        if not self.start:
            raise self.broken("it is empty")
        if self.start.startswith(POINTER):
            raise self.broken("it is a pointer of Git LFS, not the file itself: `git lfs pull`")
        if self.start.lstrip().lower().startswith(PAGES):
            raise self.broken("it is a web page, perhaps of a download that needs a login")

    def broken(self, reason: object, place: str = "") -> OSError:
        """Return the error that says what is wrong and where."""
        where = f" at {place!r}" if place else ""
        return DamagedError(f"weights: {self.path} cannot be read{where}: {reason}.")

    @contextmanager
    def reading(self, place: str = "") -> Iterator[None]:
        """Turn whatever a library raises about a damaged file into an error that names it.

        Libraries raise anything then: struct.error, KeyError, RuntimeError, RecursionError.
        """
        try:
            yield
        except (DamagedError, ImportError, MemoryError):
            raise
        except Exception as error:
            text = str(error).strip().rstrip(".") or type(error).__name__
            raise self.broken(text, place) from error

    def claim(self, place: str, *sizes: int) -> None:
        """Count what is about to be allocated, the product of sizes, or refuse it."""
        wanted = math.prod(map(int, sizes))
        if wanted < 0 or wanted > self._left:
            raise self.broken(
                f"it claims {wanted} bytes, and the file has {self.size}: a file may claim {TIMES}"
                f" times its size and {FREE} bytes more, all in all",
                place,
            )
        self._left -= wanted


def needed(module: str) -> Any:
    """Return a module that only reading files needs."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        brings = "pip install 'conv3dt[weights]'"
        raise ImportError(f"weights: this file needs {name}: {brings}") from error
