"""Upsampling of arrays of dask."""

from typing import Any

import dask.array as da
import numpy as np

from .._call.scalars import as_integers, shown
from .._run.blocks.upsampling import Upsampling
from .arrays import as_lazy, as_threads, lazy

__all__ = ["upsample"]

_NAME = "upsample"


def upsample(
    volume: Any,
    factor: Any = 2,
    axes: Any = (0, 1, 2),
    *,
    threads: int | None = None,
    chunks: Any = None,
) -> da.Array:
    """Make a volume finer by linear interpolation, as `conv3dt upsample` does.

    A transposed convolution with the trilinear kernel. Inside, the result is the linear
    interpolation; at the borders the outermost voxels are repeated, so that a constant volume stays
    constant. Input and result fill the same box in space.

    Parameters
    ----------
    volume : dask array, 3-D or more
        Anything else that `dask.array.asarray` takes, such as a zarr array, becomes one. Integers
        of any kind, or floating-point numbers.
    factor : int or sequence of 3 int, default 2
        How many times as many voxels there are, one for all `axes` or one for each.
    axes : sequence of 3 int, default (0, 1, 2)
        Which axes are those of space. Along others, as channels or time, each volume is treated on
        its own.
    threads : int, optional
        How many threads each task may use, default its share, as in `conv3d_transpose`.
    chunks : optional
        Of the result, in any form that dask takes. By default chunks of c voxels give chunks of
        c * factor.

    Returns
    -------
    dask array
        float64 and float16 stay what they are, all else becomes float32.

    Raises
    ------
    ValueError, TypeError
        If an argument is illegal, at once.

    See Also
    --------
    conv3d_transpose : With filters of one's own.

    Examples
    --------
    >>> import dask.array as da
    >>> import conv3dt.dask
    >>> x = da.arange(4, chunks=2, dtype="uint8").reshape(1, 1, 4)
    >>> conv3dt.dask.upsample(x, (1, 1, 2)).compute().ravel()
    array([0.  , 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.  ], dtype=float32)
    """
    x = as_lazy(_NAME, volume)
    space: Any = _as_axes(axes, x.ndim)
    factors: Any = as_integers(_NAME, "factor", factor)
    if len(factors) not in (1, 3) or min(factors) < 1:
        raise ValueError(
            f"{_NAME}: factor must be one or three integers from 1; got {shown(factor)}."
        )
    factors = factors * 3 if len(factors) == 1 else factors
    work = Upsampling(x.shape, factors, space, _result_of(x.dtype))
    return lazy(work, x, _NAME, chunks, as_threads(_NAME, threads))


def _as_axes(axes: Any, ndim: int) -> Any:
    """Return three different axes, counted from the front."""
    found = as_integers(_NAME, "axes", axes)
    if ndim < 3:
        raise ValueError(f"{_NAME}: volume must have at least 3 dimensions; got {ndim}.")
    counted = tuple(a % ndim for a in found if -ndim <= a < ndim)
    if len(found) != 3 or len({*counted}) != 3:
        raise ValueError(
            f"{_NAME}: axes must be three different ones from {-ndim} to {ndim - 1};"
            f" got {shown(axes)}."
        )
    return counted


def _result_of(dtype: Any) -> Any:
    """Return the dtype of the result."""
    if dtype.kind not in "biuf":
        raise TypeError(f"{_NAME}: volume must have a dtype of real numbers; got {dtype}.")
    if dtype.kind == "f" and dtype.itemsize != 4:
        return np.dtype(np.float16 if dtype.itemsize == 2 else np.float64)
    return np.dtype(np.float32)
