"""Zarr arrays, by zarr 2 and 3, on their own or in groups."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import ome, zarr_axes, zarr_groups, zarr_layout, zarr_threads
from ..formats.reading import readable
from ..grid import Affine, Floats, Triple, Volume, refined, result_dtype, upsampled_shape
from ..terminal import extra
from .registry import Arrays, Kind, register

__all__ = [
    "ZarrVolume",
    "attributes",
    "located",
    "open_array",
    "open_volume",
    "read_array",
    "save_array",
    "save_upsampled",
]

VOXEL_SIZES = ("voxel_size", "resolution", "spacing")  # attributes that the factors divide


@dataclass(frozen=True)
class ZarrVolume(Volume):
    """A volume with the array whose layout and attributes its result keeps."""

    array: Any = None
    image: ome.Image | None = None


def located(path: Path) -> Path:
    """Return where the array is that a path names: the finest level of an image, or the path."""
    return ome.finest(path)


def open_array(path: Path) -> Any:
    """Return the array at `path`; of an image the finest level.

    Other groups are refused with the names of their arrays.
    """
    zarr = extra("zarr")
    path = located(path)
    with readable(path, zarr_threads.WHAT), zarr_threads.settled():
        node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Group):
        names = ", ".join(_names(node)) or "none"
        raise ValueError(f"{path} is a zarr group: name one of its arrays ({names})")
    return node


def open_volume(path: Path) -> Volume:
    """Return the volume in a zarr array; an attribute `affine` (4 x 4) places it in space.

    Else the `multiscales` of a group above do. Axes are told by them and by the array's own names.
    """
    path = located(path)
    array = open_array(path)
    dtype = result_dtype(array.dtype, path)
    image = ome.find(path)
    space = zarr_axes.space_of(array, image, path)
    axes: Triple = space or (0, 1, 2)

    def read(t: int) -> NDArray[Any]:
        return zarr_threads.read(array, volume.place(t), path)

    affine, unit = _affine(array.attrs.get("affine")), "mm"
    anatomical = affine is not None or image is None
    if image is not None and affine is None:
        names = [name for name, _ in ome.axes(image, array.ndim, path)]
        affine, unit = ome.affine(image, axes, names), ome.unit(image, axes)
    volume = ZarrVolume(
        tuple(array.shape), dtype, read, affine, unit,
        axes, space is not None, anatomical=anatomical, array=array, image=image,
    )  # fmt: skip
    return volume


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write results as they come, a chunk's worth of volumes at a time.

    A zarr keeps its layout and attributes; chunks grow by the factors.
    """
    shape = upsampled_shape(volume.shape, factors, volume.space)
    with zarr_threads.settled():
        if isinstance(volume, ZarrVolume):
            pieces = zarr_layout.grown(volume.array, volume, factors)
            array = zarr_layout.create_like(part, volume.array, shape, volume.dtype, pieces)
        else:
            array = zarr_layout.create(part, shape, volume.dtype)
        array.attrs.update(attributes(volume, factors))
        first = volume.others[0] if volume.others else None
        pieces = getattr(array, "shards", None) or array.chunks
        row = 1 if first is None else shape[first]
        size = 1 if first is None else pieces[first]
        start = 0
        for group in _groups(results, row, size):
            array[_region(volume, start, len(group), first)] = _joined(volume, group, first)
            start += len(group)


def _region(volume: Volume, start: int, count: int, axis: int | None) -> tuple[int | slice, ...]:
    """Return the index of some volumes that follow each other along an axis."""
    place = list(volume.place(start))
    if axis is not None:
        begin = place[axis]
        assert isinstance(begin, int)
        place[axis] = slice(begin, begin + count)
    return tuple(place)


def _joined(volume: Volume, group: list[Floats], axis: int | None) -> Floats:
    """Return volumes as one array, the axis that they follow each other along in its place."""
    if axis is None:
        return group[0]
    return np.stack(group, axis=sum(space < axis for space in volume.space))


