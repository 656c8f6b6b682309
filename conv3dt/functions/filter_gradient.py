"""The gradient of the filters alone, TensorFlow's operation with more to ask for."""

from typing import Any

from numpy.typing import NDArray

from .._call.gradients import as_correlation, shaped
from .._geometry.formats import FORMATS
from .._run import gradients
from .._run.filter_groups import explain_groups
from .._ways.correlate.cut import Cut

__all__ = ["conv3d_backprop_filter", "explain_conv3d_backprop_filter"]


def conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
    *,
    groups: int = 1,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
) -> NDArray[Any]:
    """Compute the gradient of `conv3d` with respect to its filters.

    The positional arguments are those of `tf.compat.v1.nn.conv3d_backprop_filter_v2`. For the
    filters of a transposed convolution the roles change: `input` is the gradient of its result,
    `out_backprop` its input.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        What `conv3d` was given; (batch, in_channels, depth, height, width) for 'NCDHW'. There may
        be several batch dimensions. dtype float16, bfloat16, float32 or float64, in any memory
        layout; anything with `__array__` or `__dlpack__`.
    filter_sizes : sequence of 5 int
        Shape of the filters: depth, height, width, in_channels / groups, out_channels.
    out_backprop : array_like, shape of the result of `conv3d`
        The gradient with respect to the result; of the same dtype.
    strides : int or sequence of 1, 3 or 5 int
        As in `conv3d`; so are padding, data_format and dilations.
    padding : {'SAME', 'VALID'}
        The padding of the convolution.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of both arrays. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.
    groups : int, default 1
        Into how many groups the channels are cut, each with filters of its own.
    out : ndarray, shape `filter_sizes`, optional
        Receives the result and is returned. C-contiguous, of the same dtype as `input`, sharing no
        memory with the other arrays.
    threads : int, optional
        How many threads may work, default all. The result does not depend on it, to the bit.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        'direct' makes the sums of the definition; 'minimal', where it can, fewer products (minimal
        filtering), which changes the last bits; 'auto' what is predicted to be faster. None is the
        environment variable CONV3DT_ALGORITHM, else 'auto'.

    Returns
    -------
    ndarray, shape `filter_sizes`
        With the dtype of `input`. float16 and bfloat16 are summed in float32.

    Raises
    ------
    ValueError
        If an argument has an illegal value; the message says which would be legal.
    TypeError
        If an argument is of the wrong kind, such as an unsupported dtype.
    MemoryError
        If there is not enough memory, before any work.

    See Also
    --------
    conv3d_backprop, conv3d_transpose_backprop : All gradients of a layer.
    explain_conv3d_backprop_filter : How a call is computed.

    Examples
    --------
    Of a kernel of 2 the first tap meets the inputs 1, 2 and 3, the second one 2, 3 and 4:

    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.float32([1, 2, 3, 4]).reshape(1, 1, 1, 4, 1)
    >>> dy = np.float32([1, 10, 100]).reshape(1, 1, 1, 3, 1)
    >>> conv3dt.conv3d_backprop_filter(x, (1, 1, 2, 1, 1), dy, 1, "VALID").ravel()
    array([321., 432.], dtype=float32)
    """
    call = as_correlation(
        "conv3d_backprop_filter", input, filter_sizes, out_backprop, strides, padding, data_format,
        dilations, groups=groups, out=out, threads=threads, algorithm=algorithm,
    )  # fmt: skip
    result = gradients.of_filters(call)
    return result if out is None else out


def explain_conv3d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
    *,
    groups: int = 1,
    threads: int | None = None,
    algorithm: str | None = None,
    dtype: Any = None,
) -> Cut:
    """Return how `conv3d_backprop_filter` would compute these arguments; print it.

    Nothing is computed, compiled or allocated.

    Parameters
    ----------
    input, out_backprop : array_like, or sequence of int
        The arrays of the call, or only their shapes.
    filter_sizes, strides, padding, data_format, dilations, name, groups, threads
        As in `conv3d_backprop_filter`.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3d_backprop_filter`.
    dtype : dtype_like, default 'float32'
        What the shapes are shapes of.

    Returns
    -------
    plan
        Prints what it does: taps and channels of a tile, products saved, positions summed together,
        memory.

    Raises
    ------
    ValueError, TypeError
        For the arguments for which `conv3d_backprop_filter` raises it.

    See Also
    --------
    conv3d_backprop_filter : Compute it.

    Examples
    --------
    >>> import conv3dt
    >>> x, dy = (1, 32, 32, 32, 16), (1, 16, 16, 16, 32)
    >>> plan = conv3dt.explain_conv3d_backprop_filter(x, (3, 3, 3, 16, 32), dy, 2, "SAME")
    >>> "float32" in str(plan)
    True
    """
    function = "explain_conv3d_backprop_filter"
    x = shaped(function, "input", input, dtype)
    dy = shaped(function, "out_backprop", out_backprop, dtype)
    call = as_correlation(
        function, x, filter_sizes, dy, strides, padding, data_format, dilations,
        groups=groups, threads=threads, algorithm=algorithm,
    )  # fmt: skip
    r, last = call.request, not FORMATS[call.request.data_format].apart
    how, shapes = (r.k, r.s, r.d, r.p), (call.big.shape, call.small.shape)
    options: Any = {"dtype": r.dtype, "threads": call.threads, "algorithm": r.algorithm}
    return explain_groups(*shapes, how, last, call.groups, **options)
