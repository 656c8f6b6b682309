"""NumPy's own files, of one array each."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.reading import readable
from ..grid import Floats, Triple, Volume, result_dtype, upsampled_shape
from .registry import Arrays, Kind, register

__all__ = ["open_volume", "read_array", "save_array", "save_upsampled"]

BLOCK = 2**24  # bytes that are written at once


def open_volume(path: Path) -> Volume:
    """Return the volume in a .npy file."""
    array = _mapped(path)
    dtype = result_dtype(array.dtype, path)

    def read(t: int) -> NDArray[Any]:
        return array[volume.place(t)]

    volume = Volume(array.shape, dtype, read)
    return volume


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write the results as one C-ordered array, which is held in memory as a whole.

    Mapping the file instead would end the process, not raise, when the disk is full.
    """
    whole = np.empty(upsampled_shape(volume.shape, factors, volume.space), volume.dtype)
    for t, result in enumerate(results):
        whole[volume.place(t)] = result
    save_array(part, suffix, whole)


def read_array(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file, mapped into memory read-only.

    Two bytes of no type are bfloat16: that is how NumPy keeps the arrays of ml_dtypes.
    """
    array = _mapped(path)
    if array.dtype.kind != "V" or array.dtype.itemsize != 2 or array.dtype.names:
        return array
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        need = "which needs ml_dtypes: pip install 'conv3dt[cli]'"
        raise ImportError(f"{path} holds bfloat16, {need}") from None
    return array.view(bfloat16)


def save_array(part: Path, suffix: str, array: NDArray[Any]) -> None:
    """Write an array to a new .npy file, C-ordered."""
    header = {"shape": array.shape, "fortran_order": False, "descr": array.dtype.str}
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    with part.open("xb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, content.size, BLOCK):  # tofile does not tell why a disk takes no more
            file.write(content[start : start + BLOCK].data)


def _mapped(path: Path) -> NDArray[Any]:
    """Return the array of a file as it is stored."""
    with readable(path, ".npy file"):
        array = np.lib.format.open_memmap(path, mode="r")
    surplus = path.stat().st_size - array.offset - array.nbytes
    if surplus > 0:
        warnings.warn(f"{path}: {surplus} bytes behind the array are not used", stacklevel=2)
    return array


register(Kind((".npy",), open_volume, save_upsampled, Arrays(read_array, save_array)))
