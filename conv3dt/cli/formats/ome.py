"""OME-Zarr: the `multiscales` of a group tell the axes of its arrays, and where voxels lie.

https://ngff.openmicroscopy.org, versions 0.1 to 0.5. An array on its own that was made of such a
one keeps them among its own attributes, with the path ".".
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..grid import Affine, Triple
from . import zarr_groups

__all__ = [
    "Image",
    "affine",
    "axes",
    "divided",
    "find",
    "finer",
    "finest",
    "is_beside",
    "moved",
    "transformed",
    "unit",
]

OLD_AXES = ("t", "c", "z", "y", "x")  # of versions 0.1 and 0.2, which name none
UNITS = {"micrometer": "µm", "millimeter": "mm", "meter": "m"}
OWN = "."


class Image(NamedTuple):
    """An array as one of the resolutions of an image."""

    scales: dict[str, Any]  # an entry of `multiscales`
    dataset: dict[str, Any]  # the one of its `datasets` that is the array
    version: str | None  # where it is told beside `multiscales`, as since 0.5
    beside: dict[str, Any]  # what else describes the image: `omero`


def find(path: Path) -> Image | None:
    """Return what the array's own attributes or a group above it say about an array."""
    for folder in (path.absolute(), *zarr_groups.ancestors(path)):
        own = folder == path.absolute()
        inside = OWN if own else path.absolute().relative_to(folder).as_posix()
        told, version = _description(folder)
        for scales in _objects(told, "multiscales", folder):
            for dataset in _objects(scales, "datasets", folder):
                if str(dataset.get("path", "")).strip("/") in {inside, f"./{inside}"}:
                    beside = {"omero": told["omero"]} if "omero" in told else {}
                    return Image(scales, dataset, version, beside)
    return None


def finest(path: Path) -> Path:
    """Return the array of the finest level where a path is the group of an image, else the path."""
    if not zarr_groups.format_of(path):
        return path
    told, _ = _description(path)
    for scales in _objects(told, "multiscales", path):
        for dataset in _objects(scales, "datasets", path):
            inside = str(dataset.get("path", "")).strip("/")
            if inside not in ("", OWN):  # finest first, as the specification has it
                return path / inside
    return path


def is_beside(path: Path) -> bool:
    """Return whether an array lies in a group that describes an image of other arrays."""
    return any("multiscales" in _description(folder)[0] for folder in zarr_groups.ancestors(path))


def _description(folder: Path) -> tuple[dict[str, Any], str | None]:
    """Return what holds `multiscales`, if anything does, and the version that it tells."""
    attributes = zarr_groups.attributes(folder)
    if "ome" not in attributes:
        return attributes, None
    ome = attributes["ome"]
    if not isinstance(ome, dict):
        raise ValueError(f"the attribute ome must be an object, got {ome!r} in {folder}")
    return ome, str(ome.get("version", "0.5"))


def _objects(told: dict[str, Any], name: str, folder: Path) -> list[dict[str, Any]]:
    """Return the objects in a list that may be missing, but not be something else."""
    found = told.get(name, [])
    if not isinstance(found, list) or not all(isinstance(x, dict) for x in found):
        raise ValueError(f"{name} must be a list of objects, got {found!r} in {folder}")
    return found


def _dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; what is none is left out."""
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def axes(image: Image, rank: int, path: Path) -> list[tuple[str, str]]:
    """Return the names of an array's axes and their types, which may be empty."""
    told = image.scales.get("axes")
    if told is None and rank == len(OLD_AXES):
        told = list(OLD_AXES)
    if not isinstance(told, list) or len(told) != rank:
        raise ValueError(f"multiscales must name the {rank} axes of {path}, got axes {told!r}")
    found = [axis if isinstance(axis, dict) else {"name": axis} for axis in told]
    return [(str(axis.get("name", "")), str(axis.get("type") or "")) for axis in found]


