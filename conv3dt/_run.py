"""The only place where arrays meet a plan: allocate, pack, launch."""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _memory, _threads, _verbose
from ._arguments import Call
from ._encode import tables
from ._plan import Plan, make_plan
from ._recycle import address, aligned
from ._tile import compute_type
from ._tuning import TUNING
from .kernels import layout as field
from .kernels.build import count
from .kernels.workers import door, forget, worker

__all__ = ["Packed", "clear", "convolve", "load_all", "pack", "run"]

Array = NDArray[Any]


_NO_MORE = 1 << 40  # tasks that have been taken: more than any plan has


class Packed(NamedTuple):
    """Filters and bias in the form kernels read, and the plan they are packed for."""

    plan: Plan
    memory: Array  # bias in the compute type, with zeros up to whole cache lines; then panels


Packing: TypeAlias = Callable[[Plan, Array, Array | None], Packed]


def run(call: Call, packing: Packing | None = None, way: str | None = None) -> Array:
    """Return the convolution of a call; `packing` finds filters that are packed."""
    if 0 in call.request.output_shape:
        return _result(call)
    begun = _verbose.begin()
    plan = make_plan(call.request, call.threads, False, way)
    _memory.require(_needed(plan, call), call.request.function)
    result = convolve((packing or pack)(plan, call.filters, call.bias), call)
    _verbose.tell(plan, begun)
    return result


def clear() -> None:
    """Forget plans and code; calls that are under way keep theirs."""
    make_plan.cache_clear()
    tables.cache_clear()
    forget()


def load_all(plans: Iterable[Plan]) -> int:
    """Load or compile what these plans and all others need; return how many functions that is."""
    door()
    for drivers in _DRIVERS.values():
        for driver in drivers:
            worker(*driver)
    for plan in plans:
        tables(plan)
    return count()


def _result(call: Call) -> Array:
    """Return the array for the result, uninitialised."""
    if call.out is not None:
        return call.out
    shape, dtype = call.request.output_shape, call.value.dtype
    size = prod(shape) * dtype.itemsize
    return aligned(shape, dtype if dtype.isnative else dtype.newbyteorder("="), size)


def _needed(plan: Plan, call: Call) -> int:
    """Return the bytes that the call is going to allocate."""
    out = plan.request.output_bytes
    copies = sum(a.nbytes for a in (call.value, call.filters) if not a.dtype.isnative)
    return plan.panels + plan.scratch + copies + (out if call.out is None else 0)


def _readable(x: Array) -> Array:
    """Return x, copied only where kernels could not read it: foreign byte order, odd addresses."""
    if x.dtype.isnative and x.flags.aligned:
        return x
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def pack(plan: Plan, filters: Array, bias: Array | None) -> Packed:
    """Return filters and bias packed for a plan, or for its exact twin if they are not finite."""
    filters = _readable(filters)
    packed, finite = _packed(plan, filters, bias)
    if not finite:
        plan = make_plan(plan.request, plan.threads, exact=True)
        packed, _ = _packed(plan, filters, bias)
    return packed


def _packed(plan: Plan, filters: Array, bias: Array | None) -> tuple[Packed, bool]:
    """Return filters and bias packed for a plan, and whether all filters are finite."""
    memory = aligned((plan.bias_bytes + plan.panels,), np.uint8, plan.bias_bytes + plan.panels)
    memory[: plan.bias_bytes] = 0
    if bias is not None:
        memory[: plan.bias_bytes].view(compute_type(plan.request.dtype))[: len(bias)] = bias
    params = tables(plan).params.copy()
    params[_PACKING] = (
        address(filters), address(memory) + plan.bias_bytes, *filters.strides
    )  # fmt: skip
    threads = plan.threads if plan.panels > TUNING.serial_panels else 1
    _launch(_drivers(plan)[0], params, threads, plan.panels > TUNING.long_bytes, filters, memory)
    return Packed(plan, memory), not params[field.NOT_FINITE]


def convolve(packed: Packed, call: Call) -> Array:
    """Return the convolution of a call whose filters are packed."""
    plan, out = packed.plan, _result(call)
    value = _inputs(plan, _readable(call.value))
    tasks = tables(plan)
    scratch = aligned((tasks.scratch,), np.uint8, tasks.scratch)
    at_scratch, panels = address(scratch), address(packed.memory)
    params = tasks.params.copy()
    params[_CONVOLVING] = (
        address(value), *_in_order(plan, value.strides),
        address(out), *_in_order(plan, out.strides),
        panels, panels + plan.bias_bytes, at_scratch, at_scratch + tasks.lists,
    )  # fmt: skip
    if plan.row_bytes:
        params[_axis_columns(field.OUTPUT_STEP)[3]] = plan.columns * plan.size
    threads = min(plan.threads, plan.tasks)
    is_long = plan.flops > TUNING.long_flops or plan.bytes > TUNING.long_bytes
    _launch(_drivers(plan)[1], params, threads, is_long, value, out, scratch, packed.memory)
    return out


def _inputs(plan: Plan, value: Array) -> Array:
    """Return a view of the inputs that are read."""
    if all(axis.every == 1 for axis in plan.axes):
        return value
    before = 2 if plan.request.data_format == "NCDHW" else 1
    space = (slice(axis.start, None, axis.every) for axis in plan.axes[1:])
    return value[(*[slice(None)] * before, *space)]


def _in_order(plan: Plan, steps: tuple[int, ...]) -> tuple[int, ...]:
    """Return steps in the order batch, depth, height, width, channels."""
    if plan.request.data_format == "NDHWC":
        return steps
    return steps[0], steps[2], steps[3], steps[4], steps[1]


def _axis_columns(column: int) -> list[int]:
    """Return where a column of the rows of batch, depth, height and width is in the parameters."""
    return [field.HEADER_FIELDS + field.AXIS_FIELDS * a + column for a in range(4)]


# Where the parameters have what depends on a call's arrays.
_PACKING = [
    field.FILTERS, field.PANELS,
    *_axis_columns(field.FILTER_STEP)[1:], field.CO_STEP, field.CI_STEP,
]  # fmt: skip
_CONVOLVING = [
    field.INPUT, *_axis_columns(field.INPUT_STEP), field.CHANNEL_STEP,
    field.OUTPUT, *_axis_columns(field.OUTPUT_STEP), field.OUT_CHANNEL_STEP,
    field.BIAS, field.PANELS, field.SCRATCH, field.LISTS,
]  # fmt: skip


# Drivers by whether the plan folds: what packs filters, and what computes.
_DRIVERS = {
    False: (("pack", "pack_filters"), ("driver", "convolve")),
    True: (("fold", "pack_columns"), ("fold", "convolve_folding")),
}


def _drivers(plan: Plan) -> list[int]:
    """Return the addresses of the drivers: what packs filters, and what computes."""
    return [worker(*driver) for driver in _DRIVERS[bool(plan.folding)]]


def _launch(start_at: int, params: Array, threads: int, is_long: bool, *uses: Array) -> None:
    """Start the worker on `threads` threads; the arrays stay until all of them are done.

    If it takes long, an interruption takes the remaining tasks away.
    """
    if threads == 1 and not is_long:
        door()(start_at, address(params), 0)
        return

    def stop(_: object = uses) -> None:
        params[field.TAKEN] = _NO_MORE

    _threads.run(start_at, address(params), threads, stop, is_long)
