"""Every spelling of a call -> one canonical request.

The single arguments are read by scalars.py and arrays.py, and checks.py makes sure that they
fit together; nothing else in the package raises an error that a user can cause. A bad value is a
ValueError, a bad kind of thing a TypeError; the message states the rule, what was received and the
legal range.

A call with plain arguments takes few microseconds: integers and strings are brought to one type
first, which makes them safe as keys (1, 1.0 and True hash alike), and everything that follows from
shapes and options is looked up in a cache.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from math import prod
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compiler.activations.table import ACTIVATIONS
from .._geometry.formats import FORMATS
from .._runtime import team
from . import parts
from .arrays import as_array, as_dtype, as_operands, check_out, dtype_name, placeholder
from .parts import Part
from .request import Request, make_forward_request, make_request
from .scalars import as_integer, as_integers, as_name, as_output_shape, shown

__all__ = [
    "Call",
    "Request",
    "as_algorithm",
    "as_call",
    "as_forward_call",
    "as_groups",
    "as_options",
    "as_shaped_call",
    "as_threads",
    "in_part",
    "usual_algorithm",
]

PADDINGS = ("SAME", "VALID")
ALGORITHMS = ("auto", "direct", "minimal")
ORDERS, NAMES = tuple(FORMATS), tuple(ACTIVATIONS)


class Call(NamedTuple):
    """A request with its arrays."""

    request: Request
    value: NDArray[Any]  # 5-D, any memory layout, any byte order, may be read-only
    # (kd, kh, kw, co, ci), of a forward convolution a view, likewise; of groups either all co and
    # the ci of a group (forward), or the co of a group and all ci.
    filters: NDArray[Any]
    bias: NDArray[Any] | None  # (co,), likewise
    out: NDArray[Any] | None  # C-contiguous, native, writeable, shares no memory with the inputs
    threads: int
    batches: tuple[int, ...] = ()  # dimensions of the input that were made one batch, if several
    part: Part | None = None  # what of a larger convolution this is
    all_filters: NDArray[Any] | None = None  # of that, where it makes only some of the channels

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result, with all batch dimensions."""
        shape = self.request.output_shape
        return (*self.batches, *shape[1:]) if self.batches else shape


def as_call(
    function: str,
    value: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    *,
    bias: Any = None,
    activation: Any = None,
    out: Any = None,
    threads: Any = None,
    algorithm: Any = None,
    prepared: bool = False,
    region: Any = None,
    whole: Any = None,
    groups: Any = 1,
) -> Call:
    """Return the canonical form of a call; `function` is the name that errors begin with.

    If `prepared`, filters are kept for many calls, and there may be no output_shape.
    """
    value, filters, bias, dtype = as_operands(function, value, filters, bias)
    is_part = region is not None or whole is not None
    request = make_request(
        function,
        parts.as_whole(function, region, whole) if is_part else value.shape,
        filters.shape,
        None if bias is None else bias.shape,
        dtype,
        None if prepared and output_shape is None else as_output_shape(function, output_shape),
        (1,) if strides is None else as_integers(function, "strides", strides),
        *as_options(function, padding, data_format, dilations, activation),
        as_algorithm(function, algorithm),
        prepared,
        _as_groups(function, groups),
    )
    threads = as_threads(function, threads)
    if out is not None and not is_part:
        inputs = [value, filters, bias]
        out = check_out(function, out, request.output_shape, dtype, inputs)
        return Call(request, value, filters, bias, out, threads)
    call = Call(request, value, filters, bias, None, threads)
    call = _part_of(function, call, region) if is_part else call
    return call if out is None else _with_out(function, call, out)


def as_forward_call(
    function: str,
    value: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    *,
    bias: Any = None,
    activation: Any = None,
    out: Any = None,
    threads: Any = None,
    algorithm: Any = None,
    region: Any = None,
    whole: Any = None,
    groups: Any = 1,
) -> Call:
    """Return the canonical form of a forward convolution; all but the last four axes are batch."""
    value, filters, bias, dtype = as_operands(function, value, filters, bias)
    batches = value.shape[:-4]
    is_part = region is not None or whole is not None
    if value.ndim > 5 and not is_part:
        value = value.reshape(prod(batches), *value.shape[-4:])
    request = make_forward_request(
        function,
        parts.as_whole(function, region, whole) if is_part else value.shape,
        filters.shape,
        None if bias is None else bias.shape,
        dtype,
        as_integers(function, "strides", strides),
        *as_options(function, padding, data_format, dilations, activation),
        as_algorithm(function, algorithm),
        _as_groups(function, groups),
    )
    threads = as_threads(function, threads)
    call = Call(request, value, filters.swapaxes(3, 4), bias, None, threads, batches)
    call = _part_of(function, call, region) if is_part else call
    return call if out is None else _with_out(function, call, out)


