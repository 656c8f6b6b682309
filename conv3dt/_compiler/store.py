"""Where compiled kernels are kept between processes.

One file holds one kernel's machine code behind a checksum; it is written under another name and
renamed, so that processes that start together never read half a file or each other's kernel. The
folder's name holds all that the code depends on. Nothing here raises: what cannot be read is
compiled, what cannot be written is told once to the logger `conv3dt`.
"""

import logging
import os
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from . import processor
from .version import __version__

__all__ = ["COUNTS", "entries", "folder", "load", "save", "trouble"]

COUNTS = Counter[str]()  # hits, misses, damaged: in this process

_CHECK = 16  # bytes of checksum in front of the code
_SUFFIX = ".kernel"
# The rooms whose sources become code, or decide what it is.
_ROOMS = "_geometry", "_compiler", "_runtime", "_ways"
_trouble = ""


def load(key: str) -> bytes | None:
    """Return what was saved under this key, or None if there is nothing whole."""
    path = _path(key)
    try:
        data = path.read_bytes() if path else b""
    except OSError:
        data = b""
    whole = len(data) > _CHECK and data[:_CHECK] == _checksum(key, data[_CHECK:])
    COUNTS["hits" if whole else "misses"] += 1
    COUNTS["damaged"] += bool(data) and not whole
    return data[_CHECK:] if whole else None


def save(key: str, code: bytes) -> None:
    """Keep this code under its key, if that can be."""
    path = _path(key)
    if path is None or _trouble:
        return
    part = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(_checksum(key, code) + code)
        part.replace(path)
    except OSError as error:
        _tell(_read_only() or f"cannot write to {path.parent}: {error.strerror or error}")
        with suppress(OSError):
            part.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def folder() -> Path | None:
    """Return the folder of kernels for this machine and these versions, or None without a cache.

    CONV3DT_CACHE_DIR is tried first, then NUMBA_CACHE_DIR, the user's cache folder and the job's
    temporary folder; CONV3DT_CACHE=0 turns the cache off.
    """
    if os.environ.get("CONV3DT_CACHE") == "0":
        return None
    for parent, named in _parents():
        path = parent / _folder_name()
        with suppress(OSError):
            parent.mkdir(parents=True, exist_ok=True, mode=0o777 if named else 0o700)
            path.mkdir(exist_ok=True, mode=0o777 if named else 0o700)
            if os.access(path, os.W_OK | os.X_OK) and (named or _is_own(path)):
                return path
        # What an administrator has warmed up serves those who may only read it.
        if named and path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            return path
    _tell("no folder can be written to")
    return None


def trouble() -> str:
    """Return why kernels are not kept, or nothing."""
    return _read_only() or _trouble


def _read_only() -> str:
    """Return that the folder can only be read, if it is so: said when there is a new kernel."""
    path = folder()
    return f"{path} can only be read" if path and not os.access(path, os.W_OK | os.X_OK) else ""


def entries() -> int:
    """Return how many compiled functions the folder holds."""
    path = folder()
    return sum(1 for _ in path.glob(f"*{_SUFFIX}")) if path else 0


def _tell(what: str) -> None:
    """Say once why kernels are not kept; they are compiled, and work."""
    global _trouble
    _trouble = what
    logging.getLogger("conv3dt").warning(
        "compiled kernels are not kept, each process compiles its own: %s "
        "(CONV3DT_CACHE_DIR names another folder, CONV3DT_CACHE=0 silences this)",
        what,
    )


def _path(key: str) -> Path | None:
    """Return the file of a key."""
    path = folder()
    return path / (blake2b(key.encode(), digest_size=16).hexdigest() + _SUFFIX) if path else None


def _checksum(key: str, code: bytes) -> bytes:
    """Return a checksum that only this code under this key has."""
    return blake2b(key.encode() + b"\0" + code, digest_size=_CHECK).digest()


def _parents() -> list[tuple[Path, bool]]:
    """Return the folders that may hold the cache, most wanted first; True: a user named it."""
    variables = "CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR"
    found = [(Path(name), True) for variable in variables if (name := os.environ.get(variable))]
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        home = "~/Library/Caches"
    else:
        home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with suppress(RuntimeError):  # there is no home directory
        found.append((Path(home).expanduser() / "conv3dt", False))
    job = os.environ.get("SLURM_TMPDIR")
    with suppress(OSError):  # there is no temporary folder
        user = os.getuid() if hasattr(os, "getuid") else "user"
        found.append((Path(job or tempfile.gettempdir()) / f"conv3dt-{user}", False))
    return found


def _is_own(path: Path) -> bool:
    """Return whether nobody else could have put code into this folder, as in a common /tmp."""
    if not hasattr(os, "getuid"):
        return True
    mine = all(p.stat().st_uid == os.getuid() for p in (path, path.parent))
    return mine and not path.stat().st_mode & 0o022


@lru_cache(maxsize=1)
def _folder_name() -> str:
    """Return a name that changes with all that compiled code depends on."""
    host = processor.host()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = f"{__version__}-{host.target}-py{python}-numba{metadata.version('numba')}"
    check = blake2b(f"{versions} {host.features} {sys.platform}".encode(), digest_size=6)
    check.update(metadata.version("llvmlite").encode())
    package = resources.files(__package__.partition(".")[0])
    for room in _ROOMS:
        for source in _sources(package / room):
            check.update(source.read_bytes())
    return f"{versions}-{check.hexdigest()}"


def _sources(folder: Any) -> Iterator[Any]:
    """Yield the sources in a folder and the folders in it, in the order of their names."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.is_dir():
            yield from _sources(path)
        elif path.name.endswith(".py"):
            yield path
