"""Folders that may hold compiled kernels, as variables and systems name them."""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["parents"]


def parents() -> list[tuple[Path, bool]]:
    """Return the folders that may hold the cache, most wanted first; True: a user named it."""
    found = [(_named(variable), True) for variable in ("CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR")]
    if sys.platform == "win32":
        home = _absolute(os.environ.get("LOCALAPPDATA")) or _expanded("~/AppData/Local")
    elif sys.platform == "darwin":
        home = _expanded("~/Library/Caches")
    else:
        # A relative path there is to be ignored: XDG Base Directory Specification.
        home = _absolute(os.environ.get("XDG_CACHE_HOME")) or _absolute("~/.cache")
    found.append((home and home / "conv3dt", False))
    with suppress(OSError):  # there is no temporary folder
        user = os.getuid() if hasattr(os, "getuid") else "user"
        job = _absolute(os.environ.get("SLURM_TMPDIR")) or Path(tempfile.gettempdir())
        found.append((job / f"conv3dt-{user}", False))
    return [(path, named) for path, named in found if path]


def _named(variable: str) -> Path | None:
    """Return the folder of a variable, wherever the process goes to later."""
    path = _expanded(os.environ.get(variable))
    with suppress(OSError):  # the working directory is gone
        return path and path.absolute()
    return None


def _absolute(given: str | None) -> Path | None:
    """Return a folder that does not depend on the working directory, or None."""
    path = _expanded(given)
    return path if path and path.is_absolute() else None


def _expanded(given: str | None) -> Path | None:
    """Return a path with `~` and `$HOME` read: containers, SLURM and Jupyter pass them unread."""
    if not given or not given.strip():
        return None
    try:
        return Path(os.path.expandvars(given)).expanduser()
    except RuntimeError:  # there is no home directory
        return None
