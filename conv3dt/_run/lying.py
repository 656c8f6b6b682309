"""Filters as they lie in memory, and as kernels can read them."""

from math import prod
from typing import Any

from numpy.typing import NDArray

from .._geometry.formats import lie_in_a_row
from .._plan.plan import Plan
from .._ways.shared.layer import Layer
from .launching import readable
from .tables import Tables
from .turning import in_order

__all__ = ["lying_of", "weights"]

Array = NDArray[Any]


def lying_of(plan: Plan, filters: Array) -> tuple[int, ...] | None:
    """Return the axes of filters as they lie in memory, where tasks may turn them."""
    r = plan.layer.request
    as_asked = filters.shape == (*r.k, r.co, r.ci) and not plan.layer.taps
    order = tuple(sorted(range(5), key=lambda axis: -filters.strides[axis]))
    ready = filters.dtype.isnative and filters.flags.aligned and plan.request.groups == 1
    last = order[-1] == {"ci": 4, "co": 3}[plan.scheme.filters_lie]
    if last or not (as_asked and ready and filters.transpose(order).flags.c_contiguous):
        return None
    return order


def weights(plan: Plan, compiled: Tables, filters: Array) -> Array:
    """Return filters that kernels can read: taps that are channels must lie as channels do.

    So must channels next to each other, where filters are not packed.
    """
    if plan.scheme.turned:
        return filters
    if plan.layer.together:
        filters = _rows_as_channels(readable(filters))
        return filters[::-1, ::-1] if plan.layer.reversed else filters
    if plan.layer.patches:
        return _patches(readable(filters), plan.threads)
    filters = _taps_last(plan.layer, readable(filters))
    if plan.request.groups > 1 and not plan.request.forward:
        filters = _outputs_first(filters, plan.request.groups)
    _, _, kw, co, ci = filters.strides
    if plan.layer.reversed:
        filters = filters[::-1, ::-1, ::-1]
    near = {"": filters.itemsize, "ci": ci, "co": co}[plan.scheme.filters_lie]
    apart = compiled.as_channels and kw != filters.shape[3] * co
    if not apart and near == filters.itemsize:
        return filters
    if plan.scheme.filters_lie == "co":
        return in_order(filters.swapaxes(3, 4), plan.threads).swapaxes(3, 4)
    return in_order(filters, plan.threads)


def _taps_last(layer: Layer, filters: Array) -> Array:
    """Return a view whose input channels are the taps of the width that are taken for them.

    In the order of their inputs: those of a transposed convolution from the last tap on.
    """
    if not layer.taps:
        return filters
    s = layer.asked.k[2] // layer.taps
    phases = filters.reshape(*filters.shape[:2], layer.taps, s, filters.shape[3])
    return phases[:, :, :: 1 if layer.asked.forward else -1].transpose(0, 1, 3, 4, 2)


def _patches(filters: Array, threads: int) -> Array:
    """Return filters of one tap whose channels are those of all taps: a view where it can be."""
    *taps, co, ci = filters.shape
    lie = [axis for axis in (0, 1, 2, 4) if filters.shape[axis] > 1]
    steps = [filters.strides[axis] for axis in lie]
    if not lie_in_a_row([filters.shape[axis] for axis in lie], steps):
        filters = in_order(filters.swapaxes(3, 4), threads).swapaxes(3, 4)
    return filters.transpose(3, 0, 1, 2, 4).reshape(1, 1, 1, co, prod(taps) * ci)


def _rows_as_channels(filters: Array) -> Array:
    """Return filters whose channels are those of all taps of the width: a view if it can be."""
    kd, kh, kw, co, ci = filters.shape
    return filters.transpose(0, 1, 3, 2, 4).reshape(kd, kh, 1, co, kw * ci)


def _outputs_first(filters: Array, groups: int) -> Array:
    """Return filters (..., co of a group, all ci) as (..., all co, ci of a group)."""
    *taps, co, ci = filters.shape
    apart = filters.reshape(*taps, co, groups, ci // groups)
    return apart.swapaxes(3, 4).reshape(*taps, co * groups, ci // groups)
