"""The convolutions on arrays of dask."""

from typing import Any

import dask.array as da

from .._call.arguments import Call, as_call, as_forward_call
from .._call.arrays import placeholder
from .._run.blocks.convolution import Convolution
from .arrays import as_lazy, as_threads, lazy
from .batches import Batches

__all__ = ["conv3d", "conv3d_transpose", "prepared"]


def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
    *,
    bias: Any = None,
    activation: str | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    chunks: Any = None,
) -> da.Array:
    """Compute the transposed 3-D convolution of an array that need not fit into memory.

    The bits are those of `conv3dt.conv3d_transpose`, whatever the chunks. Each chunk of the result
    is one task, which takes from the chunks of the input that it reads what it needs, and no more.

    Parameters
    ----------
    input : dask array, shape (batch, depth, height, width, in_channels)
        Anything else that `dask.array.asarray` takes, such as a zarr array, becomes one.
    filters : array_like, shape (depth, height, width, out_channels, in_channels)
        As all others as in `conv3dt.conv3d_transpose`. Sent to each process once.
    output_shape, strides, padding, data_format, dilations, name, bias, activation, algorithm
        As in `conv3dt.conv3d_transpose`.
    threads : int, optional
        How many threads each task may use, default its share: a worker of dask.distributed divides
        its processors by its slots, `CONV3DT_NUM_THREADS` by its slots if that is set; the threaded
        scheduler has a task for each processor.
    chunks : optional
        Of the result, in any form that dask takes. By default chunks of c inputs give chunks of
        c * stride outputs, and all output channels.

    Returns
    -------
    dask array, shape `output_shape`
        Nothing is computed yet, but shape, dtype and chunks are known.

    Raises
    ------
    ValueError, TypeError
        At once, for the arguments for which `conv3dt.conv3d_transpose` raises it. Also if the shape
        of the input is unknown, or if it has several chunks of channels which are too large to be
        merged.

    See Also
    --------
    conv3dt.conv3d_transpose : The same at once.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import conv3dt.dask
    >>> x = da.arange(8, chunks=4, dtype=np.float32).reshape(1, 1, 1, 8, 1)
    >>> w = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1, 1)
    >>> y = conv3dt.dask.conv3d_transpose(x, w, (1, 1, 1, 16, 1), strides=(1, 1, 2))
    >>> y.chunks[3]
    (8, 8)
    >>> y[0, 0, 0, 6:10, 0].compute()
    array([203.,  30., 304.,  40.], dtype=float32)
    """
    function, x = "conv3d_transpose", as_lazy("conv3d_transpose", input)
    call = as_call(
        function, _standing_for(function, x), filters, output_shape, strides, padding, data_format,
        dilations, bias=bias, activation=activation, algorithm=algorithm,
    )  # fmt: skip
    return _lazy(function, call, x, threads, chunks)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
    *,
    bias: Any = None,
    activation: str | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    chunks: Any = None,
) -> da.Array:
    """Compute the 3-D convolution of an array that need not fit into memory.

    The bits are those of `conv3dt.conv3d`, whatever the chunks.

    Parameters
    ----------
    input : dask array, shape (batch, depth, height, width, in_channels)
        Anything else that `dask.array.asarray` takes becomes one. There may be several batch
        dimensions.
    filters : array_like, shape (depth, height, width, in_channels, out_channels)
        As all others as in `conv3dt.conv3d`. Sent to each process once.
    strides, padding, data_format, dilations, name, bias, activation, algorithm
        As in `conv3dt.conv3d`.
    threads : int, optional
        How many threads each task may use, default its share, as in `conv3d_transpose`.
    chunks : optional
        Of the result, in any form that dask takes. By default chunks of c inputs give chunks of
        c / stride outputs where that is a whole number, and all output channels.

    Returns
    -------
    dask array
        Nothing is computed yet, but shape, dtype and chunks are known.

    Raises
    ------
    ValueError, TypeError
        At once, as `conv3d_transpose`.

    See Also
    --------
    conv3dt.conv3d : The same at once.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> import conv3dt.dask
    >>> x = da.arange(8, chunks=4, dtype=np.float32).reshape(1, 1, 1, 8, 1)
    >>> w = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1, 1)
    >>> conv3dt.dask.conv3d(x, w, strides=2, padding="SAME").compute().ravel()
    array([210., 432., 654.,  76.], dtype=float32)
    """
    function, x = "conv3d", as_lazy("conv3d", input)
    call = as_forward_call(
        function, _standing_for(function, x), filters, strides, padding, data_format, dilations,
        bias=bias, activation=activation, algorithm=algorithm,
    )  # fmt: skip
    return _lazy(function, call, x, threads, chunks)


def prepared(self: Any, input: Any, output_shape: Any) -> da.Array:
    """Return what a `Prepared` returns of an array of dask."""
    function, x = "Prepared", as_lazy("Prepared", input)
    options = {**self._options, "threads": None}
    call = as_call(
        function, _standing_for(function, x), self.filters, output_shape, bias=self.bias,
        prepared=True, **options,
    )  # fmt: skip
    return _lazy(function, call, x, self._options["threads"], None)


def _standing_for(function: str, x: da.Array) -> Any:
    """Return an array of the shape and dtype of another one, which takes no memory."""
    return placeholder(function, "input", x.shape, x.dtype)


def _lazy(function: str, call: Call, x: da.Array, threads: Any, chunks: Any) -> da.Array:
    """Return the result of a call on an array whose stand-in the call has."""
    work: Any = Convolution(call)
    if call.batches and len(call.batches) > 1:
        work = Batches(work, call.batches)
    return lazy(work, x, function, chunks, as_threads(function, threads))
