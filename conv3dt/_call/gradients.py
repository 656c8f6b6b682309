"""Calls of gradients: which layer, at which arrays, with respect to what.

A layer and its transpose join a big array, which the kernel slides over, and a small one: a forward
convolution makes the small one, a transposed one the big one. The filters are (depth, height,
width, channels of the big one in a group, channels of the small one) for both.
"""

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._geometry.formats import FORMATS
from .arguments import as_algorithm, as_groups, as_options, as_threads
from .arrays import as_alike, as_array, as_dtype, check_out, placeholder
from .checks import DIMENSIONS, check_ranks
from .request import Request, make_forward_request, make_request
from .scalars import as_integers, shown

__all__ = ["WRT", "Backward", "Correlation", "as_backward", "as_correlation", "shaped"]

Array = NDArray[Any]
WRT = "input", "filters", "bias"


class Backward(NamedTuple):
    """A layer through which a gradient goes back."""

    request: Request  # the layer; of several groups as if each joined all channels
    input: Array  # 5-D, as all that follow but bias
    filters: Array
    out_backprop: Array
    bias: Array | None
    output: Array | None
    wrt: tuple[str, ...]  # of WRT
    groups: int
    threads: int
    shape: tuple[int, ...]  # of the input, with all batch dimensions


class Correlation(NamedTuple):
    """Two arrays whose sums of products are the gradient of filters."""

    request: Request  # the forward convolution
    big: Array
    small: Array
    out: Array | None
    groups: int
    threads: int


def as_backward(
    function: str,
    out_backprop: Any,
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    *,
    bias: Any,
    activation: Any,
    output: Any,
    groups: Any,
    wrt: Any,
    threads: Any,
    algorithm: Any,
) -> Backward:
    """Return the canonical form of the gradients of a layer, forward if `function` says so."""
    given = {"input": input, "filters": filters, "out_backprop": out_backprop}
    arrays, dtype = as_alike(function, {**given, "bias": bias, "output": output})
    x, w, dy = (arrays[name] for name in given)
    rates = (1,) if strides is None else as_integers(function, "strides", strides)
    options = as_options(function, padding, data_format, dilations, activation)
    how = (rates, *options, as_algorithm(function, algorithm))
    count, parts = as_groups(function, groups), _as_wrt(function, wrt)
    whole, forward = x.shape, function == "conv3d_backprop"
    flat = _flat(x) if forward else x
    check_ranks(function, flat.shape, w.shape, options[1], forward)
    sizes = _ungrouped(function, w.shape, count)
    b = arrays.get("bias")
    shapes = flat.shape, sizes, None if b is None else b.shape, dtype
    if forward:
        request = make_forward_request(function, *shapes, *how)
        expected = (*whole[:-4], *request.output_shape[1:])
        _check_shape(function, "out_backprop", dy, expected, "that of the result of conv3d")
    else:
        _check_ends(function, dy.shape, flat.shape, sizes[3], options[1])
        request = make_request(function, *shapes, dy.shape, *how)
    y = arrays.get("output")
    if y is not None:
        _check_shape(function, "output", y, dy.shape, "that of out_backprop")
        y = _flat(y)
    used = as_threads(function, threads)
    return Backward(request, flat, w, _flat(dy), b, y, parts, count, used, whole)


