"""Plans as drivers read them, and the arrays that calls bring along."""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from struct import Struct
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import Call
from .._geometry.formats import FORMATS
from .._geometry.tuning import TUNING
from .._plan.plan import Plan
from .._runtime.recycle import aligned
from .._ways.list import WAYS
from .._ways.shared.records import Arrays
from .._ways.shared.scheme import Encoded
from .launching import Launch

__all__ = [
    "CONVOLVING",
    "NOT_FINITE",
    "PACKING",
    "Packed",
    "Packing",
    "Tables",
    "made_by",
    "new",
    "result",
    "tables",
]

Array = NDArray[Any]

_SMALL = 1 << 14  # bytes: a result of so few needs no cache line to start on


class Fields(NamedTuple):
    """Neighbouring fields of `Arrays`, and how they are written at once."""

    offset: int  # bytes from the start of a record
    pack_into: Callable[..., None]


def _fields(first: Any, last: Any) -> Fields:
    count = (last.offset - first.offset) // 8 + 1
    return Fields(first.offset, Struct(f"={count}q").pack_into)


CONVOLVING = _fields(Arrays.taken, Arrays.filters)
PACKING = _fields(Arrays.panels, Arrays.step_kw)
NOT_FINITE = Arrays.not_finite.offset // 8


class Packed(NamedTuple):
    """Filters and bias in the form kernels read, and the plan they are packed for."""

    plan: Plan
    memory: Array  # bias in the compute type, with zeros up to whole cache lines; then panels
    at: int  # its address


Packing: TypeAlias = Callable[[Plan, Array, Array | None], Packed]


class Tables(NamedTuple):
    """A plan in the form drivers read."""

    encoded: Encoded
    pack: Launch  # what packs filters
    convolve: Launch
    bias_bytes: int
    sorted: Callable[[Any], tuple[Any, ...]]  # dimensions of arrays: `formats.Format.sorted`
    all_inputs: bool  # are read
    read: tuple[int, ...]  # shape of the inputs, where it is another than that of the array
    as_channels: bool  # taps are taken for channels: filters must lie as channels do


@lru_cache(maxsize=1024)
def tables(plan: Plan) -> Tables:
    """Return the tables of a plan; drivers and micro-kernels are compiled where they are new."""
    encoded = WAYS[plan.choice.way].encoded(plan.scheme)
    pack = Launch(encoded.pack, plan.scheme.packing.threads, plan.panels > TUNING.long_bytes)
    is_long = plan.flops > TUNING.long_flops or plan.bytes > TUNING.long_bytes
    convolve = Launch(encoded.convolve, plan.threads, is_long)
    all_inputs = not plan.request.forward or all(axis.every == 1 for axis in plan.layer.axes)
    as_channels = plan.layer.request.co > plan.request.co
    bias_bytes = plan.scheme.bias_bytes
    order, r = FORMATS[plan.request.data_format], plan.request
    read = order.ordered(r.n, plan.layer.request.i, r.ci) if plan.layer.in_other_rows else ()
    if plan.layer.together:
        d, h, w = (axis.i for axis in plan.layer.axes[1:])
        read = order.ordered(r.n, (d, h, w), plan.layer.halves)
    return Tables(encoded, pack, convolve, bias_bytes, order.sorted, all_inputs, read, as_channels)


def result(call: Call) -> Array:
    """Return the array for the result, uninitialised."""
    return new(*made_by(call)) if call.out is None else call.out


def made_by(call: Call) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, dtype and bytes of a result."""
    shape, dtype = call.request.output_shape, call.value.dtype
    if not dtype.isnative:
        dtype = dtype.newbyteorder("=")
    return shape, dtype, prod(shape) * dtype.itemsize


def new(shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> Array:
    """Return an array for a result, uninitialised."""
    return aligned(shape, dtype, size) if size > _SMALL else np.empty(shape, dtype)
