"""Gradients of a layer, each by the convolution or the sums that it is.

The gradient of a layer's input is the layer the other way round: that of a forward convolution is
the transposed one of the same filters, and the reverse, with the same crop.
"""

from typing import Any

from numpy.typing import NDArray

from .._call.arguments import Call
from .._call.gradients import Backward, Correlation
from .._call.request import Request
from .._compiler.activations.table import ACTIVATIONS
from .._geometry.formats import FORMATS
from .._runtime import memory
from . import grouped
from .filter_groups import correlate_groups
from .slopes import Slopes, backward

__all__ = ["of_filters", "of_input", "through_activation"]

Array = NDArray[Any]


def through_activation(call: Backward) -> Slopes:
    """Return the gradient in front of the activation, and that of the bias, as far as needed."""
    name, dy = call.request.activation, call.out_backprop
    wanted = {"dz": call.wrt != ("bias",), "bias": "bias" in call.wrt}
    v = call.output
    if name == "linear":
        v = None
    elif v is None or ACTIVATIONS[name].slope.of == "x":
        v = _before_slope(call)
    if name != "linear" and wanted["dz"]:
        memory.require(dy.nbytes, call.request.function)
    last = not FORMATS[call.request.data_format].apart
    return backward(dy, v, name, last, call.threads, **wanted)


def _before_slope(call: Backward) -> Array:
    """Return the layer's output, or that without activation, whichever the slope is of."""
    of_x = ACTIVATIONS[call.request.activation].slope.of == "x"
    request = call.request._replace(activation="linear") if of_x else call.request
    return _convolved(request, call.input, call.filters, call.bias, call.groups, call.threads)


def of_input(call: Backward, dz: Array) -> Array:
    """Return the gradient of the input."""
    r = call.request
    back = r._replace(
        i=r.o, o=r.i, ci=r.co, co=r.ci, bias=False, activation="linear", forward=not r.forward
    )
    found = _convolved(back, dz, call.filters, None, call.groups, call.threads)
    return found.reshape(call.shape)


def _convolved(
    request: Request, x: Array, filters: Array, bias: Array | None, groups: int, threads: int
) -> Array:
    """Return the convolution in either direction, of channels in groups."""
    w = filters.swapaxes(3, 4) if request.forward else filters
    return grouped.run(Call(request._replace(groups=groups), x, w, bias, None, threads))


def of_filters(call: Correlation) -> Array:
    """Return the gradient of the filters."""
    r, groups = call.request, call.groups
    memory.require(0 if call.out is not None else _bytes(call), r.function)
    axes, last = (r.k, r.s, r.d, r.p), not FORMATS[r.data_format].apart
    arrays = call.big, call.small
    how: Any = {"out": call.out, "threads": call.threads, "algorithm": r.algorithm}
    return correlate_groups(*arrays, axes, last, groups, **how)


def _bytes(call: Correlation) -> int:
    """Return the bytes of the gradient of the filters."""
    kd, kh, kw = call.request.k
    channels = call.request.ci * call.request.co // call.groups
    return kd * kh * kw * channels * call.big.itemsize
