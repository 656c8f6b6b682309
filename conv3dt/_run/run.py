"""The only place where arrays meet a plan: allocate, pack, launch."""

from collections.abc import Callable, Iterable
from math import prod
from struct import Struct
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import Call
from .._compiler.build import count
from .._geometry.tile import compute_type
from .._geometry.tuning import TUNING
from .._plan import planner
from .._plan.plan import Plan
from .._plan.planner import freshly_packed, make_plan, reading_directly
from .._runtime import memory, team
from .._runtime.door import door, forget
from .._runtime.recycle import address, aligned
from .._ways.shared import layout as field
from . import telling
from .encode import Tables, drivers, tables

__all__ = ["Packed", "clear", "convolve", "load_all", "pack", "plan_of", "run"]

Array = NDArray[Any]

_NO_MORE = 1 << 40  # tasks that have been taken: more than any plan has
_SMALL = 1 << 14  # bytes: so little a plan keeps, and a result needs no cache line to start on


class Packed(NamedTuple):
    """Filters and bias in the form kernels read, and the plan they are packed for."""

    plan: Plan
    memory: Array  # bias in the compute type, with zeros up to whole cache lines; then panels
    at: int  # its address


class Desk(NamedTuple):
    """What one call at a time works on: a copy of a plan's parameters, and scratch."""

    params: Array
    at: int  # address of the parameters
    scratch: Array
    at_scratch: int


Packing: TypeAlias = Callable[[Plan, Array, Array | None], Packed]


def run(call: Call, packing: Packing | None = None, way: str | None = None) -> Array:
    """Return the convolution of a call; `packing` finds filters that are packed."""
    if 0 in call.request.output_shape:
        return _result(call)
    begun = telling.begin()
    # Before planning, too, which takes long where a stride of millions makes as many phases.
    memory.require(_output(call), call.request.function)
    plan = plan_of(call, way)
    plan = plan if packing else freshly_packed(plan)
    memory.require(_needed(plan, call), call.request.function)
    packed = (packing or pack)(plan, call.filters, call.bias)
    result = convolve(packed, call)
    if packing is None and len(packed.memory) <= _SMALL:
        tables(packed.plan).packed.append(packed)
    telling.tell(plan, begun)
    return result


def plan_of(call: Call, way: str | None = None) -> Plan:
    """Return the plan of a call with packed filters, which also depends on where its input lies."""
    plan = make_plan(call.request, call.threads, False, way)
    x = call.value
    ready = x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative
    return reading_directly(plan) if ready else plan


def clear() -> None:
    """Forget plans and code; calls that are under way keep theirs."""
    planner.clear()
    tables.cache_clear()
    forget()


def load_all(plans: Iterable[Plan]) -> int:
    """Load or compile what these plans and all others need; return how many functions that is."""
    door()
    for folds in (False, True):
        drivers(folds)
    for plan in plans:
        tables(plan)
    return count()


def _result(call: Call) -> Array:
    """Return the array for the result, uninitialised."""
    if call.out is not None:
        return call.out
    shape, dtype = call.request.output_shape, call.value.dtype
    if not dtype.isnative:
        dtype = dtype.newbyteorder("=")
    size = prod(shape) * dtype.itemsize
    return aligned(shape, dtype, size) if size > _SMALL else np.empty(shape, dtype)


def _output(call: Call) -> int:
    """Return the bytes of a result that there is no array for."""
    return call.request.output_bytes if call.out is None else 0


def _needed(plan: Plan, call: Call) -> int:
    """Return the bytes that the call is going to allocate."""
    needed = plan.panels + plan.scratch + _output(call)
    for array in (call.value, call.filters):
        if not array.dtype.isnative:
            needed += array.nbytes
    return needed


def _readable(x: Array) -> Array:
    """Return x, copied only where kernels could not read it: foreign byte order, odd addresses."""
    if x.dtype.isnative and x.flags.aligned:
        return x
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def _weights(plan: Plan, filters: Array) -> Array:
    """Return filters that kernels can read; taps that are channels must lie as channels do."""
    filters = _readable(filters)
    apart = filters.strides[2] != filters.shape[3] * filters.strides[3]
    as_channels = plan.work.co > plan.request.co
    return np.array(filters, order="C") if as_channels and apart else filters


def pack(plan: Plan, filters: Array, bias: Array | None) -> Packed:
    """Return filters and bias packed for a plan, or for its exact twin if they are not finite."""
    filters = _weights(plan, filters)
    packed, finite = _packed(plan, filters, bias)
    if not finite:
        plan = make_plan(plan.request, plan.threads, exact=True)
        packed, _ = _packed(plan, filters, bias)
    return packed