def _with_out(function: str, call: Call, out: Any) -> Call:
    """Return the call with the array that receives the result."""
    inputs = [call.value, call.filters, call.bias]
    found = check_out(function, out, call.shape, call.request.dtype, inputs)
    return call._replace(out=found.reshape(call.request.output_shape) if call.batches else found)


def _part_of(function: str, call: Call, region: Any) -> Call:
    """Return the part of a call that makes a region, its input being what the region needs."""
    part = parts.as_part(function, region, call.request)
    if call.value.shape != part.input_shape:
        place = ", ".join(f"{ends.start}:{ends.stop}" for ends in part.place)
        raise ValueError(
            f"{function}: input must be what the region needs, [{place}] of the whole, of shape"
            f" {part.input_shape}; got shape {shown(call.value.shape)}."
        )
    return in_part(call, part)


def in_part(call: Call, part: Part) -> Call:
    """Return the call that makes a part of another, whose input is what the part needs."""
    call = call._replace(request=part.request, batches=(), part=part)
    if part.request.co == part.whole.co:
        return call
    some = slice(*part.outputs[4])
    bias = None if call.bias is None else call.bias[some]
    return call._replace(filters=call.filters[:, :, :, some], bias=bias, all_filters=call.filters)


def as_options(
    function: str, padding: Any, data_format: Any, dilations: Any, activation: Any
) -> tuple[str, str, tuple[int, ...], str]:
    """Return padding, data format, dilations and activation."""
    if type(padding) is bytes:
        padding = padding.decode("latin-1")
    return (
        as_name(function, "padding", padding, PADDINGS),
        "NDHWC" if data_format is None else as_name(function, "data_format", data_format, ORDERS),
        (1,) if dilations is None else as_integers(function, "dilations", dilations),
        "linear" if activation is None else _as_activation(function, activation),
    )


def as_shaped_call(
    function: str,
    value: Any,
    filters: Any,
    *arguments: Any,
    bias: Any = None,
    dtype: Any = None,
    read: Callable[..., Call] = as_call,
    **options: Any,
) -> Call:
    """Return a call in which arrays may be shapes, lists or tuples of integers; they stay so.

    Shapes take `dtype`, else the dtype of the arrays, else float32. The other arguments are those
    of `read`, which is as_call or as_forward_call.
    """
    given = {"input": value, "filters": filters, "bias": bias}
    shapes = {name: x for name, x in given.items() if _is_shape(name, x)}
    for name, x in given.items():
        if not isinstance(x, (list, tuple)) and x is not None:
            given[name] = as_array(function, name, x)
    wanted = None if dtype is None else as_dtype(function, dtype)
    found = [x.dtype for x in given.values() if isinstance(x, np.ndarray)]
    like = wanted if wanted is not None else [*found, np.dtype(np.float32)][0]
    for name, shape in shapes.items():
        given[name] = placeholder(function, name, shape, like)
    call = read(
        function, given["input"], given["filters"], *arguments, bias=given["bias"], **options
    )
    if wanted is not None and call.request.dtype != dtype_name(wanted):
        raise TypeError(
            f"{function}: dtype must be that of the arrays, {call.request.dtype}; got {wanted}."
        )
    return call


def _is_shape(name: str, given: Any) -> bool:
    """Return whether this stands for an array of its shape; integers cannot be a 5-D array."""
    if not isinstance(given, (list, tuple)) or (name == "bias" and len(given) != 1):
        return False
    try:
        return all(index(extent) is not None for extent in given)
    except Exception:
        return False


def _as_groups(function: str, groups: Any) -> int | None:
    """Return how many groups of channels there are; None is as many as the channels say."""
    if groups is None or (type(groups) is int and groups == 1):
        return groups
    return as_groups(function, groups)


def as_groups(function: str, groups: Any) -> int:
    """Return how many groups of channels there are."""
    count = as_integer(function, "groups", groups)
    if count < 1:
        raise ValueError(f"{function}: groups must be 1 or more; got {shown(count)}.")
    return count


def as_threads(function: str, threads: Any) -> int:
    """Return how many threads a call uses, by default those of the block or the process."""
    if threads is None:
        return team.default()
    count, most = as_integer(function, "threads", threads), team.available()
    if not 1 <= count <= most:
        raise ValueError(f"{function}: threads must be from 1 to {most}; got {shown(count)}.")
    return count


def as_algorithm(function: str, algorithm: Any) -> str:
    """Return how sums may be made, by default as CONV3DT_ALGORITHM says."""
    if algorithm is None:
        return as_name(function, "algorithm (of CONV3DT_ALGORITHM)", usual_algorithm(), ALGORITHMS)
    return as_name(function, "algorithm", algorithm, ALGORITHMS)


@lru_cache(maxsize=1)
def usual_algorithm() -> str:
    """Return what the environment says, asked once: it takes a tenth of the smallest call."""
    return os.environ.get("CONV3DT_ALGORITHM") or "auto"


def _as_activation(function: str, activation: Any) -> str:
    return as_name(function, "activation", activation, NAMES)
