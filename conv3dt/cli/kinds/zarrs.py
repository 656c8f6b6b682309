"""Zarr arrays, by zarr 2 and 3."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import Affine, Floats, Triple, Volume, refined, result_dtype, upsampled_shape
from ..terminal import extra
from .registry import Arrays, Kind, register

__all__ = ["ZarrVolume", "open_array", "open_volume", "read_array", "save_array", "save_upsampled"]

LARGEST_CHUNK = 2**28  # bytes; compressors stop at 2**31
VOXEL_SIZES = ("voxel_size", "resolution", "spacing")  # attributes that the factors divide


@dataclass(frozen=True)
class ZarrVolume(Volume):
    """A volume with the array whose format, chunks and attributes its result keeps."""

    array: Any = None


def open_array(path: Path) -> Any:
    """Return the array at `path`; a group is refused with the names of its arrays."""
    zarr = extra("zarr")
    try:
        node = zarr.open(str(path), mode="r")
    except Exception as error:  # zarr 2 and 3 raise families of their own
        raise ValueError(f"{path} is not a readable zarr array: {error}") from error
    if isinstance(node, zarr.Group):
        names = ", ".join(_names(node)) or "none"
        raise ValueError(f"{path} is a zarr group: name one of its arrays ({names})")
    return node


def open_volume(path: Path) -> Volume:
    """Return the volume in a zarr array; an attribute `affine` (4 x 4) places it in space."""
    array = open_array(path)
    dtype = result_dtype(array.dtype, path)

    def read(t: int) -> NDArray[Any]:
        return np.asarray(array[..., t] if array.ndim == 4 else array[...])

    affine = _affine(array.attrs.get("affine"))
    return ZarrVolume(tuple(array.shape), dtype, read, affine, array=array)


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write results as they come, a chunk's worth of volumes at a time.

    Chunks of a zarr grow by the factors, its other attributes and its format are kept.
    """
    shape = upsampled_shape(volume.shape, factors)
    source = volume.array if isinstance(volume, ZarrVolume) else None
    array = _create(part, shape, volume.dtype, _chunks(volume, factors), source)
    array.attrs.update(_attributes(volume, factors))
    if len(shape) == 3:
        array[...] = next(iter(results))
        return
    start = 0
    for group in _groups(results, array.chunks[3]):
        array[..., start : start + len(group)] = np.stack(group, axis=-1)
        start += len(group)


def read_array(path: Path) -> NDArray[Any]:
    """Return an array of any rank, read as a whole."""
    return np.asarray(open_array(path)[...])


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array of any rank, in chunks that zarr chooses."""
    _create(part, array.shape, array.dtype, None)[...] = array


def _create(
    part: Path,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    chunks: tuple[int, ...] | None,
    like: Any = None,
) -> Any:
    """Return a new array, of the format and with the named axes of `like`."""
    options = {}
    metadata = getattr(like, "metadata", None)  # zarr 3 has it, zarr 2 knows one format only
    if metadata is not None:
        options["zarr_format"] = metadata.zarr_format
        if getattr(metadata, "dimension_names", None):
            options["dimension_names"] = metadata.dimension_names
    zarr = extra("zarr")
    return zarr.open_array(str(part), mode="w", shape=shape, dtype=dtype, chunks=chunks, **options)


def _chunks(volume: Volume, factors: Triple) -> tuple[int, ...] | None:
    """Return the chunks of the result: the source's times the factors while they stay handy."""
    if not isinstance(volume, ZarrVolume):
        return None
    source = tuple(volume.array.chunks)
    grown = upsampled_shape(source, factors)
    return grown if prod(grown) * volume.dtype.itemsize <= LARGEST_CHUNK else source


def _attributes(volume: Volume, factors: Triple) -> dict[str, Any]:
    """Return the source's attributes; those that state a voxel size or an affine are updated."""
    found = dict(volume.array.attrs) if isinstance(volume, ZarrVolume) else {}
    if volume.affine is not None:
        found["affine"] = refined(volume.affine, factors).tolist()
    for name in VOXEL_SIZES:
        size = found.get(name)
        if isinstance(size, Sequence) and len(size) == 3 and all(map(_is_number, size)):
            found[name] = [x / s for x, s in zip(size, factors, strict=True)]
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


def _groups(items: Iterable[Floats], size: int) -> Iterator[list[Floats]]:
    """Yield lists of `size` items, the last one shorter."""
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group


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
        marks=("zarr.json", ".zarray", ".zgroup"),
        has_parts=True,
        library="zarr",
        kept="A zarr keeps attributes, and its chunks grow with the volume.",
    )
)
