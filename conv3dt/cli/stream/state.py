"""The folder that an output is made in, `OUT.zarr.part`: what it is for, and how it becomes `OUT`.

It appears with all descriptions and no chunk; a chunk is done when its file is there. A small file
tells what was asked for, so that whoever goes on asks for the same. In the end it is renamed.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import holders, outputs, parts, renames, signals

__all__ = [
    "NAME",
    "compare",
    "fingerprint",
    "forget",
    "folder_of",
    "inside",
    "make",
    "publish",
    "read",
    "recover",
    "remove",
]

NAME = "conv3dt.json"  # the small file
MOVING = ".done"  # what a part is called while it changes places with what it replaces
FLAWS = (OSError, ValueError, RecursionError)


def folder_of(out: Path) -> Path:
    """Return the folder in which an output, and the new folders above it, are made."""
    goal = holders.outermost(out)
    return goal.with_name(goal.name + ".part")


def inside(out: Path) -> Path:
    """Return where an output lies while it is made."""
    return folder_of(out) / out.relative_to(holders.outermost(out))


def make(out: Path, record: dict[str, Any], create: Callable[[Path], object]) -> bool:
    """Let a part appear: what `create` writes to a path, and a record; False if there is one."""
    goal, folder = holders.outermost(out), folder_of(out)
    parts.sweep(goal.parent)
    with outputs.hidden(goal) as new, outputs.telling(out, new):
        place = new / out.relative_to(goal)
        place.parent.mkdir(exist_ok=True, parents=True)
        create(place)
        holders.enclose(place, new)
        (new / NAME).write_text(json.dumps(record, indent=1), encoding="utf-8")
        signals.check()
        try:
            renames.into_place(new, folder)
        except FileExistsError:
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


def fingerprint(asked: dict[str, Any]) -> str:
    """Return a name for all that decides the bits and the files of an output."""
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


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
    keys = sorted({*before, *now})
    inner = (_differences(before.get(k), now.get(k), f"{name} {k}".strip()) for k in keys)
    return [found for pairs in inner for found in pairs]


def _short(value: Any) -> str:
    """Return a value as a text that fits into a line."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def publish(out: Path, force: bool) -> None:
    """Rename a finished part; that somebody else has done so meanwhile is no error."""
    goal, folder = holders.outermost(out), folder_of(out)
    old = goal.with_name(goal.name + MOVING)
    with signals.held(), outputs.telling(out, folder):
        try:
            if force and os.path.lexists(goal):
                folder.rename(old)  # only one can: nobody swaps them a second time
                folder = old
            outputs.publish(folder, goal, force)
        except FileNotFoundError:
            if os.path.lexists(folder) or not os.path.lexists(goal):
                raise
        finally:
            recover(out)
        forget(out)


def recover(out: Path) -> None:
    """Let a part be one again that was to change places with what it replaces, and has not."""
    old = holders.outermost(out)
    old = old.with_name(old.name + MOVING)
    if (old / NAME).exists():
        with suppress(OSError):
            renames.into_place(old, folder_of(out))


def forget(out: Path) -> None:
    """Remove what is left of a part once its output is in place."""
    goal = holders.outermost(out)
    (goal / NAME).unlink(missing_ok=True)
    old = goal.with_name(goal.name + MOVING)
    if os.path.lexists(old) and not (old / NAME).exists():
        parts.remove(old)


def remove(out: Path) -> None:
    """Remove a part and all that is done of it."""
    folder = folder_of(out)
    if not os.path.lexists(folder):
        return
    with signals.held():
        hidden = parts.new(holders.outermost(out))
        with suppress(FileNotFoundError):
            folder.rename(hidden)  # so that nobody goes on with half of it
        parts.remove(hidden)
