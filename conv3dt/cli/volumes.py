"""Volumes and arrays in files of four kinds: .npy, .nii, .nii.gz and .zarr."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import nifti, zarrs
from .grid import Floats, Triple, Volume, result_dtype, upsampled_shape

__all__ = [
    "input_kind",
    "kind",
    "open_volume",
    "read_array",
    "save_array",
    "save_upsampled",
    "storable",
]

KINDS = (".npy", ".nii", ".nii.gz", ".zarr")


def kind(path: Path) -> str:
    """Return which of the kinds of files `path` names.

    >>> kind(Path("brain.nii.gz"))
    '.nii.gz'
    """
    for suffix in KINDS:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return suffix
    raise ValueError(f"a file name must end in {', '.join(KINDS)}, got {path}")


def input_kind(path: Path) -> str:
    """Return the kind of an input, which must exist and may lie within a zarr group."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    named = path.name.lower().endswith(KINDS)
    if not named and any(parent.suffix == ".zarr" for parent in path.parents):
        return ".zarr"
    return kind(path)


def open_volume(path: Path) -> Volume:
    """Return the volume in `path`; nothing but its description is read yet."""
    found = input_kind(path)
    if found == ".npy":
        volume = _open_npy(path)
    elif found == ".zarr":
        volume = zarrs.open_volume(path)
    else:
        volume = nifti.open_volume(path)
    if len(volume.shape) not in (3, 4):
        raise ValueError(f"a volume must have 3 axes, or 4, got shape {volume.shape} in {path}")
    if 0 in volume.shape:
        raise ValueError(f"a volume must not be empty, got shape {volume.shape} in {path}")
    return volume


def storable(volume: Volume, suffix: str) -> Volume:
    """Return the volume with results of a precision that a file of this kind can hold."""
    if suffix in (".nii", ".nii.gz") and volume.dtype == np.float16:
        return replace(volume, dtype=np.dtype(np.float32))
    return volume


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write 3-D `results`, one after another as they come, to `part` as the kind `suffix`."""
    if suffix == ".npy":
        _save_npy(part, volume, factors, results)
    elif suffix == ".zarr":
        zarrs.save_upsampled(part, volume, factors, results)
    else:
        nifti.save_upsampled(part, suffix, volume, factors, results)


def read_array(path: Path) -> NDArray[Any]:
    """Return an array of any rank from a .npy file (memory-mapped) or a zarr."""
    found = input_kind(path)
    if found == ".npy":
        return _map_npy(path)
    if found == ".zarr":
        return np.asarray(zarrs.open_array(path)[...])
    raise ValueError(f"arrays are read from .npy and .zarr only, got {path}")


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array of any rank to `part`, as .npy or .zarr."""
    if suffix == ".zarr":
        zarrs.save_array(part, array)
    else:
        _write_npy(part, array)


def _map_npy(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file, mapped into memory read-only."""
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a readable .npy file: {error}") from error


def _open_npy(path: Path) -> Volume:
    """Return the volume in a .npy file."""
    array = _map_npy(path)
    dtype = result_dtype(array.dtype, path)
    return Volume(array.shape, dtype, lambda t: array[..., t] if array.ndim == 4 else array)


def _save_npy(part: Path, volume: Volume, factors: Triple, results: Iterable[Floats]) -> None:
    """Write the results as one C-ordered array, which is held in memory as a whole.

    Mapping the file instead would end the process, not raise, when the disk is full.
    """
    whole = np.empty(upsampled_shape(volume.shape, factors), volume.dtype)
    for t, result in enumerate(results):
        whole[(..., t) if whole.ndim == 4 else ...] = result
    _write_npy(part, whole)


def _write_npy(part: Path, array: NDArray[Any]) -> None:
    """Write an array to a new .npy file."""
    with part.open("xb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
