"""Where compiled kernels are kept between processes.

One file holds one kernel's machine code behind a checksum; it is written under another name and
renamed, so that processes that start together never read half a file or each other's kernel. The
folder's name holds all that the code depends on. Nothing here raises: what cannot be read is
compiled, what cannot be written is told once to the logger `conv3dt`.
"""

import logging
import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any

from . import folders, processor, trust
from .version import __version__, installed

__all__ = ["COUNTS", "entries", "folder", "load", "save", "trouble"]

COUNTS = Counter[str]()  # hits, misses, damaged, refused: in this process

_CHECK = 16  # bytes of checksum in front of the code
_SUFFIX = ".kernel"
# The rooms whose sources become code, or decide what it is.
_ROOMS = "_geometry", "_compiler", "_runtime", "_ways"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_trouble = ""
_refusal = ""
_refused = set[Path]()  # files that somebody else could have written


def load(key: str) -> bytes | None:
    """Return what was saved under this key, or None if there is nothing whole."""
    data = b""
    for path in _paths(key):
        data, why = trust.read(path, _owners(path.parent))
        if not why:
            break
        _refuse(path, why)
    whole = len(data) > _CHECK and data[:_CHECK] == _checksum(key, data[_CHECK:])
    COUNTS["hits" if whole else "misses"] += 1
    COUNTS["damaged"] += bool(data) and not whole
    return data[_CHECK:] if whole else None


def save(key: str, code: bytes) -> None:
    """Keep this code under its key, if that can be; nobody else may write to it."""
    paths = [path for path in _paths(key) if path not in _refused]
    if not paths or _trouble:
        return
    part = paths[0].with_name(f"{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(part, _NEW, 0o644), "wb") as file:
            file.write(_checksum(key, code) + code)
        part.replace(paths[0])
    except OSError as error:
        _tell(_read_only() or f"cannot write to {part.parent}: {error.strerror or error}")
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
    name = _folder_name()
    if not name:
        _tell("the package's own files cannot be read, and tell one version from another")
        return None
    for parent, named in folders.parents():
        path = parent / name
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
    """Return why kernels are not kept, or not loaded, or nothing."""
    return _read_only() or _trouble or _refusal


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


def _refuse(path: Path, why: str) -> None:
    """Say once that there is code of somebody else's; it is compiled again."""
    global _refusal
    _refused.add(path)
    COUNTS["refused"] += 1
    if not _refusal:
        _refusal = f"{path} {why}"
        logging.getLogger("conv3dt").warning(
            "compiled kernels are not loaded: %s; they have to belong to this user, to root or to"
            " the owner of %s, and nobody else may write to them",
            _refusal,
            path.parent.parent,
        )


def _paths(key: str) -> list[Path]:
    """Return the files of a key: everybody's, and one of this user's own beside a refused one."""
    path = folder()
    if not path:
        return []
    name = blake2b(key.encode(), digest_size=16).hexdigest()
    own = f"{name}-{os.geteuid()}" if hasattr(os, "geteuid") else name
    return [path / f"{part}{_SUFFIX}" for part in dict.fromkeys((name, own))]


@lru_cache(maxsize=4)
def _owners(path: Path) -> frozenset[int]:
    return trust.owners(path)


def _checksum(key: str, code: bytes) -> bytes:
    """Return a checksum that only this code has, under this key, in a folder of this name."""
    return blake2b(f"{_folder_name()} {key}\0".encode() + code, digest_size=_CHECK).digest()


def _is_own(path: Path) -> bool:
    """Return whether nobody else could have put code into this folder, as in a common /tmp."""
    if not hasattr(os, "getuid"):
        return True
    mine = all(p.stat().st_uid == os.getuid() for p in (path, path.parent))
    return mine and not path.stat().st_mode & 0o022


@lru_cache(maxsize=1)
def _folder_name() -> str:
    """Return a name that changes with all that code depends on; nothing if that is hidden."""
    host = processor.host()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    versions = f"{__version__}-{host.target}-py{python}-numba{installed('numba')}"
    check = blake2b(f"{versions} {host.features} {sys.platform}".encode(), digest_size=6)
    check.update(installed("llvmlite").encode())
    try:
        package = resources.files(__package__.partition(".")[0])
        for room in _ROOMS:
            for source in _sources(package / room):
                check.update(source)
    except Exception:  # a frozen application has its files wherever it likes
        return ""
    return f"{versions}-{check.hexdigest()}"


def _sources(folder: Any) -> Iterator[bytes]:
    """Yield the sources in a folder and the folders in it, in the order of their names.

    Of a package without sources, what Python made of them, behind a head that has their age.
    """
    found = sorted(folder.iterdir(), key=lambda path: path.name)
    suffix = ".py" if any(path.name.endswith(".py") for path in found) else ".pyc"
    for path in found:
        if path.is_dir():
            if path.name != "__pycache__":
                yield from _sources(path)
        elif path.name.endswith(suffix):
            yield path.read_bytes()[16 if suffix == ".pyc" else 0 :]
