"""Where compiled kernels are kept between processes."""

import os
import sys
import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

__all__ = ["entries", "folder"]


@lru_cache(maxsize=1)
def folder() -> Path | None:
    """Return the folder of this version's kernels, or None where nothing can be written.

    CONV3DT_CACHE_DIR is tried first, then NUMBA_CACHE_DIR, then the user's cache folder;
    CONV3DT_CACHE=0 turns the cache off.
    """
    if os.environ.get("CONV3DT_CACHE") == "0":
        return None
    for parent in _parents():
        path = parent / f"conv3dt-{_fingerprint():08x}"
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(path, os.W_OK):
            return path
    return None


def entries() -> int:
    """Return how many compiled functions the folder holds."""
    path = folder()
    return sum(1 for _ in path.rglob("*.nbc")) if path else 0


def _parents() -> list[Path]:
    """Return the folders that may hold the cache, most wanted first."""
    named = [os.environ.get("CONV3DT_CACHE_DIR"), os.environ.get("NUMBA_CACHE_DIR")]
    found = [Path(name) for name in named if name]
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        home = "~/Library/Caches"
    else:
        home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with suppress(RuntimeError):  # there is no home directory
        found.append(Path(home).expanduser() / "conv3dt")
    return found


@lru_cache(maxsize=1)
def _fingerprint() -> int:
    """Return a checksum of the sources that kernels are made from.

    Numba looks at one function's own file only; a kernel is made from several.
    """
    here = Path(__file__).parent
    check = 0
    for path in [here / "_geometry.py", *sorted((here / "kernels").glob("*.py"))]:
        check = zlib.crc32(path.read_bytes(), check)
    return check
