"""The transposed convolution: TensorFlow's operation with more to ask for."""

from typing import Any

from numpy.typing import NDArray

from .._call.arguments import as_call, as_shaped_call
from .._plan.grouping import plain_plan
from .._plan.plan import Plan
from .._run import grouped
from .lazy import is_lazy, lazily, several

__all__ = ["conv3d_transpose", "explain"]


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
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    region: Any = None,
    whole: Any = None,
    groups: int | None = 1,
) -> NDArray[Any]:
    """Compute the transposed 3-D convolution, with bias and activation.

    The transpose (gradient with respect to its input) of a 3-D convolution; also called
    deconvolution. The positional arguments are those of `tf.nn.conv3d_transpose`.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'. dtype float16, bfloat16, float32 or
        float64, in any memory layout; anything with `__array__` or `__dlpack__`.
    filters : array_like, shape (depth, height, width, out_channels, in_channels)
        The kernel, of the same dtype as `input`. A list of numbers takes the other's dtype.
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
    bias : array_like, shape (out_channels,), optional
        Added to the result; of the same dtype as `input`.
    activation : str, optional
        Applied after the bias: 'relu', 'relu6', 'leaky_relu' (slope 0.2), 'elu', 'selu', 'sigmoid',
        'hard_sigmoid' (0.2*x + 0.5), 'tanh', 'gelu', 'gelu_tanh' (its approximation), 'swish',
        'mish', 'softplus', 'softsign', 'exponential' or 'linear'. None is 'linear'.
    out : ndarray, shape `output_shape`, optional
        Receives the result and is returned. C-contiguous, of the same dtype as `input`, sharing no
        memory with the other arrays.
    threads : int, optional
        How many threads may work, default all. The result does not depend on it, to the bit.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        'direct' makes the sums of the definition; 'minimal', where it can, fewer products (minimal
        filtering), which changes the last bits; 'auto' what is predicted to be faster. None is the
        environment variable CONV3DT_ALGORITHM, else 'auto'. `explain` says what is done, and why.
    region : sequence of (int, int) or of slice, optional
        Compute only this part of the result: 3 ranges from .. to of depth, height and width, or 5
        in the order of `data_format`. `input` is then the part of the input that it needs (see
        `needed`). The bits are those of the whole result.
    whole : sequence of 5 int or array_like, optional
        With `region`: the shape of the whole input, or anything that has it as `shape`.
    groups : int or None, default 1
        Cut the channels into so many groups, each with filters of its own: `filters` has
        out_channels / groups as its fourth dimension. With as many groups as channels the
        convolution is depthwise. None is as many as fit, out_channels / filters.shape[3].

    Returns
    -------
    ndarray, shape `output_shape`, or that of the region
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
    explain : How a call is computed.
    needed : Which inputs a region needs.

    Examples
    --------
    Two by two inputs, a kernel of 2, stride 2: each input becomes a square.

    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.array([[1, 2], [3, 4]], np.float32).reshape(1, 1, 2, 2, 1)
    >>> w = np.ones((1, 2, 2, 1, 1), np.float32)
    >>> y = conv3dt.conv3d_transpose(x, w, (1, 1, 4, 4, 1), strides=(1, 2, 2))
    >>> y[0, 0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [3., 3., 4., 4.],
           [3., 3., 4., 4.]], dtype=float32)

    Bias and activation cost nothing extra:

    >>> y = conv3dt.conv3d_transpose(
    ...     x, w, (1, 1, 4, 4, 1), (1, 2, 2), bias=np.float32([-2]), activation="relu"
    ... )
    >>> y[0, 0, :, :, 0]
    array([[0., 0., 0., 0.],
           [0., 0., 0., 0.],
           [1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """
    if is_lazy(input):
        return lazily(
            "conv3d_transpose", input, filters, output_shape, strides, padding, data_format,
            dilations, bias=bias, activation=activation, threads=threads,
            algorithm=algorithm,
            excluded={"out": out, "region": region, "whole": whole, "groups": several(groups)},
        )  # fmt: skip
    call = as_call(
        "conv3d_transpose",
        input,
        filters,
        output_shape,
        strides,
        padding,
        data_format,
        dilations,
        bias=bias,
        activation=activation,
        out=out,
        threads=threads,
        algorithm=algorithm,
        region=region,
        whole=whole,
        groups=groups,
    )
    result = grouped.run(call)
    return result if out is None else out


def explain(
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
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    dtype: Any = None,
    region: Any = None,
    whole: Any = None,
    groups: int | None = 1,
) -> Plan:
    """Return the plan by which `conv3d_transpose` would compute these arguments.

    Nothing is computed, compiled or allocated.

    Parameters
    ----------
    input, filters, bias : array_like, or sequence of int
        The arrays of the call, or only their shapes. The input is taken to be C-contiguous, which
        some layers need not pack.
    output_shape, strides, padding, data_format, dilations, name, activation, out, threads
    algorithm, region, whole, groups
        As in `conv3d_transpose`.
    dtype : dtype_like, optional
        What the shapes are shapes of; default the dtype of the arrays, or float32 if there are
        none.

    Returns
    -------
    Plan
        Printed, it shows the output lengths and crops of each axis, the phases and taps, the
        kernel and tile and why they were chosen, work, memory, tasks and threads.

    Raises
    ------
    ValueError, TypeError
        For the arguments for which `conv3d_transpose` raises it.

    See Also
    --------
    conv3d_transpose : Compute it.

    Examples
    --------
    >>> import conv3dt
    >>> plan = conv3dt.explain((1, 16, 16, 16, 64), (4, 4, 4, 32, 64), (1, 32, 32, 32, 32), 2)
    >>> plan.request.p
    (1, 1, 1)
    """
    call = as_shaped_call(
        "explain",
        input,
        filters,
        output_shape,
        strides,
        padding,
        data_format,
        dilations,
        bias=bias,
        activation=activation,
        out=out,
        threads=threads,
        algorithm=algorithm,
        dtype=dtype,
        region=region,
        whole=whole,
        groups=groups,
    )
    return plain_plan(call.request, call.threads, call.part and call.part.whole)