def finer(image: Image, factors: Sequence[float], space: Triple, rank: int) -> dict[str, Any]:
    """Return attributes that describe the upsampled array as an image of its own."""
    transforms = divided(*transformed(image, rank), factors, space)
    dataset = {**image.dataset, "path": OWN, "coordinateTransformations": transforms}
    scales = {**copy.deepcopy(image.scales), "datasets": [dataset]}
    found: dict[str, Any] = {"multiscales": [scales], **image.beside}
    return found if image.version is None else {"ome": {"version": image.version, **found}}


def divided(
    scale: Sequence[float], shift: Sequence[float], factors: Sequence[float], space: Triple
) -> list[dict[str, Any]]:
    """Return the transformations of voxels that are so many times finer in the same place.

    >>> divided([4.0, 2.0, 2.0], [0.0, 0.0, 0.0], (2, 1, 1), (0, 1, 2))[1]
    {'type': 'translation', 'translation': [-1.0, 0.0, 0.0]}
    """
    scale, shift = list(scale), list(shift)
    for axis, factor in zip(space, factors, strict=True):
        # centres: output o lies at (o + 0.5)/s - 0.5 input voxels
        shift[axis] += scale[axis] * (0.5 / factor - 0.5)
        scale[axis] /= factor
    transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
    if any(shift):
        transforms.append({"type": "translation", "translation": shift})
    return transforms


def moved(attributes: dict[str, Any], name: str) -> dict[str, Any]:
    """Take an image's description out of an array's attributes; return it for a group above."""
    ome = attributes.pop("ome", None)
    described = ("multiscales", "omero")
    found: dict[str, Any] = {key: attributes.pop(key) for key in described if key in attributes}
    inner = ome if isinstance(ome, dict) else found
    for scales in _dicts(inner.get("multiscales")):
        for dataset in _dicts(scales.get("datasets")):
            dataset["path"] = name
    return found if ome is None else {"ome": ome, **found}


def affine(image: Image, space: Triple, names: Sequence[str]) -> Affine:
    """Return where the array's voxels lie: x, y and z of space, from the indices of its axes."""
    scale, shift = transformed(image, len(names))
    outer = _pair(image.scales.get("coordinateTransformations"), len(names))
    rows = ["xyz".find(names[axis].lower()) if names[axis] else -1 for axis in space]
    rows = rows if sorted(rows) == [0, 1, 2] else [0, 1, 2]
    found = np.eye(4)
    found[:3, :3] = 0
    for column, (axis, row) in enumerate(zip(space, rows, strict=True)):
        found[row, column] = scale[axis] * outer[0][axis]
        found[row, 3] = shift[axis] * outer[0][axis] + outer[1][axis]
    return found


def unit(image: Image, space: Triple) -> str:
    """Return the unit of all three axes of space, or nothing."""
    told = image.scales.get("axes")
    units = [axis.get("unit", "") if isinstance(axis, dict) else "" for axis in told or []]
    found = {str(units[axis]) for axis in space if units}
    name = found.pop() if len(found) == 1 else ""
    return UNITS.get(name, name)


def transformed(image: Image, rank: int) -> tuple[list[float], list[float]]:
    """Return scale and translation of an array among those of its image."""
    return _pair(image.dataset.get("coordinateTransformations"), rank)


def _pair(told: object, rank: int) -> tuple[list[float], list[float]]:
    """Return scale and translation of a list of transformations."""
    scale, shift = [1.0] * rank, [0.0] * rank
    for transform in _dicts(told):
        kind = transform.get("type")
        values = transform.get(str(kind))
        if kind == "identity":
            continue
        if kind not in ("scale", "translation") or not _are_numbers(values, rank):
            legal = f"scale or translation of {rank} numbers"
            raise ValueError(f"a coordinate transformation must be {legal}, got {transform!r}")
        for axis, value in enumerate(values or ()):
            if kind == "scale":
                scale[axis], shift[axis] = scale[axis] * value, shift[axis] * value
            else:
                shift[axis] += value
    return scale, shift


def _are_numbers(values: object, count: int) -> bool:
    """Return whether something is a list of so many finite numbers."""
    if not isinstance(values, list) or len(values) != count:
        return False
    plain = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in values)
    return plain and bool(np.isfinite(values).all())
