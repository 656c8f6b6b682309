"""What the array or the image will be that a stream writes, before anything is on disk."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from conv3dt._run.blocks.work import Work

from .. import volumes
from ..formats import ome, zarr_axes, zarr_layout
from ..formats.zarr_layout import Pieces
from ..grid import Triple, Volume
from ..kinds.zarrs import ZarrVolume
from . import grids
from .source import Source

__all__ = ["Layout", "planned"]

NIFTI = "xyztuvw"  # what NIfTI calls axes
CHANNELS = (0, 0)  # the strides of an axis of which outputs need all inputs


@dataclass(frozen=True)
class Layout:
    """An array, or an image of several levels.

    Attributes
    ----------
    shape, dtype : tuple of int, dtype
        Of the finest level.
    space : (int, int, int)
        The axes of space.
    factors : (int, int, int)
        How many voxels along these an input voxel becomes; 1 where the input tells no places.
    pieces : Pieces
        Chunks and shards of the finest level.
    levels : int
        How many coarser ones there are.
    like : Any
        The zarr array whose layout is kept, None if there is none.
    volume : Volume, optional
        What tells places and attributes.
    names : list of str, optional
        Of the axes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    space: Triple
    factors: Triple
    pieces: Pieces
    levels: int
    like: Any = None
    volume: Volume | None = None
    names: list[str] | None = None

    def finer(self, level: int) -> tuple[float, ...]:
        """Return by how much the voxels of a level are finer than those of the input."""
        return tuple(factor / 2**level for factor in self.factors)

    @property
    def image(self) -> ome.Image | None:
        """What the input says of itself as an image."""
        return self.volume.image if isinstance(self.volume, ZarrVolume) else None


def planned(
    like: Volume | Source,
    work: Work,
    chunks: Triple | None = None,
    shards: Triple | None = None,
    levels: int = 0,
) -> Layout:
    """Return what the result of some work on an input is.

    Parameters
    ----------
    like : Volume or Source
        The input. A volume is upsampled: its place, attributes and layout are kept. Of any other
        array only the chunks decide something.
    work : Work
        What is computed.
    chunks, shards : (int, int, int), optional
        Extents along the axes of space that are asked for.
    levels : int
        How many coarser levels there are to be.

    Returns
    -------
    Layout
        Nothing is on disk yet.
    """
    if isinstance(like, Volume):
        return _of_volume(like, work, chunks, shards, levels)
    array = getattr(like, "array", None)
    dtype = volumes.stored_dtype(work.dtype, ".zarr")
    channels = tuple(n for n, strides in enumerate(work.strides) if tuple(strides) == CHANNELS)
    space: Triple = (2, 3, 4) if channels == (1,) else (1, 2, 3)
    default = grids.default(work.output_shape, space, dtype.itemsize, channels)
    kept = default if like.stored is None else _carried(like.stored, work, default, dtype)
    pieces = grids.chosen(work.output_shape, space, Pieces(kept), chunks, shards, levels)
    names = None if array is None else zarr_axes.names_of(array)
    return Layout(work.output_shape, dtype, space, (1, 1, 1), pieces, levels, names=names)


def _of_volume(
    volume: Volume, work: Work, chunks: Triple | None, shards: Triple | None, levels: int
) -> Layout:
    """Return what an upsampled volume is."""
    depth, height, width = (work.strides[axis][0] for axis in volume.space)
    factors: Triple = (depth, height, width)
    shape, dtype, like = work.output_shape, volume.dtype, None
    if isinstance(volume, ZarrVolume):
        like = volume.array
        kept = zarr_layout.grown(like, volume, factors)
        names = zarr_axes.names_of(like)
    else:
        kept = Pieces(grids.default(shape, volume.space, dtype.itemsize))
        names = list(NIFTI[: len(shape)]) if volume.named else None
    pieces = grids.chosen(shape, volume.space, kept, chunks, shards, levels)
    return Layout(shape, dtype, volume.space, factors, pieces, levels, like, volume, names)


def _carried(
    stored: tuple[int, ...], work: Work, default: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[int, ...]:
    """Return the input's chunks in outputs, the default where they are of another order of size."""
    found = list(default)
    for axis, (size, (a, b)) in enumerate(zip(stored, work.strides, strict=True)):
        if (a, b) != CHANNELS:
            found[axis] = max(1, min(size * a // b, work.output_shape[axis]))
    bytes_of_one = int(np.prod(found)) * dtype.itemsize
    small = bytes_of_one < grids.SMALLEST and found != list(work.output_shape)
    return default if small or bytes_of_one > zarr_layout.LARGEST_CHUNK else tuple(found)
