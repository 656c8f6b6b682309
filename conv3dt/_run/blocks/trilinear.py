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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["border", "border_sums", "kernel", "taps"]


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


@lru_cache(maxsize=64)
def border(length: int, factor: int) -> dict[int, float]:
    """Return the outputs of an axis of `length` inputs that are too small, and how small for ones.

    Inside, sums of the hats are 1 but for rounding; in the border at most 1 - 1/(2*factor). It lies
    within `factor` outputs of either end, where two inputs are as good as all.
    """
    some = border_sums(min(length, 2), factor)
    first, behind = some[: len(some) // 2 or None], length * factor - len(some)
    found = dict(enumerate(first)) | {behind + n: x for n, x in enumerate(some) if n >= len(first)}
    return {row: float(x) for row, x in found.items() if x < 1 - 0.25 / factor}
