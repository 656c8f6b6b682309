"""The folders above a zarr array, read without zarr: their attributes and their format."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "ancestors",
    "attributes",
    "check_holder",
    "description",
    "format_of",
    "is_consolidated",
    "is_group",
]


def ancestors(path: Path) -> Iterator[Path]:
    """Yield the zarr groups that a path lies in, the innermost first."""
    for folder in path.absolute().parents:
        if not format_of(folder):
            return
        yield folder


def format_of(folder: Path) -> int:
    """Return 2 or 3, the format of the group or array in a folder; 0 where there is none."""
    if (folder / "zarr.json").exists():
        return 3
    return 2 if any((folder / name).exists() for name in (".zgroup", ".zarray")) else 0


def attributes(folder: Path) -> dict[str, Any]:
    """Return the attributes of a group or array."""
    if format_of(folder) == 3:
        found = _json(folder / "zarr.json").get("attributes", {})
    else:
        found = _json(folder / ".zattrs") if (folder / ".zattrs").exists() else {}
    if not isinstance(found, dict):
        raise ValueError(f"attributes must be a JSON object, got {found!r} in {folder}")
    return found


def description(folder: Path) -> dict[str, Any]:
    """Return all that the file of an array says, but for attributes."""
    found = _json(folder / ("zarr.json" if format_of(folder) == 3 else ".zarray"))
    return {name: value for name, value in found.items() if name != "attributes"}


def is_group(folder: Path) -> bool:
    """Return whether there is a group in a folder."""
    if format_of(folder) == 3:
        return _json(folder / "zarr.json").get("node_type") != "array"
    return format_of(folder) == 2 and not (folder / ".zarray").exists()


def is_consolidated(folder: Path) -> bool:
    """Return whether a group lists what it holds, so that something new is not found by it."""
    if format_of(folder) == 3:
        return bool(_json(folder / "zarr.json").get("consolidated_metadata"))
    return (folder / ".zmetadata").exists()


def check_holder(folder: Path) -> None:
    """Raise unless a folder is a group, which a new array can be put into."""
    if not is_group(folder):
        got = "an array" if format_of(folder) else "another folder"
        raise ValueError(f"an array is put into a zarr group, got {folder}, which is {got}")


def _json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not readable: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is not readable: it holds no JSON object")
    return found
