"""The convolution and its gradients."""

from typing import Any

from numpy.typing import NDArray

from ..functions.activation_gradients import bias_gradient
from ..functions.filter_gradient import conv3d_backprop_filter
from ..functions.forward import conv3d
from ..functions.transposed import conv3d_transpose

__all__ = ["BiasAddGrad", "Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"]

ONCE = (1, 1, 1, 1, 1)


def Conv3D(
    *,
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = ONCE,
    name: Any = None,
) -> NDArray[Any]:
    """Compute the 3-D convolution, as `conv3dt.conv3d`.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'.
    filter : array_like, shape (depth, height, width, in_channels, out_channels)
        The kernel.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the windows lie in the input; 5 in TensorFlow.
    padding : {'SAME', 'VALID'}
        The padding.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray
        The result.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `conv3dt.conv3d`.

    See Also
    --------
    conv3dt.conv3d : The same with bias and activation.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt import raw_ops
    >>> x = np.float32([1, 2, 3, 4]).reshape(1, 1, 1, 4, 1)
    >>> w = np.float32([1, -1]).reshape(1, 1, 2, 1, 1)
    >>> raw_ops.Conv3D(input=x, filter=w, strides=[1] * 5, padding="VALID").ravel()
    array([-1., -1., -1.], dtype=float32)
    """
    return conv3d(input, filter, strides, padding, data_format, dilations)


def Conv3DBackpropInputV2(
    *,
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = ONCE,
    name: Any = None,
) -> NDArray[Any]:
    """Compute the gradient of `Conv3D` with respect to its input: the transposed convolution.

    Parameters
    ----------
    input_sizes : sequence of 5 int
        Shape of the input of `Conv3D`: that of the result.
    filter : array_like, shape (depth, height, width, in_channels, out_channels)
        The kernel.
    out_backprop : array_like
        The gradient with respect to the result of `Conv3D`.
    strides, padding, data_format, dilations, name
        As in `Conv3D`.

    Returns
    -------
    ndarray, shape `input_sizes`
        The gradient.

    Raises
    ------
    ValueError, TypeError, MemoryError
        As `conv3dt.conv3d_transpose`, whose output_shape is `input_sizes`.

    See Also
    --------
    conv3dt.conv3d_transpose : The same with bias and activation.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt import raw_ops
    >>> dy = np.float32([1, 10]).reshape(1, 1, 1, 2, 1)
    >>> w = np.float32([1, -1]).reshape(1, 1, 2, 1, 1)
    >>> raw_ops.Conv3DBackpropInputV2(
    ...     input_sizes=[1, 1, 1, 3, 1], filter=w, out_backprop=dy, strides=[1] * 5, padding="VALID"
    ... ).ravel()
    array([  1.,   9., -10.], dtype=float32)
    """
    return conv3d_transpose(
        out_backprop, filter, input_sizes, strides, padding, data_format, dilations
    )


def Conv3DBackpropFilterV2(
    *,
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = ONCE,
    name: Any = None,
) -> NDArray[Any]:
    """Compute the gradient of `Conv3D` with respect to its filter.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        What `Conv3D` was given.
    filter_sizes : sequence of 5 int
        Shape of the filter: that of the result.
    out_backprop : array_like
        The gradient with respect to the result of `Conv3D`.
    strides, padding, data_format, dilations, name
        As in `Conv3D`.

    Returns
    -------
    ndarray, shape `filter_sizes`
        The gradient.

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
    >>> from conv3dt import raw_ops
    >>> x = np.float32([1, 2, 3]).reshape(1, 1, 1, 3, 1)
    >>> dy = np.float32([1, 10]).reshape(1, 1, 1, 2, 1)
    >>> raw_ops.Conv3DBackpropFilterV2(
    ...     input=x, filter_sizes=[1, 1, 2, 1, 1], out_backprop=dy, strides=[1] * 5, padding="VALID"
    ... ).ravel()
    array([21., 32.], dtype=float32)
    """
    return conv3d_backprop_filter(
        input, filter_sizes, out_backprop, strides, padding, data_format, dilations
    )


def BiasAddGrad(*, out_backprop: Any, data_format: Any = "NHWC", name: Any = None) -> NDArray[Any]:
    """Sum a gradient over all dimensions but the channels.

    Parameters
    ----------
    out_backprop : array_like, of at least 2 dimensions
        The gradient.
    data_format : {'NHWC', 'NCHW'}, default 'NHWC'
        Whether the channels are the last dimension, or the second; so for any number of dimensions.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray, shape (channels,)
        The gradient of the bias. The bits do not depend on threads.

    Raises
    ------
    ValueError
        If the array has fewer dimensions, or the format is none of these.
    TypeError
        If the dtype is not supported.

    See Also
    --------
    conv3dt.conv3d_backprop : With it, in the pass that is made for the activation.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt import raw_ops
    >>> raw_ops.BiasAddGrad(out_backprop=np.ones((2, 3, 4, 5, 6), np.float32))
    array([120., 120., 120., 120., 120., 120.], dtype=float32)
    """
    return bias_gradient("BiasAddGrad", out_backprop, data_format)
