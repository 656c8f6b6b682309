"""Functions with the signatures of `tf.nn`."""

from typing import Any

from numpy.typing import NDArray

from ._call.arguments import as_call
from ._run import grouped
from .functions import forward, transposed
from .functions.array_activations import (
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
from .functions.lazy import is_lazy

__all__ = [
    "conv3d",
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
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
) -> NDArray[Any]:
    """Compute the transposed 3-D convolution, in the signature of TensorFlow 2.

    The transpose (gradient with respect to its input) of a 3-D convolution; also called
    deconvolution.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'. dtype float16, bfloat16, float32 or
        float64, in any memory layout; anything with `__array__` or `__dlpack__`.
    filters : array_like, shape (depth, height, width, out_channels, in_channels)
        The kernel, of the same dtype as `input`. A list of numbers takes the other's dtype.
        If out_channels are a multiple of its fourth dimension, they are in so many groups, each
        with its share of the inputs.
    output_shape : sequence of 5 int
        Shape of the result in the order of `data_format`. The batch may be -1.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the inputs lie in the output; 5 in the order of `data_format`, with 1 for
        batch and channels. None is 1.
    padding : {'SAME', 'VALID'}, default 'SAME'
        Which padding the forward convolution has that this one is the transpose of. With stride s
        an axis of length i may become (i - 1)*s + 1 to i*s long ('SAME'), or (i - 1)*s + extent of
        the kernel, and up to s - 1 more ('VALID').
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of `input` and of the result. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray, shape `output_shape`
        C-contiguous, with the dtype of `input`. float16 and bfloat16 are summed in float32.

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
    conv3dt.conv3d_transpose : The same with bias, activation, `out` and `threads`.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt import nn
    >>> x = np.array([1, 10, 100], np.float32).reshape(1, 1, 1, 3, 1)
    >>> w = np.array([1, 2, 3], np.float32).reshape(1, 1, 3, 1, 1)
    >>> nn.conv3d_transpose(x, w, [1, 1, 1, 6, 1], strides=[1, 1, 2]).ravel()
    array([  1.,   2.,  13.,  20., 130., 200.], dtype=float32)

    An odd length is cropped in front, too:

    >>> nn.conv3d_transpose(x, w, [1, 1, 1, 5, 1], strides=[1, 1, 2]).ravel()
    array([  2.,  13.,  20., 130., 200.], dtype=float32)
    """
    if is_lazy(input):
        return transposed.conv3d_transpose(
            input, filters, output_shape, strides, padding, data_format, dilations
        )
    call = as_call(
        "conv3d_transpose", input, filters, output_shape, strides, padding, data_format, dilations,
        groups=None,
    )  # fmt: skip
    return grouped.run(call)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
) -> NDArray[Any]:
    """Compute the 3-D convolution, in the signature of TensorFlow 2.

    The forward convolution: a cross-correlation, the kernel is not flipped.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'. There may be several batch
        dimensions. dtype float16, bfloat16, float32 or float64, in any memory layout; anything with
        `__array__` or `__dlpack__`.
    filters : array_like, shape (depth, height, width, in_channels, out_channels)
        The kernel, of the same dtype as `input`. A list of numbers takes the other's dtype.
        If in_channels are a multiple of its fourth dimension, they are in so many groups, each with
        its share of the outputs.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the windows lie in the input; 5 in the order of `data_format`, with 1 for
        batch and channels.
    padding : {'SAME', 'VALID'}
        With stride s an axis of length i becomes ceil(i / s) long ('SAME': zeros are added around
        the input, the smaller half in front) or floor((i - extent of the kernel) / s) + 1
        ('VALID').
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of `input` and of the result. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.

    Returns
    -------
    ndarray, shape (batch, depth, height, width, out_channels)
        In the order of `data_format`, C-contiguous, with the dtype of `input`. float16 and bfloat16
        are summed in float32.

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
    conv3dt.conv3d : The same with bias, activation, `out` and `threads`.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt import nn
    >>> x = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6, 1)
    >>> w = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1, 1)
    >>> nn.conv3d(x, w, [1, 1, 1, 2, 1], "SAME").ravel()
    array([210., 432.,  54.], dtype=float32)
    """
    return forward.conv3d(input, filters, strides, padding, data_format, dilations, groups=None)
