"""OME-Zarr images of several levels, as they are written: version 0.5, and 0.4 in format 2."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..grid import Triple, Volume, voxel_size
from . import ome

__all__ = ["axes_of", "described", "placed"]

TIMES = {"t", "time", "times", "frame", "frames"}
UNITS = {"mm": "millimeter", "µm": "micrometer", "m": "meter"}
REPLACED = ("datasets", "axes", "type", "metadata", "version")  # of what an input says
ORDER = "OME-Zarr has axes of time, of channels and of space in this order, one of each other kind"


def axes_of(
    names: Sequence[str] | None, image: ome.Image | None, space: Triple, rank: int, unit: str = ""
) -> list[dict[str, Any]]:
    """Return the axes of an image as the specification wants them.

    Raises
    ------
    ValueError
        There are more, or they lie in another order.
    """
    told = None if image is None else image.scales.get("axes")
    if isinstance(told, list) and all(isinstance(axis, dict) for axis in told):
        found = copy.deepcopy(told)
    else:
        names = _unnamed(space, rank) if names is None or len(set(names)) < rank else names
        found = [{"name": name or f"axis{n}"} for n, name in enumerate(names)]
    for n, axis in enumerate(found):
        other = "time" if str(axis["name"]).lower() in TIMES else "channel"
        axis.setdefault("type", "space" if n in space else other)
        if n in space and unit:
            axis.setdefault("unit", UNITS.get(unit, unit))
    kinds = [axis["type"] for axis in found]
    ranks = [{"time": 0, "space": 2}.get(kind, 1) for kind in kinds]
    if ranks != sorted(ranks) or ranks.count(0) > 1 or ranks.count(1) > 1 or ranks.count(2) != 3:
        got = ", ".join(f"{axis['name']} ({axis['type']})" for axis in found)
        raise ValueError(f"{ORDER}, got {got}")
    return found


def _unnamed(space: Triple, rank: int) -> list[str]:
    """Return names of axes that have none."""
    names = dict(zip(space, "zyx", strict=True))
    others = [axis for axis in range(rank) if axis not in space]
    names |= dict(zip(others, ["t", "c"] if len(others) == 2 else ["c"] * len(others), strict=True))
    return [names[axis] for axis in range(rank)]


def placed(volume: Volume, image: ome.Image | None) -> tuple[list[float], list[float]]:
    """Return scale and translation of the axes of a volume, as far as it tells them.

    An image has no turned axes: of an affine that turns them, the sizes of voxels stay.
    """
    rank = len(volume.shape)
    if image is not None:
        return ome.transformed(image, rank)
    scale, shift = [1.0] * rank, [0.0] * rank
    if volume.affine is None:
        return scale, shift
    turned = volume.affine[:3, :3]
    straight = (turned >= 0).all() and ((turned > 0).sum(0) == 1).all()
    rows = turned.argmax(0)
    for n, (axis, size) in enumerate(zip(volume.space, voxel_size(volume.affine), strict=True)):
        scale[axis] = size
        shift[axis] = float(volume.affine[rows[n], 3]) if straight and np.isfinite(size) else 0.0
    return scale, shift


def described(
    axes: list[dict[str, Any]],
    transforms: Sequence[list[dict[str, Any]]],
    image: ome.Image | None,
    *,
    third: bool,
    name: str,
) -> dict[str, Any]:
    """Return the attributes of a group of levels, whose names are their numbers.

    Parameters
    ----------
    axes : list of dict
        Of `axes_of`.
    transforms : sequence of list
        The coordinate transformations of each level, the finest first.
    image : Image, optional
        What the input says: what it says of more than its levels is kept.
    third : bool
        Whether the group is of zarr's format 3.
    name : str
        Of the image, unless the input has one.

    Returns
    -------
    dict
        To be written as JSON.
    """
    scales = {} if image is None else copy.deepcopy(image.scales)
    kept = {key: value for key, value in scales.items() if key not in REPLACED}
    datasets = [
        {"path": str(level), "coordinateTransformations": found}
        for level, found in enumerate(transforms)
    ]
    told = {"name": name, **kept, "axes": axes, "datasets": datasets, "type": "mean"}
    told["metadata"] = {"description": "each voxel is the mean of 2 x 2 x 2 of the level before"}
    beside = {} if image is None else image.beside
    if third:
        return {"ome": {"version": "0.5", "multiscales": [told], **beside}}
    return {"multiscales": [{**told, "version": "0.4"}], **beside}
