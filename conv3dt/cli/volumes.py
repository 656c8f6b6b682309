"""Volumes and arrays in files of whatever kind is registered, and what holds for all kinds."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grid import Floats, Triple, Volume
from .kinds import registry

__all__ = [
    "check_array_input",
    "check_array_output",
    "open_volume",
    "read_array",
    "save_array",
    "save_upsampled",
    "storable",
    "stored_dtype",
]


def open_volume(path: Path) -> Volume:
    """Return the volume in `path`; nothing but its description is read yet."""
    volume = registry.kind_of(registry.input_suffix(path)).open_volume(path)
    counted = len(volume.shape)
    while counted > 3 and volume.shape[counted - 1] == 1 and not volume.named:
        counted -= 1  # an axis of length one at the end counts nothing
    if counted < 3 or (counted > 4 and not volume.named):
        legal = "3 axes, or 4, unless the file names them"
        raise ValueError(f"a volume must have {legal}; got shape {volume.shape} in {path}")
    if 0 in volume.shape:
        raise ValueError(f"a volume must not be empty, got shape {volume.shape} in {path}")
    return volume


def storable(volume: Volume, suffix: str) -> Volume:
    """Return the volume with results of a precision that a file of this kind can hold."""
    return replace(volume, dtype=stored_dtype(volume.dtype, suffix))


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write 3-D `results`, one after another as they come, to `part` as the kind `suffix`."""
    registry.kind_of(suffix).save_upsampled(part, suffix, volume, factors, results)


def check_array_output(path: Path) -> None:
    """Raise unless arrays of any rank can be written to a file of this name."""
    _arrays(registry.suffix_of(path), "written to", path)


def check_array_input(path: Path) -> None:
    """Raise unless arrays of any rank are read from files of this kind."""
    _arrays(registry.input_suffix(path), "read from", path)


def read_array(path: Path) -> NDArray[Any]:
    """Return an array of any rank; it may be mapped into memory read-only."""
    return _arrays(registry.input_suffix(path), "read from", path).read(path)


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array of any rank to `part` as the kind `suffix`."""
    dtype = stored_dtype(array.dtype, suffix)
    _arrays(suffix, "written to", suffix).save(part, suffix, array.astype(dtype, copy=False))


def _arrays(suffix: str, verb: str, got: object) -> registry.Arrays:
    """Return how a kind of file keeps arrays of any rank."""
    found = registry.kind_of(suffix).arrays
    if found is None:
        legal = registry.listed(registry.array_suffixes(), "and")
        raise ValueError(f"arrays are {verb} {legal} only, got {got}")
    return found


def stored_dtype(dtype: np.dtype[Any], suffix: str) -> np.dtype[Any]:
    """Return the precision that results of `dtype` are stored in: the same, or the next wider."""
    held = registry.kind_of(suffix).dtypes
    if not held or dtype.name in held:
        return dtype
    wider = [np.dtype(name) for name in held if np.can_cast(dtype, name)]
    if not wider:
        legal = registry.listed(held, "or")
        raise ValueError(f"a {suffix} holds results of {legal} only, got {dtype}")
    return min(wider, key=lambda fitting: fitting.itemsize)
