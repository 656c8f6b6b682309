"""Outputs appear whole or not at all, and replace nothing unasked."""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .kinds import registry

__all__ = ["check", "replacing"]


def check(path: Path, *, force: bool, inputs: Iterable[Path] = ()) -> None:
    """Raise what would keep `path` from being written, before any work is done."""
    folder = path.parent
    if not folder.is_dir():
        raise ValueError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{path} cannot be written: the folder {folder} is read-only")
    for source in inputs:
        if _overlap(path, source):
            raise ValueError(f"an output must not overlap an input, got {path} and {source}")
    if path.exists() or path.is_symlink():
        _check_existing(path, force)


def _check_existing(path: Path, force: bool) -> None:
    """Raise unless `path` may be replaced; a folder must be of a kind that is known."""
    if path.is_dir() and not registry.is_known_folder(path):
        raise ValueError(f"{path} is a folder, which is never replaced")
    if not force:
        raise ValueError(f"{path} exists already; --force replaces it")


def _overlap(a: Path, b: Path) -> bool:
    """Return whether one path is the other, or lies inside it."""
    a, b = a.resolve(), b.resolve()
    if a.exists() and b.exists() and a.samefile(b):
        return True
    return a == b or a in b.parents or b in a.parents


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a free name in the folder of `path`; what is there at the end is renamed to `path`.

    When the block fails, whatever it left under that name is removed and `path` is untouched.
    """
    part = path.with_name(f".conv3dt-{uuid.uuid4().hex[:12]}.part")
    try:
        yield part
        _move(part, path)
    finally:
        _remove(part)


def _move(part: Path, path: Path) -> None:
    """Rename `part` to `path`; a folder cannot be replaced in one step, so it steps aside first."""
    if not (path.exists() and (part.is_dir() or path.is_dir())):
        part.replace(path)
        return
    old = part.with_suffix(".old")
    path.rename(old)
    try:
        part.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
