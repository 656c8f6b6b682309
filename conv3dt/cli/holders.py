"""Outputs inside a folder of their kind, as the array `s1` of `cells.zarr/s1`."""

from pathlib import Path

from .kinds import registry

__all__ = ["check", "enclose", "outermost"]


def outermost(path: Path) -> Path:
    """Return the outermost folder that has to be made for an output, or the output itself.

    `out.zarr/s1` appears as one with `out.zarr` where that does not exist yet.
    """
    kind = registry.kind_of(registry.suffix_of(path))
    if not kind.has_parts or path.parent.exists():
        return path
    parents = [*path.parents]
    holders = [n for n, parent in enumerate(parents) if _is_holder(parent, kind)]
    missing = [n for n, parent in enumerate(parents) if not parent.exists()]
    new = [n for n in missing if holders and n <= holders[-1]]
    return parents[new[-1]] if new else path


def check(goal: Path) -> None:
    """Raise unless the folder above an output, if that is to be a part of it, can have it."""
    kind = registry.kind_of(registry.suffix_of(goal))
    is_part = not registry.ending(goal, kind.suffixes) or registry.folder_suffix(goal.parent)
    if kind.has_parts and is_part and kind.check_holder is not None:
        kind.check_holder(goal.parent)


def enclose(inside: Path, part: Path) -> None:
    """Make the new folders above what was written to `inside`, up to `part`, what they must be."""
    kind = [k for k in registry.KINDS if registry.folder_suffix(inside) in k.suffixes]
    for found in kind if inside != part else []:
        if found.enclose is not None:
            found.enclose(inside, part)


def _is_holder(folder: Path, kind: registry.Kind) -> bool:
    """Return whether a folder is, or is to be, of a kind."""
    named = registry.ending(folder, kind.suffixes)
    return bool(named) or registry.folder_suffix(folder) in kind.suffixes
