"""Which axes of a zarr array are those of space."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..grid import Triple
from . import ome

__all__ = ["names_of", "space_of"]

SPACE = {"x", "y", "z", "depth", "height", "width", "d", "h", "w"}
OTHER = {
    *("t", "time", "times", "frame", "frames", "c", "ch", "channel", "channels", "band", "bands"),
    *("n", "batch", "s", "sample", "samples", "rgb", "component", "components", "v", "vector"),
    *("m", "angle", "view", "position", "p", "r", "round", "wavelength", "echo", "member"),
}
NO_NAME = re.compile(r"|dim_\d+|axis_\d+")  # what xarray calls axes that nobody named
LEGAL = "three axes of space, as x, y and z beside t and c"


def names_of(array: Any) -> list[str] | None:
    """Return the names that an array gives its axes, by either format; None where it gives none."""
    told = getattr(getattr(array, "metadata", None), "dimension_names", None)
    told = told or array.attrs.get("_ARRAY_DIMENSIONS")
    if not isinstance(told, (list, tuple)):
        return None
    names = ["" if name is None else str(name) for name in told]
    return None if all(NO_NAME.fullmatch(name) for name in names) else names


def space_of(array: Any, image: ome.Image | None, path: Path) -> Triple | None:
    """Return the axes of space, None where nobody names axes.

    Raises
    ------
    ValueError
        Names leave open which three they are, or two lists of them contradict each other.
    """
    names = names_of(array)
    found = None if names is None else _decided([(name, "") for name in names], array.ndim, path)
    if image is None and found is None and array.ndim > 3 and ome.is_beside(path):
        raise ValueError(f"{path} must be among the datasets of its group, which name the axes")
    if image is None:
        return found
    told = _decided(ome.axes(image, array.ndim, path), array.ndim, path)
    if found not in (None, told):
        both = f"dimensions {names} and multiscales {image.scales.get('axes')}"
        raise ValueError(f"axes must have one meaning, got {both} in {path}")
    return told


def _decided(axes: Sequence[tuple[str, str]], rank: int, path: Path) -> Triple:
    """Return the three axes that their types or names make those of space."""
    if len(axes) != rank:
        raise ValueError(f"each of {rank} axes must have a name, got {len(axes)} names in {path}")
    sure = [n for n, axis in enumerate(axes) if _is_space(*axis)]
    likely = [n for n, axis in enumerate(axes) if not _is_other(*axis)]
    for found in (sure, likely):
        if len(found) == 3:
            return found[0], found[1], found[2]
    names = ", ".join(name or "?" for name, _ in axes)
    raise ValueError(f"a volume must have {LEGAL}; got axes {names} in {path}")


def _is_space(name: str, kind: str) -> bool:
    """Return whether an axis is one of space."""
    return kind == "space" if kind else name.lower() in SPACE


def _is_other(name: str, kind: str) -> bool:
    """Return whether an axis is none of space."""
    return kind != "space" if kind else name.lower() in OTHER
