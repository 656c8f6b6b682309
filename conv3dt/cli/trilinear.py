"""Linear interpolation as a transposed convolution: the kernel of FCN, and its borders.

Along one axis with factor s the kernel has 2s - s % 2 taps that rise and fall in a straight line
(the "bilinear" filler of fully convolutional networks, arXiv:1411.4038, in three dimensions). With
padding 'SAME' and an output length of i*s the crop is s // 2 rows, and output voxel o lies at

    x = (o + 0.5) / s - 0.5                                                     (1)

in units of input voxels counted from the centre of the first one; this holds for even and for odd
s. Hence input and output fill the same box in space, and input voxel i is split into the outputs
i*s .. i*s + s - 1. For odd s one of them lies on the input voxel's centre, for even s none does.

An output whose x lies outside the first or the last centre is reached by one tap only and comes out
too small. Dividing by the transposed convolution of ones repairs it: a constant volume stays
constant, and the border repeats the outermost voxel.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import conv3dt

from .grid import Floats, Triple

__all__ = ["border_sums", "kernel", "renormalise", "taps", "transposed", "upsample"]


def taps(factor: int) -> NDArray[np.float64]:
    """Return the kernel of one axis: a hat of height 1, `factor` wide to either side."""
    size = 2 * factor - factor % 2
    centre = factor - 1 if size % 2 else factor - 0.5
    hat: NDArray[np.float64] = 1 - np.abs(np.arange(size) - centre) / factor
    return hat


def kernel(factors: Sequence[int]) -> NDArray[np.float64]:
    """Return the kernel of three axes, the outer product of their hats."""
    depth, height, width = (taps(factor) for factor in factors)
    product: NDArray[np.float64] = depth[:, None, None] * height[:, None] * width
    return product


def border_sums(length: int, factor: int) -> NDArray[np.float64]:
    """Return the transposed convolution of `length` ones: 1 inside, less within the border."""
    ones = np.zeros((length - 1) * factor + 1)
    ones[::factor] = 1
    front = factor // 2
    return np.convolve(ones, taps(factor))[front : front + length * factor]


def transposed(volume: Floats, factors: Triple, threads: int | None = None) -> Floats:
    """Return the transposed convolution of a 3-D volume with the kernel, borders as they come."""
    filters = kernel(factors).astype(volume.dtype)[..., None, None]
    shape = [1, *(i * s for i, s in zip(volume.shape, factors, strict=True)), 1]
    result: Floats = conv3dt.conv3d_transpose(
        volume[None, ..., None], filters, shape, list(factors), padding="SAME", threads=threads
    )
    return result[0, ..., 0]


def renormalise(result: Floats, factors: Triple) -> None:
    """Divide the borders of `transposed`'s result, in place, by what ones would have given.

    The sums are separable, so each axis is divided on its own; only border rows are touched.
    """
    for axis, factor in enumerate(factors):
        rows = np.moveaxis(result, axis, 0)
        sums = border_sums(len(rows) // factor, factor)
        # inside, the sums are 1 but for rounding; in the border at most 1 - 1/(2*factor)
        for row in np.flatnonzero(sums < 1 - 0.25 / factor):
            rows[row] /= sums[row]


def upsample(volume: Floats, factors: Triple, threads: int | None = None) -> Floats:
    """Return a 3-D float volume, linearly interpolated to `factors` times its extents.

    The memory order of `volume` is kept, so that Fortran-ordered images cost no copy.
    """
    if volume.flags.f_contiguous and not volume.flags.c_contiguous:
        mirrored: Floats = upsample(volume.T, (factors[2], factors[1], factors[0]), threads).T
        return mirrored
    result = transposed(volume, factors, threads)
    renormalise(result, factors)
    return result
