"""NumPy's own files, of one array each."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import Floats, Triple, Volume, result_dtype, upsampled_shape
from .registry import Arrays, Kind, register

__all__ = ["open_volume", "read_array", "save_array", "save_upsampled"]


def open_volume(path: Path) -> Volume:
    """Return the volume in a .npy file."""
    array = read_array(path)
    dtype = result_dtype(array.dtype, path)
    return Volume(array.shape, dtype, lambda t: array[..., t] if array.ndim == 4 else array)


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write the results as one C-ordered array, which is held in memory as a whole.

    Mapping the file instead would end the process, not raise, when the disk is full.
    """
    whole = np.empty(upsampled_shape(volume.shape, factors), volume.dtype)
    for t, result in enumerate(results):
        whole[(..., t) if whole.ndim == 4 else ...] = result
    save_array(part, suffix, whole)


def read_array(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file, mapped into memory read-only."""
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a readable .npy file: {error}") from error


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array to a new .npy file."""
    with part.open("xb") as file:
        np.lib.format.write_array(file, array, allow_pickle=False)


register(Kind((".npy",), open_volume, save_upsampled, Arrays(read_array, save_array)))
