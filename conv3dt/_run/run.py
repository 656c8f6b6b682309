"""The only place where arrays meet a plan: allocate, pack, launch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import Call
from .._geometry.formats import FORMATS, lie_in_a_row
from .._plan.choice import (
    between_lines,
    freshly_packed,
    make_plan,
    order_of,
    reading_directly,
    turning,
)
from .._plan.plan import Plan
from .._runtime import memory
from .._runtime.recycle import address, aligned
from .._ways.shared.blocked import LINE
from . import telling
from .known import Kind, Known, again, kind_of
from .launching import launch, readable
from .lying import lying_of, weights
from .tables import (
    CONVOLVING,
    NOT_FINITE,
    PACKING,
    Packed,
    Packing,
    Tables,
    made_by,
    result,
    tables,
)

__all__ = ["Packed", "convolve", "pack", "plan_of", "result", "run"]

Array = NDArray[Any]


def run(call: Call, packing: Packing | None = None, way: str | None = None) -> Array:
    """Return the convolution of a call; `packing` finds filters that are packed."""
    if call.part is not None:
        return _anew(call, packing, way, Kind())
    kind, filters = _kind(call, packing is None, way), call.filters
    known = kind.known
    if known is not None:
        packed = None if packing is None else packing(known.plan, filters, call.bias)
        if packed is None or packed.plan is known.plan:
            x, at, filters_at = call.value, address(call.value), address(filters)
            made = again(known, at, filters_at, call.bias, call.out, packed, x, filters)
            if made is not None:
                return made
    return _anew(call, packing, way, kind)


def known_of(call: Call) -> Known | None:
    """Return what is known of calls like this one, which has been run."""
    return _kind(call, True, None).known


def _kind(call: Call, packs: bool, way: str | None) -> Kind:
    """Return the kind of a call."""
    request, x, filters, _, out, threads, *_ = call
    return kind_of(
        request, threads, way, packs,
        x.dtype, x.strides, x.flags.aligned, request.groups > 1 and address(x) % LINE > 0,
        filters.dtype, filters.strides, filters.flags.aligned,
        None if out is None else address(out) % LINE > 0,
    )  # fmt: skip


def _anew(call: Call, packing: Packing | None, way: str | None, kind: Kind) -> Array:
    """Return the convolution of a call, of a kind of which nothing is known, or not enough."""
    if 0 in call.request.output_shape:
        return result(call)
    begun = telling.begin()
    # Before planning, too, which takes long where a stride of millions makes as many phases.
    memory.require(_output(call), call.request.function)
    plan = plan_of(call, way)
    plan = plan if packing else freshly_packed(plan)
    needed = _needed(plan, call)
    memory.require(needed, call.request.function)
    packed = (packing or pack)(plan, call.filters, call.bias)
    made = convolve(packed, call)
    if packed.plan is plan and call.part is None and not memory.asks(needed):
        kind.known = _known(plan, call, packing is None)
    telling.tell(plan, begun)
    return made


def _known(plan: Plan, call: Call, packs: bool) -> Known | None:
    """Return what is known of calls like this one, if they are read where they lie."""
    compiled = tables(plan)
    value, filters = _read(plan, compiled, call.value), weights(plan, compiled, call.filters)
    if not (np.may_share_memory(value, call.value) and np.may_share_memory(filters, call.filters)):
        return None
    record = compiled.encoded.params.copy()
    _place(filters, record, 0)
    return Known(
        plan, compiled, record,
        address(value) - address(call.value), compiled.sorted(value.strides),
        address(filters) - address(call.filters),
        compiled.bias_bytes + (plan.panels if packs else 0), made_by(call), [],
    )  # fmt: skip


def plan_of(call: Call, way: str | None = None) -> Plan:
    """Return the plan of a call with packed filters, which also depends on where its input lies."""
    order = None if call.part is None else _order(call)
    plan = make_plan(call.request, call.threads, False, way, order)
    x = call.value
    if not x.flags.c_contiguous and plan.layer.in_other_rows and not _in_a_row(x, plan):
        scattered = call.request._replace(scattered=True)
        plan = make_plan(scattered, call.threads, False, way, order)
    ready = x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative
    if call.request.groups > 1 and address(x) % LINE:  # channels would lie across lines
        ready = False
    plan = reading_directly(plan) if ready else plan
    lying = lying_of(plan, call.filters) if plan.scheme.filters_lie else None
    plan = turning(plan, lying) if lying else plan
    shifted = call.out is not None and address(call.out) % LINE
    return between_lines(plan) if shifted else plan


def _in_a_row(x: Array, plan: Plan) -> bool:
    """Return whether the positions of an input lie at even distances, row after row."""
    in_order = FORMATS[plan.request.data_format].sorted
    (_, *extents, _), (_, *steps, _) = in_order(x.shape), in_order(x.strides)
    return lie_in_a_row(extents, steps)


def _order(call: Call) -> str:
    """Return in which order the whole is summed of which a call makes a part."""
    assert call.part is not None
    if call.part.order is not None:
        return call.part.order
    order = order_of(call.part.whole)
    if call.all_filters is None or order == order_of(call.part.whole, no_zeros=True):
        return order  # whether the filters are finite is known when they have been packed
    no_zeros = not np.isfinite(call.all_filters).all()
    return order_of(call.part.whole, no_zeros)


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


def pack(plan: Plan, filters: Array, bias: Array | None) -> Packed:
    """Return filters and bias packed for a plan, or its twin without zeros if not finite."""
    packed, finite = _packed(plan, filters, bias)
    if not finite:
        plan = make_plan(plan.request, plan.most, no_zeros=True)
        packed, _ = _packed(plan, filters, bias)
    return packed


def _packed(plan: Plan, filters: Array, bias: Array | None) -> tuple[Packed, bool]:
    """Return filters and bias packed for a plan, and whether all filters are finite."""
    compiled = tables(plan)
    packed = _unpacked(plan, compiled)
    if bias is not None:
        layer = plan.layer
        biases = packed.memory.view(layer.storage.compute)[: layer.request.co]
        biases.reshape(-1, len(bias))[:] = bias
    if plan.scheme.fresh:
        return packed, True  # as far as is known
    params, filters = compiled.encoded.params.copy(), weights(plan, compiled, filters)
    _place(filters, params, packed.at + compiled.bias_bytes)
    launch(compiled.pack, params, address(params), filters, packed.memory)
    return packed, not params[NOT_FINITE]


def _place(filters: Array, params: Array, panels: int) -> None:
    """Write where the filters are, and where they are packed."""
    kd, kh, kw, co, ci = filters.strides
    offset, pack_into = PACKING
    pack_into(params.data, offset, panels, address(filters), co, ci, kd, kh, kw)


def _unpacked(plan: Plan, compiled: Tables) -> Packed:
    """Return memory for packed filters, with zeros for the bias."""
    size = compiled.bias_bytes + plan.panels
    room = aligned((size,), np.uint8, size)
    room[: compiled.bias_bytes] = 0
    return Packed(plan, room, address(room))


def convolve(packed: Packed, call: Call) -> Array:
    """Return the convolution of a call whose filters are packed, or are by tasks."""
    out, finite = _convolved(packed, call)
    if finite:
        return out
    plan = packed.plan
    if not plan.scheme.fresh:
        return _with_sums_of_the_definition(packed, call, out)
    plan = make_plan(plan.request, plan.most, order=plan.choice.order)  # that of a part's whole
    return convolve(pack(plan, call.filters, call.bias), call._replace(out=out))


def _convolved(packed: Packed, call: Call) -> tuple[Array, bool]:
    """Return the result, and whether all numbers were finite, as far as a driver looks."""
    plan, out = packed.plan, result(call)
    compiled = tables(plan)
    encoded, value = compiled.encoded, _read(plan, compiled, call.value)
    params, scratch = encoded.params.copy(), aligned((encoded.scratch,), np.uint8, encoded.scratch)
    offset, pack_into = CONVOLVING
    pack_into(
        params.data, offset, 0, 0, address(value), *compiled.sorted(value.strides),
        address(out), packed.at, address(scratch), address(scratch) + encoded.lists,
        packed.at + compiled.bias_bytes, 0,
    )  # fmt: skip
    uses: tuple[Array, ...] = value, out, scratch, packed.memory
    if plan.scheme.fresh:
        filters = weights(plan, compiled, call.filters)
        _place(filters, params, 0)
        uses = *uses, filters
    launch(compiled.convolve, params, address(params), *uses)
    return out, not params[NOT_FINITE]


def _with_sums_of_the_definition(packed: Packed, call: Call, out: Array) -> Array:
    """Return results of fewer products; where their sums are not finite, those of the definition.

    An infinity becomes NaN where inputs are combined. Which sums are finite is asked without bias
    and activation: that is theirs alone, and so the same for a part as for the whole.
    """
    plan, sums = packed.plan, out
    asked = plan.request._replace(among=0)  # channels among others are compared alone
    if plan.request.bias or plan.request.activation != "linear":
        request = asked._replace(bias=False, activation="linear")
        alone = make_plan(request, plan.most, way=plan.choice.name)
        alone = reading_directly(alone) if plan.scheme.direct else alone
        without = call._replace(request=request, bias=None, out=None)
        sums, _ = _convolved(pack(alone, call.filters, None), without)
    whole = asked if call.part is None else call.part.whole._replace(among=0)
    order = order_of(whole._replace(algorithm="direct"))
    request = asked._replace(algorithm="direct")
    direct = make_plan(request, plan.most, order=order)
    found = convolve(
        pack(direct, call.filters, call.bias), call._replace(request=request, out=None)
    )
    np.copyto(out, found, where=~np.isfinite(sums))
    return out


def _read(plan: Plan, compiled: Tables, value: Array) -> Array:
    """Return the inputs that are read, as a view wherever kernels can read the array."""
    value = readable(value)
    if not compiled.all_inputs:
        all_, in_order = slice(None), FORMATS[plan.request.data_format].ordered
        value = value[in_order(all_, plan.layer.read, all_)]
    return value.reshape(compiled.read) if compiled.read else value