def as_correlation(
    function: str,
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    *,
    groups: Any,
    out: Any = None,
    threads: Any,
    algorithm: Any,
) -> Correlation:
    """Return the canonical form of the gradient of the filters of a forward convolution."""
    arrays, dtype = as_alike(function, {"input": input, "out_backprop": out_backprop})
    x, dy = arrays["input"], arrays["out_backprop"]
    wanted = _as_sizes(function, filter_sizes)
    rates = as_integers(function, "strides", strides)
    options = as_options(function, padding, data_format, dilations, None)
    count = as_groups(function, groups)
    sizes = _ungrouped(function, wanted, count, "filter_sizes")
    check_ranks(function, _flat(x).shape, sizes, options[1], True)
    channels = FORMATS[options[1]].sorted(_flat(x).shape)[4]
    if channels != sizes[3]:
        raise ValueError(
            f"{function}: filter_sizes[3] times groups must be {channels}, the channels of input;"
            f" got {shown(wanted[3])} times {count}."
        )
    how = (rates, *options, as_algorithm(function, algorithm))
    request = make_forward_request(function, _flat(x).shape, sizes, None, dtype, *how)
    expected = (*x.shape[:-4], *request.output_shape[1:])
    _check_shape(function, "out_backprop", dy, expected, "that of the result of conv3d")
    if out is not None:
        out = check_out(function, out, wanted, dtype, [x, dy, None])
    return Correlation(request, _flat(x), _flat(dy), out, count, as_threads(function, threads))


def shaped(function: str, name: str, given: Any, dtype: Any) -> Array:
    """Return an array, or one that stands for a shape of a dtype, default float32."""
    if not isinstance(given, (list, tuple)):
        return as_array(function, name, given)
    kind = np.dtype(np.float32) if dtype is None else as_dtype(function, dtype)
    return placeholder(function, name, as_integers(function, name, given), kind)


def _flat(x: Array) -> Array:
    """Return an array whose dimensions of batch are one."""
    return x.reshape(prod(x.shape[:-4]), *x.shape[-4:]) if x.ndim > 5 else x


def _as_wrt(function: str, given: Any) -> tuple[str, ...]:
    """Return with respect to what gradients are asked for."""
    names = (given,) if isinstance(given, str) else given
    rule = f"{function}: wrt must be one or several of 'input', 'filters' and 'bias'"
    if not isinstance(names, (list, tuple, set, frozenset)):
        raise TypeError(f"{rule}; got {shown(given)}.")
    if not names or not all(isinstance(name, str) and name in WRT for name in names):
        raise ValueError(f"{rule}; got {shown(given)}.")
    return tuple(name for name in WRT if name in names)


def _as_sizes(function: str, given: Any) -> tuple[int, ...]:
    """Return filter_sizes."""
    sizes = as_integers(function, "filter_sizes", given)
    if len(sizes) != 5 or min(sizes) < 0:
        raise ValueError(
            f"{function}: filter_sizes must be 5 integers that are not negative (depth, height,"
            f" width, input channels, output channels); got {shown(sizes)}."
        )
    return sizes


def _ungrouped(
    function: str, sizes: tuple[int, ...], groups: int, name: str = "filters"
) -> tuple[int, ...]:
    """Return the shape of filters that join all channels."""
    if sizes[4] % groups:
        raise ValueError(
            f"{function}: groups must divide the last dimension of {name}, {sizes[4]};"
            f" got {shown(groups)}."
        )
    return (*sizes[:3], sizes[3] * groups, sizes[4])


def _check_shape(function: str, name: str, x: Array, expected: tuple[int, ...], which: str) -> None:
    """Reject an array of another shape."""
    if x.shape != expected:
        raise ValueError(
            f"{function}: {name} must have shape {expected}, {which}; got shape {shown(x.shape)}."
        )


def _check_ends(
    function: str,
    shape: tuple[int, ...],
    value: tuple[int, ...],
    co: int,
    data_format: str,
) -> None:
    """Reject an out_backprop that cannot be of the result: rank, batch or channels differ."""
    order, n = FORMATS[data_format], value[0]
    if len(shape) == 5 and order.sorted(shape)[::4] == (n, co):
        return
    named = order.ordered(n, [DIMENSIONS[letter] for letter in "DHW"], co)
    raise ValueError(
        f"{function}: out_backprop must have shape ({', '.join(map(str, named))}), with the batch"
        f" of input and the output channels of filters; got shape {shown(shape)}."
    )
