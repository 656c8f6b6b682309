"""The gradients of a layer: convolution, bias and activation."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from .._call.gradients import Backward, Correlation, as_backward
from .._run import gradients

__all__ = ["Gradients", "conv3d_backprop", "conv3d_transpose_backprop"]

Array = NDArray[Any]


class Gradients(NamedTuple):
    """The gradients of a layer with respect to its arrays; None where it was not asked for."""

    input: Array | None
    filters: Array | None
    bias: Array | None


def conv3d_backprop(
    out_backprop: Any,
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
    output: Any = None,
    groups: int = 1,
    wrt: Any = ("input", "filters", "bias"),
    threads: int | None = None,
    algorithm: str | None = None,
) -> Gradients:
    """Compute the gradients of `conv3d` with respect to its input, filters and bias.

    Parameters
    ----------
    out_backprop : array_like, shape of the result of `conv3d`
        The gradient with respect to the result.
    input : array_like, shape (batch, depth, height, width, in_channels)
        What `conv3d` was given, as the arguments that follow.
    filters : array_like, shape (depth, height, width, in_channels / groups, out_channels)
        The kernel.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the windows lie in the input.
    padding : {'SAME', 'VALID'}
        The padding.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of all but filters and bias. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.
    bias : array_like, shape (out_channels,), optional
        The bias, if there was one. It is needed where the result is computed again.
    activation : str, optional
        The activation. None is 'linear'.
    output : array_like, shape of `out_backprop`, optional
        The result of `conv3d`, with which the activation's gradient is a product. For 'gelu',
        'gelu_tanh', 'swish' and 'mish', which fall and rise, it does not suffice: for these, and
        without `output`, the convolution is computed again.
    groups : int, default 1
        Into how many groups the channels are cut, each with filters of its own.
    wrt : str or sequence of str, default ('input', 'filters', 'bias')
        Which gradients are computed.
    threads : int, optional
        How many threads may work, default all. The results do not depend on it, to the bit.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3d`: of the gradients of input and filters, and of what is computed
        again.

    Returns
    -------
    Gradients
        A named tuple: input, filters, bias; None where it is not in `wrt`. Of the shapes and dtype
        of these arrays. float16 and bfloat16 are summed in float32.

    Raises
    ------
    ValueError
        If an argument has an illegal value; the message says which would be legal.
    TypeError
        If an argument is of the wrong kind, such as an unsupported dtype.
    MemoryError
        If there is not enough memory.

    See Also
    --------
    conv3d_transpose_backprop : The same for the transposed convolution.
    conv3d_backprop_filter : The gradient of the filters alone.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.float32([1, 2, 3, 4]).reshape(1, 1, 1, 4, 1)
    >>> w = np.float32([1, -1]).reshape(1, 1, 2, 1, 1)
    >>> dy = np.float32([1, 10, 100]).reshape(1, 1, 1, 3, 1)
    >>> dx, dw, db = conv3dt.conv3d_backprop(dy, x, w, 1, "VALID")
    >>> dx.ravel(), dw.ravel(), db
    (array([   1.,    9.,   90., -100.], dtype=float32), array([321., 432.], dtype=float32), \
array([111.], dtype=float32))
    """
    call = as_backward(
        "conv3d_backprop", out_backprop, input, filters, strides, padding, data_format, dilations,
        bias=bias, activation=activation, output=output, groups=groups, wrt=wrt, threads=threads,
        algorithm=algorithm,
    )  # fmt: skip
    return _gradients(call)


def conv3d_transpose_backprop(
    out_backprop: Any,
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
    *,
    bias: Any = None,
    activation: str | None = None,
    output: Any = None,
    groups: int = 1,
    wrt: Any = ("input", "filters", "bias"),
    threads: int | None = None,
    algorithm: str | None = None,
) -> Gradients:
    """Compute the gradients of `conv3d_transpose` with respect to its input, filters and bias.

    No `output_shape` is asked for: it is that of `out_backprop`.

    Parameters
    ----------
    out_backprop : array_like, shape of the result of `conv3d_transpose`
        The gradient with respect to the result.
    input : array_like, shape (batch, depth, height, width, in_channels)
        What `conv3d_transpose` was given, as the arguments that follow.
    filters : array_like, shape (depth, height, width, out_channels / groups, in_channels)
        The kernel.
    strides : int or sequence of 1, 3 or 5 int
        How far apart the inputs lie in the result. None is 1.
    padding : {'SAME', 'VALID'}, default 'SAME'
        The padding.
    data_format : {'NDHWC', 'NCDHW'}, default 'NDHWC'
        Order of the dimensions of all but filters and bias. None is 'NDHWC'.
    dilations : int or sequence of 1, 3 or 5 int, default 1
        How far apart the taps of the kernel lie.
    name : object, optional
        Accepted and not used: there is no graph.
    bias : array_like, shape (out_channels,), optional
        The bias, if there was one. It is needed where the result is computed again.
    activation, output
        As in `conv3d_backprop`.
    groups : int, default 1
        Into how many groups the channels are cut, each with filters of its own.
    wrt : str or sequence of str, default ('input', 'filters', 'bias')
        Which gradients are computed.
    threads : int, optional
        How many threads may work, default all. The results do not depend on it, to the bit.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        As in `conv3d_transpose`: of the gradients of input and filters, and of what is computed
        again.

    Returns
    -------
    Gradients
        A named tuple: input, filters, bias; None where it is not in `wrt`.

    Raises
    ------
    ValueError
        If an argument has an illegal value; the message says which would be legal.
    TypeError
        If an argument is of the wrong kind, such as an unsupported dtype.
    MemoryError
        If there is not enough memory.

    See Also
    --------
    conv3d_backprop : The same for the forward convolution.
    conv3d_backprop_filter : The gradient of the filters alone.

    Examples
    --------
    A step down the slope of the squares of a result:

    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.float32([1, 2]).reshape(1, 1, 1, 2, 1)
    >>> w = np.float32([1, -1]).reshape(1, 1, 2, 1, 1)
    >>> y = conv3dt.conv3d_transpose(x, w, (1, 1, 1, 4, 1), (1, 1, 2), activation="relu")
    >>> y.ravel()
    array([1., 0., 2., 0.], dtype=float32)
    >>> found = conv3dt.conv3d_transpose_backprop(
    ...     2 * y, x, w, (1, 1, 2), activation="relu", output=y
    ... )
    >>> found.filters.ravel(), found.bias
    (array([10.,  0.], dtype=float32), array([6.], dtype=float32))
    """
    call = as_backward(
        "conv3d_transpose_backprop", out_backprop, input, filters, strides, padding, data_format,
        dilations, bias=bias, activation=activation, output=output, groups=groups, wrt=wrt,
        threads=threads, algorithm=algorithm,
    )  # fmt: skip
    return _gradients(call)


def _gradients(call: Backward) -> Gradients:
    """Return the gradients that are asked for."""
    dz, bias = gradients.through_activation(call)
    x = gradients.of_input(call, dz) if "input" in call.wrt else None
    w = gradients.of_filters(_correlation(call, dz)) if "filters" in call.wrt else None
    return Gradients(x, w, bias)


def _correlation(call: Backward, dz: Array) -> Correlation:
    """Return which two arrays give the gradient of the filters."""
    r = call.request
    if r.forward:
        return Correlation(r, call.input, dz, None, call.groups, call.threads)
    around = r._replace(i=r.o, o=r.i, ci=r.co, co=r.ci, forward=True)
    return Correlation(around, dz, call.input, None, call.groups, call.threads)
