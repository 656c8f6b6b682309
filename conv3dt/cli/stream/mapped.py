"""Files that hold an array in one run, as inputs of streams: mapped into memory part by part."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.reading import readable
from ..kinds import nifti, npy
from ..kinds.nifti import Scaling
from .source import Place, Source

__all__ = ["Mapped", "open_nifti", "open_npy", "pieces"]

PIECE = 128  # voxels along the fastest axis, and at most along others
LARGEST = 2**21  # voxels


class Mapped(Source):
    """An array at an offset in a file.

    Every part is mapped on its own: of a mapping that stays, all pages that were ever read would
    count as memory of this process.
    """

    def __init__(self, path: Path, array: NDArray[Any], what: str, scaling: Scaling | None) -> None:
        assert isinstance(array, np.memmap)
        self.path, self.shape, self._what, self._scaling = path, array.shape, what, scaling
        self._stored, self._offset = array.dtype, int(array.offset)
        self.dtype = array.dtype if scaling is None else scaling.dtype
        self.mirrored = array.flags.f_contiguous and not array.flags.c_contiguous
        self._order: Any = "F" if self.mirrored else "C"
        axes = range(array.ndim)
        self.order = tuple(reversed(axes)) if self.mirrored else tuple(axes)
        self.chunks = pieces(self.shape, self.order)

    def read(self, place: Place) -> NDArray[Any]:
        """Return a part, in the memory order of the file."""
        with readable(self.path, self._what):
            mapped = np.memmap(
                self.path, self._stored, "r", self._offset, self.shape, self._order
            )  # fmt: skip
            found = np.array(mapped[place], order=self._order)
            return found if self._scaling is None else self._scaling.apply(found)


def pieces(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    """Return extents to read at once: as long as a chunk on the fast axes, fewer on the slow.

    >>> pieces((500, 500, 500), (0, 1, 2))
    (128, 128, 128)
    """
    found = [min(PIECE, length) for length in shape]
    for axis in order:
        while found[axis] > 1 and int(np.prod(found)) > LARGEST:
            found[axis] = -(-found[axis] // 2)
    return tuple(found)


def open_npy(path: Path) -> Source:
    """Return the array of a .npy file; two bytes of no type are bfloat16."""
    return Mapped(path, npy.read_array(path), ".npy file", None)


def open_nifti(path: Path, header: Any) -> Source:
    """Return the image of a .nii file that is not compressed."""
    offset, shape = int(header.get_data_offset()), header.get_data_shape()
    with readable(path, nifti.WHAT):
        array = np.memmap(path, header.get_data_dtype(), "r", offset, shape, "F")
    return Mapped(path, array, nifti.WHAT, nifti.scaling_of(header, path))
