"""Renaming that replaces nothing, or swaps two names in one step."""

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["into_place", "swap"]

NO_REPLACE, EXCHANGE = 1, 2  # of linux/fs.h
HERE = -100  # AT_FDCWD: paths are relative to the working folder
# what kernels and file systems say that cannot do a thing; NFS, FAT and FUSE are among them
CANNOT = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


def into_place(part: Path, path: Path) -> None:
    """Rename a file or folder; `FileExistsError` when there is something at `path` already.

    Whoever of several comes first wins, also on file systems without the system call.
    """
    if _renamed(part, path, NO_REPLACE):
        return
    if os.name == "nt":
        part.rename(path)  # which replaces nothing there
    elif part.is_dir():
        path.mkdir()  # an empty folder claims the name, and a folder may replace an empty one
        _over(part, path, path.rmdir)
    elif not _linked(part, path):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        _over(part, path, path.unlink)


def swap(part: Path, path: Path) -> bool:
    """Exchange two names that both exist; False where that cannot be done in one step."""
    return _renamed(part, path, EXCHANGE)


def _over(part: Path, path: Path, undo: Callable[[], None]) -> None:
    """Rename `part` over the empty thing that claimed its name."""
    try:
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            undo()
        raise


def _linked(part: Path, path: Path) -> bool:
    """Give a file its new name and take the old one; False where there are no hard links."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        return False
    part.unlink()
    return True


def _renamed(part: Path, path: Path, flag: int) -> bool:
    """Call renameat2 of Linux; False where there is none, or none with this flag."""
    function = _renameat2()
    if function is None:
        return False
    if function(HERE, os.fsencode(part), HERE, os.fsencode(path), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(path))


@functools.cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return the system call, None where the C library has none."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return None
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    ]
    found: Callable[[int, bytes, int, bytes, int], int] = function
    return found
