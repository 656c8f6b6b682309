"""Calls with groups of channels: some groups at once, one piece after the other."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import Call
from .._call.request import Request
from .._geometry.formats import FORMATS
from .._plan.grouping import Grouping, grouping_of, one_by_one
from .._runtime import memory
from . import run as layer

__all__ = ["Groups", "filters_of", "run", "run_with"]

Array = NDArray[Any]
Groups: TypeAlias = tuple[int, int]  # from .. to
Compute: TypeAlias = Callable[[Call, Groups], Array]

_NUMBERS = 1 << 18  # looked at together, while they are in L2
_NAN_ABOVE = {"float16": 0x7C00, "bfloat16": 0x7F80}  # bits of infinity


def run(call: Call) -> Array:
    """Return the convolution of a call, with groups or without."""
    if call.request.groups == 1:
        return layer.run(call)
    return run_with(partial(_plain, call), call)


def run_with(compute: Compute, call: Call) -> Array:
    """Return the convolution of a call with groups; `compute` makes some groups of it, or all."""
    grouping = grouping_of(call.request, None if call.part is None else call.part.whole)
    if grouping is None or 0 in call.request.output_shape:
        return compute(call, (0, call.request.groups))
    if call.out is None:
        memory.require(call.request.output_bytes, call.request.function)
    out = layer.result(call)
    _compute(compute, call, grouping, out)
    if grouping.at_once > 1 and _has_nan(out):
        # Of a number that is not finite and a zero between groups; or its own, which stays.
        alone = layer.result(call._replace(out=None))
        _compute(compute, call, one_by_one(call.request), alone)
        np.copyto(out, alone, where=np.isnan(out))
    return out


def filters_of(request: Request, filters: Array, groups: Groups) -> Array:
    """Return filters of some groups as those of one layer, with zeros between the groups."""
    (first, end), (co, ci) = groups, filters.shape[3:]
    shares = (co // request.groups, ci) if request.forward else (co, ci // request.groups)

    def of(group: int) -> Array:
        c = shares[0 if request.forward else 1]
        some = slice(group * c, group * c + c)
        return filters[:, :, :, some] if request.forward else filters[..., some]

    count = end - first
    if count == 1:
        return of(first)
    found = np.zeros((*filters.shape[:3], count * shares[0], count * shares[1]), filters.dtype)
    places = found.reshape(*filters.shape[:3], count, shares[0], count, shares[1])
    for n in range(count):
        places[:, :, :, n, :, n] = of(first + n)
    return found


def _plain(whole: Call, piece: Call, groups: Groups) -> Array:
    """Return the convolution of a piece of a call whose filters are packed for it alone."""
    if piece.request.groups > 1:
        return layer.run(piece)
    filters = filters_of(whole.request, whole.filters, groups)
    return layer.run(piece._replace(filters=filters))


def _compute(compute: Compute, call: Call, grouping: Grouping, out: Array) -> None:
    """Compute the pieces of a call, each into its channels of the output."""
    for number in range(grouping.pieces):
        first = number * grouping.at_once
        compute(_piece_of(call, grouping, number, out), (first, first + grouping.at_once))


def _piece_of(call: Call, grouping: Grouping, number: int, out: Array) -> Call:
    """Return a piece of a call, but for its filters: the same number of channels of each array."""
    request, part = grouping.request, call.part
    co = slice(number * request.co, (number + 1) * request.co)
    if part is not None:
        asked = request._replace(**{name: getattr(part.whole, name) for name in _OF_PLACE})
        part = part._replace(whole=asked, request=request)
    return call._replace(
        request=request,
        value=_channels(call.request, call.value, number, request.ci),
        bias=None if call.bias is None else call.bias[co],
        out=_channels(call.request, out, number, request.co),
        part=part,
    )


_OF_PLACE = "n", "i", "o", "p", "frame"  # what a part has otherwise than its whole


def _channels(request: Request, x: Array, number: int, count: int) -> Array:
    """Return a view of some channels."""
    all_, some = slice(None), slice(number * count, (number + 1) * count)
    view: Array = x[FORMATS[request.data_format].ordered(all_, (all_, all_, all_), some)]
    return view


def _has_nan(out: Array) -> bool:
    """Return whether a number is NaN."""
    numbers, above = out.reshape(-1), _NAN_ABOVE.get(out.dtype.name)
    for first in range(0, len(numbers), _NUMBERS):
        some = numbers[first : first + _NUMBERS]
        if above is None:
            if np.isnan(some.min()):
                return True
        elif (some.view(np.uint16) & 0x7FFF).max() > above:
            return True
    return False
