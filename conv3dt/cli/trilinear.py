"""Linear interpolation of volumes that are in memory."""

import numpy as np

import conv3dt
from conv3dt._run.blocks.trilinear import kernel
from conv3dt._run.blocks.upsampling import Upsampling

from .grid import Floats, Triple

__all__ = ["transposed", "upsample"]


def transposed(volume: Floats, factors: Triple, threads: int | None = None) -> Floats:
    """Return the transposed convolution of a 3-D volume with the kernel, borders as they come."""
    filters = kernel(factors).astype(volume.dtype)[..., None, None]
    shape = [1, *(i * s for i, s in zip(volume.shape, factors, strict=True)), 1]
    result: Floats = conv3dt.conv3d_transpose(
        volume[None, ..., None], filters, shape, list(factors), padding="SAME", threads=threads
    )
    return result[0, ..., 0]


def upsample(volume: Floats, factors: Triple, threads: int | None = None) -> Floats:
    """Return a 3-D float volume, linearly interpolated to `factors` times its extents.

    The memory order of `volume` is kept, so that Fortran-ordered images cost no copy.
    """
    mirrored = volume.flags.f_contiguous and not volume.flags.c_contiguous
    work = Upsampling(volume.shape, factors, dtype=np.dtype(volume.dtype), mirrored=mirrored)
    return work.compute(volume, tuple(slice(0, o) for o in work.output_shape), threads)
