"""A volume: its voxels, and where they lie in space.

Three axes of a volume are those of space. Others count channels or points in time, and each 3-D
volume along them stands on its own. One of them at a time is read, worked on and written, in the
order in which those of a NIfTI lie on disk: the first of the other axes runs fastest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Affine",
    "Floats",
    "Triple",
    "Volume",
    "refined",
    "result_dtype",
    "upsampled_shape",
    "voxel_size",
]

Affine: TypeAlias = NDArray[np.float64]  # (4, 4): voxel index -> position in space
Floats: TypeAlias = NDArray[Any]  # real floating point, of a precision known at run time
Triple: TypeAlias = tuple[int, int, int]  # one value for each of the axes D, H, W


@dataclass(frozen=True)
class Volume:
    """A 3-D image in a file, or a series of them along its other axes.

    A kind of file that keeps more of its inputs derives a class of its own.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]  # of results; see `result_dtype`
    read: Callable[[int], NDArray[Any]]  # the t-th 3-D volume, as it is stored
    affine: Affine | None = None  # where known
    unit: str = "mm"  # of the space that `affine` leads to
    space: Triple = (0, 1, 2)  # the axes of space, in the order of the array
    named: bool = False  # whether the file tells which they are
    anatomical: bool = True  # whether `affine` leads to right, anterior and superior
    finish: Callable[[], None] = lambda: None  # raises if anything that was read was damaged

    @property
    def others(self) -> tuple[int, ...]:
        """The axes that are not those of space."""
        return tuple(axis for axis in range(len(self.shape)) if axis not in self.space)

    @property
    def count(self) -> int:
        """How many 3-D volumes there are."""
        return prod(self.shape[axis] for axis in self.others)

    def place(self, t: int) -> tuple[int | slice, ...]:
        """Return the index of the t-th volume in an array of all.

        >>> Volume((2, 5, 6, 7), np.dtype("f4"), np.ones, space=(1, 2, 3)).place(1)
        (1, slice(None, None, None), slice(None, None, None), slice(None, None, None))
        """
        found: list[int | slice] = [slice(None)] * len(self.shape)
        numbers = np.unravel_index(t, [self.shape[axis] for axis in self.others], order="F")
        for axis, number in zip(self.others, numbers, strict=True):
            found[axis] = int(number)
        return tuple(found)

    def floats(self, t: int) -> Floats:
        """Return the t-th volume in the precision of the work, float64 or float32."""
        dtype = np.float64 if self.dtype == np.float64 else np.float32
        return np.asarray(self.read(t), dtype=dtype)


def result_dtype(dtype: np.dtype[Any], path: Path) -> np.dtype[Any]:
    """Return what results are stored as: float16 and float64 stay, all else is float32."""
    if dtype.kind not in "biuf":
        raise TypeError(f"a volume must hold real numbers, got {dtype} in {path}")
    if dtype.kind == "f" and dtype.itemsize != 4:
        return np.dtype(np.float16 if dtype.itemsize == 2 else np.float64)
    return np.dtype(np.float32)


def upsampled_shape(
    shape: tuple[int, ...], factors: Triple, space: Triple = (0, 1, 2)
) -> tuple[int, ...]:
    """Return the shape with its extents in space multiplied.

    >>> upsampled_shape((3, 4, 5, 6), (2, 1, 2), (1, 2, 3))
    (3, 8, 5, 12)
    """
    found = list(shape)
    for axis, factor in zip(space, factors, strict=True):
        found[axis] *= factor
    return tuple(found)


def refined(affine: Affine, factors: Sequence[float]) -> Affine:
    """Return the affine of the upsampled volume, by relation (1) of `trilinear`.

    Each voxel is divided, and the first centre moves towards the corner by half of what the voxel
    lost, so that both volumes fill the same box.

    >>> refined(np.diag([4.0, 4.0, 4.0, 1.0]), (2, 2, 1))
    array([[ 2.,  0.,  0., -1.],
           [ 0.,  2.,  0., -1.],
           [ 0.,  0.,  4.,  0.],
           [ 0.,  0.,  0.,  1.]])
    """
    share = 1 / np.array(factors, dtype=np.float64)
    within = np.diag([*share, 1.0])
    within[:3, 3] = 0.5 * share - 0.5
    return affine @ within


def voxel_size(affine: Affine) -> tuple[float, ...]:
    """Return the distances between neighbouring voxels along the three axes."""
    return tuple(np.linalg.norm(affine[:3, :3], axis=0).tolist())