def _packed(plan: Plan, filters: Array, bias: Array | None) -> tuple[Packed, bool]:
    """Return filters and bias packed for a plan, and whether all filters are finite."""
    compiled = tables(plan)
    packed = _taken(compiled.packed) or _unpacked(plan)
    if bias is not None:
        biases = packed.memory.view(compute_type(plan.work.dtype))[: plan.work.co]
        biases.reshape(-1, len(bias))[:] = bias
    if plan.fresh:
        return packed, True  # as far as is known
    params = compiled.params.copy()
    _place(filters, params, packed.at + plan.bias_bytes)
    threads = plan.threads if plan.panels > TUNING.serial_panels else 1
    is_long, memory = plan.panels > TUNING.long_bytes, packed.memory
    _launch(compiled.drivers[0], params, address(params), threads, is_long, filters, memory)
    return packed, not params[field.NOT_FINITE]


def _place(filters: Array, params: Array, panels: int) -> None:
    """Write where the filters are, and where they are packed."""
    kd, kh, kw, co, ci = filters.strides
    _PACKING.pack_into(
        params.data, 8 * field.PANELS, panels, address(filters), co, ci, 0, kd, kh, kw
    )


def _unpacked(plan: Plan) -> Packed:
    """Return memory for packed filters, with zeros for the bias."""
    size = plan.bias_bytes + plan.panels
    memory = aligned((size,), np.uint8, size)
    memory[: plan.bias_bytes] = 0
    return Packed(plan, memory, address(memory))


def convolve(packed: Packed, call: Call) -> Array:
    """Return the convolution of a call whose filters are packed, or are by tasks."""
    plan, out = packed.plan, _result(call)
    value, compiled = _inputs(plan, _readable(call.value)), tables(plan)
    desk = _taken(compiled.desks) or _desk(compiled)
    n, d, h, w, c = _in_order(plan, value.strides)
    _CONVOLVING.pack_into(
        desk.params.data, 8 * field.INPUT, address(value), c, address(out), packed.at,
        desk.at_scratch, desk.at_scratch + compiled.lists, 0, 0, packed.at + plan.bias_bytes,
        n, d, h, w,
    )  # fmt: skip
    threads = min(plan.threads, plan.tasks)
    is_long = plan.flops > TUNING.long_flops or plan.bytes > TUNING.long_bytes
    uses: tuple[Array, ...] = value, out, desk.scratch, packed.memory
    if plan.fresh:
        filters = _weights(plan, call.filters)
        _place(filters, desk.params, 0)
        uses = *uses, filters
    _launch(compiled.drivers[1], desk.params, desk.at, threads, is_long, *uses)
    if compiled.scratch <= _SMALL:
        compiled.desks.append(desk)
    if plan.fresh and desk.params[field.NOT_FINITE]:
        plan = make_plan(plan.request, plan.threads)
        return convolve(pack(plan, call.filters, call.bias), call._replace(out=out))
    return out


def _desk(compiled: Tables) -> Desk:
    """Return a new desk."""
    params, scratch = (
        compiled.params.copy(),
        aligned((compiled.scratch,), np.uint8, compiled.scratch),
    )
    return Desk(params, address(params), scratch, address(scratch))


def _taken(spare: list[Any]) -> Any:
    """Return what an earlier call has left, None if there is nothing.

    A call leaves it when it ends; one that was interrupted does not, for somebody may still use it.
    """
    try:
        return spare.pop()
    except IndexError:
        return None


# What depends on a call's arrays, in the order of kernels.layout: from PANELS to the steps of the
# filters; from INPUT to the steps of the input, without what packing filters reads alone.
_PACKING = Struct("=8q")
_CONVOLVING = Struct("=9q 56x 4q")


def _inputs(plan: Plan, value: Array) -> Array:
    """Return a view of the inputs that are read."""
    if not plan.work.forward or all(axis.every == 1 for axis in plan.axes):
        return value
    before = 2 if plan.work.data_format == "NCDHW" else 1
    space = (slice(axis.start, None, axis.every) for axis in plan.axes[1:])
    return value[(*[slice(None)] * before, *space)]


def _in_order(plan: Plan, steps: tuple[int, ...]) -> tuple[int, ...]:
    """Return steps in the order batch, depth, height, width, channels."""
    if plan.work.data_format == "NDHWC":
        return steps
    return steps[0], steps[2], steps[3], steps[4], steps[1]


def _launch(
    start_at: int, params: Array, at: int, threads: int, is_long: bool, *uses: Array
) -> None:
    """Start the worker on `threads` threads; the arrays stay until all of them are done.

    If it takes long, an interruption takes the remaining tasks away.
    """
    if threads == 1 and not is_long:
        door()(start_at, at, 0)
        return

    def stop(_: object = uses) -> None:
        params[field.TAKEN] = _NO_MORE

    team.run(start_at, at, threads, stop, is_long)
