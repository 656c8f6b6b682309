"""The folder that an output is made in, `OUT.zarr.part`: what it is for, and how it becomes `OUT`.

It appears with all descriptions and no chunk; a chunk is done when its file is there. A small file
tells what was asked for, so that whoever goes on asks for the same. In the end it is renamed.
"""

import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .. import holders, outputs, parts, signals

__all__ = [
    "NAME",
    "Place",
    "compare",
    "forget",
    "make",
    "place_of",
    "publish",
    "read",
    "recover",
    "remove",
]

NAME = "conv3dt.json"  # the small file
FLAWS = (OSError, ValueError, RecursionError)


class Place(NamedTuple):
    """Where an output will be, and the outermost folder that has to be made for it."""

    out: Path
    goal: Path

    @property
    def folder(self) -> Path:
        """The folder in which the goal is made."""
        return self.goal.with_name(self.goal.name + ".part")

    @property
    def inside(self) -> Path:
        """Where the output lies meanwhile."""
        return self.folder / self.out.relative_to(self.goal)

    @property
    def moving(self) -> Path:
        """What the folder is called while it changes places with what it replaces."""
        return self.goal.with_name(self.goal.name + ".done")

    @property
    def is_begun(self) -> bool:
        """Whether there is such a folder."""
        return os.path.lexists(self.folder)


def place_of(out: Path) -> Place:
    """Return where an output is made, or has been begun."""
    for goal in (out, *out.parents):
        if goal.name and (Place(out, goal).folder / NAME).exists():
            return Place(out, goal)
    return Place(out, holders.outermost(out))


def make(place: Place, record: dict[str, Any], create: Callable[[Path], object]) -> bool:
    """Let a part appear: what `create` writes to a path, and a record; False if there is one."""
    goal = place.goal
    parts.sweep(goal.parent)
    with outputs.hidden(goal) as new, outputs.telling(place.out, new):
        inside = new / place.out.relative_to(goal)
        inside.parent.mkdir(exist_ok=True, parents=True)
        create(inside)
        holders.enclose(inside, new)
        (new / NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")
        signals.check()
        return _renamed(new, place.folder)


def _renamed(new: Path, folder: Path) -> bool:
    """Rename a folder; False where there is one already that is not empty: no system replaces it.

    In one step on all file systems, so that nobody finds a folder without its record.
    """
    try:
        new.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return False
    return True


def read(folder: Path) -> dict[str, Any]:
    """Return the record of a part."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FLAWS as error:
        raise ValueError(f"{folder} is no output that was begun by conv3dt: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("asked"), dict):
        raise ValueError(f"{folder} is no output that was begun by conv3dt: {NAME} is damaged")
    return found


def compare(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise, naming the first difference, unless a part was begun for what is asked now."""
    now = json.loads(json.dumps(now))
    for name, old, new in _differences(before, now):
        told = f"{name} was {_short(old)}, and is {_short(new)}"
        raise ValueError(
            f"{folder} was begun for something else: {told}; --force without --resume begins anew"
        )


def _differences(before: Any, now: Any, name: str = "") -> list[tuple[str, Any, Any]]:
    """Return what differs: its name, before and now."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return [] if before == now else [(name, before, now)]
    keys = [*now, *(key for key in before if key not in now)]
    inner = (_differences(before.get(k), now.get(k), f"{name} {k}".strip()) for k in keys)
    return [found for pairs in inner for found in pairs]


def _short(value: Any) -> str:
    """Return a value as a text that fits into a line."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def publish(place: Place, force: bool) -> None:
    """Rename a finished part; that somebody else has done so meanwhile is no error."""
    goal, folder = place.goal, place.folder
    with signals.held(), outputs.telling(place.out, folder):
        try:
            if force and os.path.lexists(goal):
                folder.rename(place.moving)  # only one can: nobody swaps them a second time
                folder = place.moving
            outputs.publish(folder, goal, force)
        except FileNotFoundError:
            if os.path.lexists(folder) or not os.path.lexists(goal):
                raise
        finally:
            recover(place)
        forget(place)


def recover(place: Place) -> None:
    """Let a part be one again that was to change places with what it replaces, and has not."""
    if (place.moving / NAME).exists():
        with suppress(OSError):
            place.moving.rename(place.folder)


def forget(place: Place) -> None:
    """Remove what is left of a part once its output is in place."""
    (place.goal / NAME).unlink(missing_ok=True)
    if os.path.lexists(place.moving) and not (place.moving / NAME).exists():
        parts.remove(place.moving)


def remove(place: Place) -> None:
    """Remove a part and all that is done of it."""
    if not place.is_begun:
        return
    with signals.held():
        hidden = parts.new(place.goal)
        with suppress(FileNotFoundError):
            place.folder.rename(hidden)  # so that nobody goes on with half of it
        parts.remove(hidden)
