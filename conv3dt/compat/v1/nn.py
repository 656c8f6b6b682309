"""Functions with the signatures of `tf.compat.v1.nn`."""

from typing import Any

from numpy.typing import NDArray

from ... import nn
from ...functions.filter_gradient import conv3d_backprop_filter as _of_filter
from ...nn import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    swish,
    tanh,
)

__all__ = [
    "conv3d",
    "conv3d_backprop_filter",
    "conv3d_backprop_filter_v2",
    "conv3d_transpose",
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def conv3d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    name: Any = None,
    input: Any = None,
    filters: Any = None,
    dilations: Any = None,
) -> NDArray[Any]:
    """Compute the transposed 3-D convolution, in the signature of TensorFlow 1.

    Mind the order: the seventh argument is `name` here, and `dilations` in
    `conv3dt.nn.conv3d_transpose`.

    Parameters
    ----------
    value : array_like, shape (batch, depth, height, width, in_channels)
        The input; (batch, in_channels, depth, height, width) for 'NCDHW'. dtype float16, bfloat16,
        float32 or float64.
    filter : array_like, shape (depth, height, width, out_channels, in_channels)
        The kernel, of the same dtype as `value`.
    output_shape : sequence of 5 int
        Shape of the result in the order of `data_format`. The batch may be -1.
    strides : int or sequence of 1, 3 or 5 int, default 1
        How far apart the inputs lie in the output; 5 in the order of `data_format`, with 1 for
        batch and channels.
    padding : {'SAME', 'VALID'}, default 'SAME'
        Which padding the forward convolution has that this one is the transpose of.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of `value` and of the result. None is 'NDHWC'.
    name : object, optional
        Accepted and not used: there is no graph.
    input, filters : array_like, optional
        Other names of `value` and `filter`.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.

    Returns
    -------
    ndarray, shape `output_shape`
        C-contiguous, with the dtype of `value`.

    Raises
    ------
    ValueError
        If an argument is given under both of its names, or has an illegal value.
    TypeError
        If an argument is missing, or is of the wrong kind.
    MemoryError
        If there is not enough memory, before any work.

    See Also
    --------
    conv3dt.conv3d_transpose : The same with bias, activation, `out` and `threads`.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> value = np.array([1, 10, 100], np.float32).reshape(1, 1, 1, 3, 1)
    >>> filter = np.array([1, 2, 3], np.float32).reshape(1, 1, 3, 1, 1)
    >>> y = conv3dt.compat.v1.nn.conv3d_transpose(
    ...     value, filter, [1, 1, 1, 7, 1], strides=[1, 1, 1, 2, 1], padding="VALID"
    ... )
    >>> y.ravel()
    array([  1.,   2.,  13.,  20., 130., 200., 300.], dtype=float32)
    """
    function = "conv3d_transpose"
    filter = _either(function, "filter", filter, "filters", filters)
    value = _either(function, "value", value, "input", input)
    _require(function, value=value, filter=filter, output_shape=output_shape)
    return nn.conv3d_transpose(
        value, filter, output_shape, strides, padding, data_format, dilations
    )


def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: Any = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: Any = None,
    filters: Any = None,
) -> NDArray[Any]:
    """Compute the 3-D convolution, in the signature of TensorFlow 1.

    The forward convolution: a cross-correlation, the kernel is not flipped.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'. dtype float16, bfloat16, float32 or
        float64.
    filter : array_like, shape (depth, height, width, in_channels, out_channels)
        The kernel, of the same dtype as `input`.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the windows lie in the input; 5 in the order of `data_format`, with 1 for
        batch and channels.
    padding : {'SAME', 'VALID'}
        Whether zeros are added around the input; see `conv3dt.nn.conv3d`.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of `input` and of the result. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.
    filters : array_like, optional
        Another name of `filter`.

    Returns
    -------
    ndarray, shape (batch, depth, height, width, out_channels)
        In the order of `data_format`, C-contiguous, with the dtype of `input`.

    Raises
    ------
    ValueError
        If an argument is given under both of its names, or has an illegal value.
    TypeError
        If an argument is missing, or is of the wrong kind.
    MemoryError
        If there is not enough memory, before any work.

    See Also
    --------
    conv3dt.conv3d : The same with bias, activation, `out` and `threads`.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6, 1)
    >>> filter = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1, 1)
    >>> conv3dt.compat.v1.nn.conv3d(x, filter, [1, 1, 1, 2, 1], "VALID").ravel()
    array([210., 432.], dtype=float32)
    """
    filter = _either("conv3d", "filter", filter, "filters", filters)
    _require("conv3d", filter=filter, strides=strides, padding=padding)
    return nn.conv3d(input, filter, strides, padding, data_format, dilations)


def conv3d_backprop_filter_v2(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: Any = None,
) -> NDArray[Any]:
    """Compute the gradient of `conv3d` with respect to its filter; also `conv3d_backprop_filter`.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        What `conv3d` was given; (batch, in_channels, depth, height, width) for 'NCDHW'.
    filter_sizes : sequence of 5 int
        Shape of the filter: that of the result.
    out_backprop : array_like
        The gradient with respect to the result of `conv3d`.
    strides, padding, data_format, dilations, name
        As in `conv3d`.

    Returns
    -------
    ndarray, shape `filter_sizes`
        The gradient, with the dtype of `input`.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `conv3dt.conv3d_backprop_filter`.

    See Also
    --------
    conv3dt.conv3d_backprop_filter : The same with groups, `out` and `threads`.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.compat import v1
    >>> x = np.float32([1, 2, 3]).reshape(1, 1, 1, 3, 1)
    >>> dy = np.float32([1, 10]).reshape(1, 1, 1, 2, 1)
    >>> v1.nn.conv3d_backprop_filter_v2(x, [1, 1, 2, 1, 1], dy, [1] * 5, "VALID").ravel()
    array([21., 32.], dtype=float32)
    """
    return _of_filter(input, filter_sizes, out_backprop, strides, padding, data_format, dilations)


conv3d_backprop_filter = conv3d_backprop_filter_v2


def _either(function: str, name: str, given: Any, alias: str, given_by_alias: Any) -> Any:
    """Return the argument that was given under one of two names."""
    if given is None:
        return given_by_alias
    if given_by_alias is not None:
        raise ValueError(f"{function}: Cannot specify both {name!r} and {alias!r}.")
    return given


def _require(function: str, **required: Any) -> None:
    """Reject arguments that are still None."""
    missing = ", ".join(repr(key) for key, given in required.items() if given is None)
    if missing:
        raise TypeError(f"{function}: missing required arguments: {missing}.")