def _groups(items: Iterable[Floats], row: int, size: int) -> Iterator[list[Floats]]:
    """Yield the items of each row, `size` at a time, the last of a row fewer."""
    rest, left = iter(items), row
    while group := list(islice(rest, min(size, left))):
        yield group
        left = left - len(group) or row


def read_array(path: Path) -> NDArray[Any]:
    """Return an array of any rank, read as a whole."""
    array = open_array(path)
    return zarr_threads.read(array, (slice(None),) * array.ndim, located(path))


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array of any rank, in chunks that zarr chooses."""
    with zarr_threads.settled():
        zarr_layout.create(part, array.shape, array.dtype)[...] = array


def check_holder(folder: Path) -> None:
    """Raise unless a new array can be put into a folder; tell what will not know of it."""
    zarr_groups.check_holder(folder)
    for group in (folder.absolute(), *zarr_groups.ancestors(folder)):
        if zarr_groups.is_consolidated(group):
            told = "its consolidated metadata will not list the new array"
            warnings.warn(f"{group}: {told} (zarr.consolidate_metadata renews them)", stacklevel=2)


def enclose(inside: Path, part: Path) -> None:
    """Make the folders above a new array groups of its format; one of an image describes it."""
    zarr = extra("zarr")
    options = {} if zarr_layout.is_old(zarr) else {"zarr_format": zarr_groups.format_of(inside)}
    for folder in inside.parents:
        zarr.open_group(str(folder), mode="a", **options)
        if folder == part:
            break
    if zarr_groups.is_group(inside):  # an image that describes itself
        return
    array = zarr.open_array(str(inside), mode="r+")
    attributes = dict(array.attrs)
    described = ome.moved(attributes, inside.name)
    if described:
        array.attrs.put(attributes)
        zarr.open_group(str(inside.parent), mode="r+").attrs.update(described)


def attributes(volume: Volume, factors: Sequence[float]) -> dict[str, Any]:
    """Return the source's attributes; those that state a voxel size or a place are updated.

    Factors below 1 are those of coarser arrays.
    """
    found = dict(volume.array.attrs) if isinstance(volume, ZarrVolume) else {}
    if volume.affine is not None and volume.anatomical:
        found["affine"] = refined(volume.affine, factors).tolist()
    divisors = dict(zip(volume.space, factors, strict=True))
    for name in VOXEL_SIZES:
        size = found.get(name)
        if not isinstance(size, list) or not all(map(_is_number, size)):
            continue
        if len(size) == 3:
            found[name] = [x / s for x, s in zip(size, factors, strict=True)]
        elif len(size) == len(volume.shape):
            found[name] = [x / divisors.get(axis, 1) for axis, x in enumerate(size)]
    if isinstance(volume, ZarrVolume) and volume.image is not None:
        found |= ome.finer(volume.image, factors, volume.space, len(volume.shape))
    return found


def _is_number(x: object) -> bool:
    """Return whether a value from an attribute can be divided."""
    return isinstance(x, (int, float))


def _affine(attribute: object) -> Affine | None:
    """Return an attribute as an affine, None when it is none."""
    try:
        affine = np.array(attribute, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return affine if affine.shape == (4, 4) else None


def _names(group: Any, prefix: str = "") -> list[str]:
    """Return the paths of all arrays in a group."""
    found = [prefix + name for name, _ in group.arrays()]
    for name, inner in group.groups():
        found += _names(inner, f"{prefix}{name}/")
    return sorted(found)


register(
    Kind(
        (".zarr",),
        open_volume,
        save_upsampled,
        Arrays(read_array, save_array),
        dtypes=("float16", "float32", "float64"),
        marks=("zarr.json", ".zarray", ".zgroup"),
        has_parts=True,
        check_holder=check_holder,
        enclose=enclose,
        library="zarr",
        kept="A zarr keeps attributes, names of axes, codecs and fill value; its chunks and shards"
        " grow with the volume. IN and OUT may be arrays in zarr groups, as out.zarr/s1; of a group"
        " that is an OME-Zarr image the finest level is read.",
    )
)
