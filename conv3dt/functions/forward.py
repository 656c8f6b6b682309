"""The forward convolution, with all that the library adds to TensorFlow's."""

from typing import Any

from numpy.typing import NDArray

from .._call.arguments import as_forward_call, as_shaped_call
from .._plan.grouping import plain_plan
from .._plan.plan import Plan
from .._run import grouped
from .lazy import is_lazy, lazily, several

__all__ = ["conv3d", "explain_conv3d"]


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
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    region: Any = None,
    whole: Any = None,
    groups: int | None = 1,
) -> NDArray[Any]:
    """Compute the 3-D convolution, with bias and activation.

    The forward convolution, of which `conv3d_transpose` with the same filters is the transpose: a
    cross-correlation, the kernel is not flipped. The positional arguments are those of
    `tf.nn.conv3d`.

    Parameters
    ----------
    input : array_like, shape (batch, depth, height, width, in_channels)
        (batch, in_channels, depth, height, width) for 'NCDHW'. There may be several batch
        dimensions. dtype float16, bfloat16, float32 or float64, in any memory layout; anything with
        `__array__` or `__dlpack__`.
    filters : array_like, shape (depth, height, width, in_channels, out_channels)
        The kernel, of the same dtype as `input`. A list of numbers takes the other's dtype.
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
    bias : array_like, shape (out_channels,), optional
        Added to the result; of the same dtype as `input`.
    activation : str, optional
        Applied after the bias; the names are those of `conv3d_transpose`. None is 'linear'.
    out : ndarray, shape of the result, optional
        Receives the result and is returned. C-contiguous, of the same dtype as `input`, sharing no
        memory with the other arrays.
    threads : int, optional
        How many threads may work, default all. The result does not depend on it, to the bit.
    algorithm : {'auto', 'direct', 'minimal'}, optional
        'direct' makes the sums of the definition; 'minimal', where it can, fewer products (minimal
        filtering), which changes the last bits; 'auto' what is predicted to be faster. None is the
        environment variable CONV3DT_ALGORITHM, else 'auto'. `explain_conv3d` says what is done, and
        why.
    region : sequence of (int, int) or of slice, optional
        Compute only this part of the result: 3 ranges from .. to of depth, height and width, or 5
        in the order of `data_format`. `input` is then the part of the input that it needs (see
        `needed_conv3d`). The bits are those of the whole result.
    whole : sequence of 5 int or array_like, optional
        With `region`: the shape of the whole input, or anything that has it as `shape`.
    groups : int or None, default 1
        Cut the channels into so many groups, each with filters of its own: `filters` has
        in_channels / groups as its fourth dimension. With as many groups as channels the
        convolution is depthwise. None is as many as fit, in_channels / filters.shape[3].

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
    conv3d_transpose : Its transpose.
    explain_conv3d : How a call is computed.
    needed_conv3d : Which inputs a region needs.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6, 1)
    >>> w = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1, 1)
    >>> conv3dt.conv3d(x, w, strides=1, padding="VALID").ravel()
    array([210., 321., 432., 543.], dtype=float32)

    With 'SAME' and stride 2, the one zero that is needed lies behind the input:

    >>> conv3dt.conv3d(x, w, 2, "SAME", bias=np.float32([-400]), activation="relu").ravel()
    array([ 0., 32.,  0.], dtype=float32)
    """
    if is_lazy(input):
        return lazily(
            "conv3d", input, filters, strides, padding, data_format, dilations,
            bias=bias, activation=activation, threads=threads,
            algorithm=algorithm,
            excluded={"out": out, "region": region, "whole": whole, "groups": several(groups)},
        )  # fmt: skip
    call = as_forward_call(
        "conv3d",
        input,
        filters,
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
    return result.reshape(call.shape) if out is None else out


def explain_conv3d(
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
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    algorithm: str | None = None,
    dtype: Any = None,
    region: Any = None,
    whole: Any = None,
    groups: int | None = 1,
) -> Plan:
    """Return the plan by which `conv3d` would compute these arguments.

    Nothing is computed, compiled or allocated.

    Parameters
    ----------
    input, filters, bias : array_like, or sequence of int
        The arrays of the call, or only their shapes.
    strides, padding, data_format, dilations, name, activation, out, threads
    algorithm, region, whole, groups
        As in `conv3d`.
    dtype : dtype_like, optional
        What the shapes are shapes of; default the dtype of the arrays, or float32 if there are
        none.

    Returns
    -------
    Plan
        See `explain`.

    Raises
    ------
    ValueError, TypeError
        For the arguments for which `conv3d` raises it.

    See Also
    --------
    conv3d : Compute it.
    explain : The same for the transposed convolution.

    Examples
    --------
    >>> import conv3dt
    >>> plan = conv3dt.explain_conv3d((1, 32, 32, 32, 32), (3, 3, 3, 32, 64), 2, "SAME")
    >>> plan.request.output_shape
    (1, 16, 16, 16, 64)
    """
    call = as_shaped_call(
        "explain_conv3d",
        input,
        filters,
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
        read=as_forward_call,
    )
    return plain_plan(call.request, call.threads, call.part and call.part.whole)
