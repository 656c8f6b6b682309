"""Lists of shards: JSON that tells which tensors or groups are in which file beside it."""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from .source import Source

__all__ = ["shards", "warn_of_one"]

ONE_OF_MANY = re.compile(r"(?P<stem>.*)(?:-[0-9]{5}-of-(?P<all>[0-9]{5})|_[0-9]{5})\..*", re.DOTALL)
INDEXES = ("{}.safetensors.index.json", "{}.weights.json")


def shards(source: Source) -> dict[str, list[Path]]:
    """Return the files by what is in them."""
    with source.reading():
        listed = json.loads(source.path.read_bytes())
    wanted = listed.get("weight_map") if isinstance(listed, Mapping) else None
    if not isinstance(wanted, Mapping):
        raise source.broken("it has no object 'weight_map'")
    found = {}
    for name, files in wanted.items():
        files = files if isinstance(files, list) else [files]
        found[name] = [_beside(source, name, file) for file in files]
    return found


def _beside(source: Source, name: str, file: object) -> Path:
    """Return the path of a shard, which must be in the folder of the list."""
    if not isinstance(file, str) or file in ("", ".", "..") or re.search(r"[/\\\0]", file):
        raise source.broken(f"a shard must be the name of a file beside it; got {file!r}", name)
    path = source.path.with_name(file)
    if not path.exists():
        raise source.broken(f"its shard {file} is missing", name)
    return path


def warn_of_one(path: Path) -> None:
    """Warn if a file is one of several shards: a bias may lie in another."""
    match = ONE_OF_MANY.fullmatch(path.name)
    if not match or int(match["all"] or 2) < 2:
        return
    indexes = [path.with_name(index.format(match["stem"])) for index in INDEXES]
    found = next((index for index in indexes if index.exists()), None)
    if found or match["all"]:
        warnings.warn(
            f"weights: {path.name} is one of several shards, and a bias may lie in another: load"
            f" {found.name if found else 'their index'}.",
            UserWarning,
            stacklevel=5,
        )
