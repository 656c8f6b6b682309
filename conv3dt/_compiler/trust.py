"""Whose machine code is run: that of files which nobody else could have written.

A file is asked about itself once it is open, so that no other one can take its place in between.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

__all__ = ["owners", "read"]

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
# Never wait for whoever writes to a pipe of that name; never follow a link.
_FLAGS = [getattr(os, f"O_{name}", 0) for name in ("NOFOLLOW", "NONBLOCK", "CLOEXEC", "BINARY")]
_NOBODY = 65534  # everybody that a user namespace does not know appears under this number


def read(path: Path, trusted: frozenset[int]) -> tuple[bytes, str]:
    """Return what is in a file, or nothing, and why it must not be used."""
    try:
        handle = os.open(path, os.O_RDONLY | sum(_FLAGS))
    except OSError as error:
        return b"", "is a link" if error.errno in (errno.ELOOP, errno.EMLINK) else ""
    try:
        why = _objection(os.fstat(handle), trusted)
        if why:
            return b"", why
        with open(handle, "rb", closefd=False) as file:
            return file.read(), ""
    except OSError:
        return b"", ""
    finally:
        os.close(handle)


def _objection(info: os.stat_result, trusted: frozenset[int]) -> str:
    """Return what speaks against a file."""
    if not stat.S_ISREG(info.st_mode):
        return "is no plain file"
    if not hasattr(os, "geteuid"):
        return ""  # a system without users' numbers
    if info.st_uid not in trusted:
        return f"belongs to user {info.st_uid}"
    if info.st_mode & _OTHERS:
        return f"may be written to by others (mode {stat.S_IMODE(info.st_mode):03o})"
    return ""


def owners(folder: Path) -> frozenset[int]:
    """Return whose files may be loaded from a folder of kernels.

    This user's and root's; and those of whoever owns the folder around it, which somebody has
    named, if nobody else can have put that where it is.
    """
    if not hasattr(os, "geteuid"):
        return frozenset()
    known = {0, os.geteuid()}
    try:
        rooms = [path.stat() for path in (folder.parent, folder)]
        owner = rooms[0].st_uid
        unknown = owner == _NOBODY and any(room.st_mode & _OTHERS for room in rooms)
        entries = _followed(folder.parent.absolute())
        if not unknown and all(_is_kept(entry, known, owner) for entry in entries):
            known.add(owner)
    except OSError:
        pass
    return frozenset(known)


def _is_kept(entry: Path, known: set[int], owner: int) -> bool:
    """Return whether only these users can have put something under a name, or take it away."""
    info, room = entry.lstat(), entry.parent.stat()
    if not {info.st_uid, room.st_uid} <= known | {owner}:
        return False
    # In a folder like /tmp nobody moves what is another's, but whoever comes first has the name.
    sticky = room.st_mode & stat.S_ISVTX and info.st_uid in known
    return bool(sticky) or not room.st_mode & _OTHERS


def _followed(path: Path) -> Iterator[Path]:
    """Yield every name that is looked up on the way to a path, links' targets included."""
    here, todo, links = Path(path.anchor), [*reversed(path.parts[1:])], 0
    while todo:
        part = todo.pop()
        if part == "..":
            here = here.parent
            continue
        entry = here / part
        yield entry
        if not entry.is_symlink():
            here = entry
            continue
        links += 1
        if links > 40:  # as many as Linux follows
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = entry.readlink()
        if target.is_absolute():
            here = Path(target.anchor)
        todo += reversed(target.parts[1:] if target.is_absolute() else target.parts)
