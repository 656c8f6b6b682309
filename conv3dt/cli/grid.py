"""A volume: its voxels, and where they lie in space.

A volume has three axes, or four: then the last one counts channels or points in time, and each
3-D volume along it stands on its own. One of them at a time is read, worked on and written.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    """A 3-D image in a file, or a series of them along its last axis.

    A kind of file that keeps more of its inputs derives a class of its own.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]  # of results; see `result_dtype`
    read: Callable[[int], NDArray[Any]]  # the t-th 3-D volume, as it is stored
    affine: Affine | None = None  # where known
    unit: str = "mm"  # of the space that `affine` leads to

    @property
    def count(self) -> int:
        """How many 3-D volumes there are."""
        return self.shape[3] if len(self.shape) == 4 else 1

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


def upsampled_shape(shape: tuple[int, ...], factors: Triple) -> tuple[int, ...]:
    """Return the shape with its first three extents multiplied."""
    return (*(i * s for i, s in zip(shape[:3], factors, strict=True)), *shape[3:])


def refined(affine: Affine, factors: Triple) -> Affine:
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
