"""Outputs appear whole or not at all, and replace nothing unasked."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import holders, parts, renames, signals
from .kinds import registry

__all__ = ["check", "hidden", "publish", "remove_leftovers", "replacing", "telling"]

# what a device or a limit says; whatever else fails is told as it comes
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
ATTEMPTS = 5  # at a name that others make and remove meanwhile

_unfinished: set[Path] = set()


def check(path: Path, *, force: bool, inputs: Iterable[Path] = (), picture: bool = False) -> None:
    """Raise what would keep `path` from being written, before any work is done."""
    goal = path if picture else holders.outermost(path)
    folder = goal.parent
    if not folder.is_dir():
        raise ValueError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{path} cannot be written: the folder {folder} is read-only")
    for source in inputs:
        if _overlap(goal, source):
            raise ValueError(f"an output must not overlap an input, got {path} and {source}")
    if not picture:
        holders.check(goal)
    if os.path.lexists(path):
        _check_existing(path, force)


def _check_existing(path: Path, force: bool) -> None:
    """Raise unless `path` may be replaced; a folder must be of a kind that is known."""
    if not _is_replaceable(path):
        raise ValueError(f"{path} is a folder, which is never replaced")
    if not force:
        raise ValueError(f"{path} exists already; --force replaces it")


def _is_replaceable(path: Path) -> bool:
    """Return whether --force may replace what is there."""
    return path.is_symlink() or not path.is_dir() or bool(registry.folder_suffix(path))


def _overlap(a: Path, b: Path) -> bool:
    """Return whether one path is the other, or lies inside it."""
    a, b = a.resolve(), b.resolve()
    if a.exists() and b.exists() and a.samefile(b):
        return True
    return a == b or a in b.parents or b in a.parents


@contextmanager
def replacing(path: Path, *, force: bool, picture: bool = False) -> Iterator[Path]:
    """Yield a free name in the folder of `path`; what is there at the end is renamed to `path`.

    When the block fails, whatever it left under that name is removed and `path` is untouched. So it
    is without `force` when something has appeared at `path` meanwhile.
    """
    goal = path if picture else holders.outermost(path)
    parts.sweep(goal.parent)
    with hidden(goal) as part:
        with telling(path, part):
            inside = part / path.relative_to(goal)
            inside.parent.mkdir(exist_ok=True, parents=True)
            yield inside
            holders.enclose(inside, part)
        signals.check()
        with signals.held():
            publish(part, goal, force)


@contextmanager
def hidden(goal: Path) -> Iterator[Path]:
    """Yield a free name beside `goal`; what lies there in the end is removed."""
    part = parts.new(goal)
    _unfinished.add(part)
    try:
        yield part
    finally:
        with signals.held():
            parts.remove(part)
            _unfinished.discard(part)


def remove_leftovers() -> None:
    """Remove parts whose block was left by a second signal before it could."""
    while _unfinished:
        parts.remove(_unfinished.pop())


@contextmanager
def telling(path: Path, part: Path) -> Iterator[None]:
    """Let errors of the device or of memory name the output and not the part."""
    try:
        yield
    except MemoryError as error:
        raise MemoryError(f"{path} cannot be made{f': {error}' if str(error) else ''}") from error
    except OSError as error:
        name = str(error.filename or part)
        if error.errno is None or error.errno not in FULL or not name.startswith(str(part)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def publish(part: Path, path: Path, force: bool) -> None:
    """Rename `part` to `path`; with `force`, whatever is there makes way in the same step."""
    for _ in range(ATTEMPTS):
        try:
            if not (force and os.path.lexists(path)):
                renames.into_place(part, path)
            elif not _is_replaceable(path):
                raise ValueError(f"{path} is a folder, which is never replaced")
            elif part.is_dir() or (path.is_dir() and not path.is_symlink()):
                _exchange(part, path)
            else:
                part.replace(path)
            return
        except FileExistsError:
            if not force:
                message = f"{path} has been made by somebody else meanwhile; --force replaces it"
                raise ValueError(message) from None
        except FileNotFoundError:
            if not os.path.lexists(part):
                raise
    raise ValueError(f"{path} cannot be written: others make and remove it all the time")


def _exchange(part: Path, path: Path) -> None:
    """Put `part` in the place of `path`, one of them being a folder; the old one is removed."""
    if renames.swap(part, path):
        if not _is_replaceable(part):  # somebody was quicker: theirs is not to be replaced
            renames.swap(part, path)
            raise ValueError(f"{path} is a folder, which is never replaced")
        return  # the old one is the part now, which is removed
    old = part.with_suffix(".old")  # not swept: should the process die here, it is all there is
    path.rename(old)
    try:
        renames.into_place(part, path)
    except BaseException:
        _put_back(old, path)
        raise
    parts.remove(old)


def _put_back(old: Path, path: Path) -> None:
    """Rename what has made way back, unless somebody else has put theirs there meanwhile.

    Theirs may be making way itself at that moment: then once more. An empty folder has only claimed
    the name for somebody.
    """
    with suppress(OSError):
        old.rmdir()
        return
    for _ in range(ATTEMPTS):
        if os.path.lexists(path):
            parts.remove(old)
            return
        with suppress(OSError):
            old.rename(path)
            return
