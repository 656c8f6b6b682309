"""The only place where arrays meet a plan: allocate, pack, launch."""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _memory, _threads
from ._arguments import Call
from ._plan import Plan, make_plan
from ._tile import ITEMSIZE, STORAGES, WideTile, compute_type
from ._tuning import TUNING
from .kernels import layout as field

__all__ = ["run"]

Array = NDArray[Any]
Int64s = NDArray[np.int64]

_LINE = 64  # bytes of a cache line: arrays that kernels write start on one


def run(call: Call) -> Array:
    """Return the transposed convolution of a call."""
    shape, dtype = call.request.output_shape, call.value.dtype.newbyteorder("=")
    if 0 in shape:
        return np.empty(shape, dtype) if call.out is None else call.out
    plan = make_plan(call.request, call.threads)
    _memory.require(_needed(plan, call), "conv3d_transpose")
    value, filters = _readable(call.value), _readable(call.filters)
    out = _empty(shape, dtype) if call.out is None else call.out
    panels = _aligned(plan.panels, np.uint8)
    if not _pack(plan, filters, panels):
        plan = make_plan(call.request, call.threads, exact=True)
        panels = _aligned(plan.panels, np.uint8)
        _pack(plan, filters, panels)
    _convolve(plan, value, panels, _bias(plan, call.bias), out)
    return out


def _needed(plan: Plan, call: Call) -> int:
    """Return the bytes that the call is going to allocate."""
    out = (
        0
        if call.out is not None
        else prod(call.request.output_shape) * ITEMSIZE[plan.request.dtype]
    )
    copies = sum(a.nbytes for a in (call.value, call.filters) if not a.dtype.isnative)
    return out + plan.panels + plan.scratch + copies


def _readable(x: Array) -> Array:
    """Return x, copied only where kernels could not read it: foreign byte order, odd addresses."""
    if x.dtype.isnative and x.flags.aligned:
        return x
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def _aligned(n: int, dtype: Any) -> Array:
    """Return n uninitialised numbers that start on a cache line."""
    size = np.dtype(dtype).itemsize
    memory = np.empty(n * size + _LINE, np.uint8)
    start = -_address(memory) % _LINE
    return memory[start : start + n * size].view(dtype)


def _empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an uninitialised C-contiguous array that starts on a cache line."""
    return _aligned(prod(shape), dtype).reshape(shape)


def _bias(plan: Plan, bias: Array | None) -> Array:
    """Return the bias in the compute type, with zeros up to whole vectors."""
    padded = _aligned(plan.width, compute_type(plan.request.dtype))
    padded[:] = 0
    if bias is not None:
        padded[: plan.request.co] = bias
    return padded


class _Tables(NamedTuple):
    """A plan in the form drivers read; what depends on a call's arrays is still zero."""

    params: Int64s  # header and axes: copied for each call
    kept: tuple[Int64s, ...]  # the tables whose addresses it holds


@lru_cache(maxsize=1024)
def _tables(plan: Plan) -> _Tables:
    """Return the tables of a plan; columns are named in kernels.layout."""
    from .kernels.build import address_of
    from .kernels.pack import pack_input

    kept = _phase_table(plan), _tap_table(plan), _block_table(plan), _tile_table(plan)
    params = np.concatenate([_header(plan), *(_axis_row(plan, a) for a in range(4))])
    columns = field.PHASES, field.TAPS, field.BLOCKS, field.TILES
    params[list(columns)] = [table.ctypes.data for table in kept]
    params[field.PACK] = address_of(pack_input, 10, lambda: pack_input)
    return _Tables(params, kept)


def _header(plan: Plan) -> Int64s:
    """Return the header, addresses still zero."""
    header = np.zeros(field.HEADER_FIELDS, np.int64)
    fields = {
        field.TASKS: plan.tasks,
        field.SCRATCH_STEP: plan.packed_bytes + -plan.packed_bytes % _LINE,
        field.LISTS_STEP: plan.list_bytes * len(plan.axes[3].phases),
        field.LIST_STEP: plan.list_bytes,
        field.ROW_TILES: plan.row_tiles,
        field.ENTRIES: plan.entries,
        field.SIZE: plan.size,
        field.CHANNELS: plan.request.ci,
        field.CHUNK: plan.chunk,
        field.CHUNK_STEP: plan.packed_steps[4],
        field.RUN: plan.run,
        field.JOINED: plan.joined,
        field.WIDE: plan.tiling.wide,
        field.LANES: plan.lanes,
        field.ROW_OUTPUTS: plan.request.o[2],
        field.WIDTH: plan.width,
        field.CO: plan.request.co,
        field.GROUP: plan.blocking.group,
        field.N_BLOCKS: len(plan.tiling.blocks),
        field.PHASES_TOGETHER: plan.together,
        field.SPLIT_EDGES: plan.exact,
        field.STORAGE: STORAGES.index(plan.request.dtype),
        field.ITEM: ITEMSIZE[plan.request.dtype],
        field.MOST_PHASES: max(len(a.phases) for a in plan.axes),
        field.MOST_TAPS: max(1, *(sum(f.taps for f in a.phases) for a in plan.axes)),
        field.TILE_OUTER: max(plan.tiling.most[0], plan.tiling.most[2]) + 1,
        field.TILE_INNER: plan.tiling.most[3] // (plan.lanes if plan.tiling.wide else 1) + 1,
    }
    for column, value in fields.items():
        header[column] = value
    return header


def _axis_row(plan: Plan, a: int) -> Int64s:
    """Return the row of axis `a` (0 batch ... 3 width), steps of arrays still zero."""
    axis = plan.axes[a]
    row = np.zeros(field.AXIS_FIELDS, np.int64)
    row[field.LENGTH], row[field.STRIDE] = axis.i, axis.s
    row[field.PACKED_STEP] = plan.packed_steps[a]
    row[field.POSITIONS] = axis.positions
    row[field.BLOCK], row[field.N_BLOCK] = plan.blocking.block[a], plan.n_blocks[a]
    row[field.MOST], row[field.HALO] = plan.tiling.most[a], plan.halos[a]
    row[field.SHIFT_LO], row[field.SHIFT_HI] = axis.shifts
    row[field.N_PHASES] = len(axis.phases)
    row[field.N_TAPS] = sum(f.taps for f in axis.phases)
    return row


def _phase_table(plan: Plan) -> Int64s:
    """Return the phases of all axes, as many rows for each as the longest has."""
    most = _header(plan)[field.MOST_PHASES]
    table = np.zeros((4, most, field.PHASE_FIELDS), np.int64)
    for a, axis in enumerate(plan.axes):
        before = 0
        for number, f in enumerate(axis.phases):
            table[a, number] = f.first, f.length, f.taps, f.shift, f.dilation, before
            before += f.taps
    return table


def _tap_table(plan: Plan) -> Int64s:
    """Return the taps of all axes in the order of phases."""
    most = _header(plan)[field.MOST_TAPS]
    table = np.zeros((4, most, field.TAP_FIELDS), np.int64)
    for a, axis in enumerate(plan.axes):
        rows = [
            (number, j, f.k0 + j * f.k_step)
            for number, f in enumerate(axis.phases)
            for j in range(f.taps)
        ]
        table[a, : len(rows)] = np.array(rows, np.int64).reshape(-1, field.TAP_FIELDS)
    return table


def _block_table(plan: Plan) -> Int64s:
    """Return the blocks of output channels."""
    rows = [
        (start, columns, plan.kinds.index(plan.kind((start, columns))))
        for start, columns in plan.tiling.blocks
    ]
    return np.array(rows, np.int64).reshape(-1, field.BLOCK_FIELDS)


def _tile_table(plan: Plan) -> Int64s:
    """Return the addresses of the plan's micro-kernels, compiled where they are new."""
    from .kernels.microkernel import tile_address
    from .kernels.widekernel import wide_tile_address

    header = _header(plan)
    shape = len(plan.kinds), header[field.TILE_OUTER], header[field.TILE_INNER]
    table = np.zeros(shape, np.int64)
    for kind, outer, inner, tile in plan.tiles():
        if isinstance(tile, WideTile):
            table[kind, outer, inner] = wide_tile_address(tile)
        else:
            table[kind, outer, inner] = tile_address(tile)
    return table


def _pack(plan: Plan, filters: Array, panels: Array) -> bool:
    """Pack the filters; return whether all of them are finite."""
    params = _tables(plan).params.copy()
    _axes(params)[1:, field.FILTER_STEP] = filters.strides[:3]
    params[field.CO_STEP], params[field.CI_STEP] = filters.strides[3:]
    params[field.FILTERS], params[field.PANELS] = _address(filters), _address(panels)
    threads = plan.threads if plan.panels > TUNING.serial_panels else 1
    _launch(_kernels().pack_filters, params, threads)
    return not params[field.NOT_FINITE]


def _convolve(plan: Plan, value: Array, panels: Array, bias: Array, out: Array) -> None:
    """Compute the output from packed filters."""
    params = _tables(plan).params.copy()
    axes = _axes(params)
    channel, space = (1, 2) if plan.request.data_format == "NCDHW" else (4, 1)
    # Not out.strides: those of axes of length 1 can be anything.
    out_steps = [out.itemsize * prod(out.shape[axis + 1 :]) for axis in range(5)]
    axes[:, field.INPUT_STEP] = value.strides[0], *value.strides[space : space + 3]
    axes[:, field.OUTPUT_STEP] = out_steps[0], *out_steps[space : space + 3]
    params[field.CHANNEL_STEP] = value.strides[channel]
    params[field.OUT_CHANNEL_STEP] = out_steps[channel]
    scratch = _aligned(plan.threads * int(params[field.SCRATCH_STEP]), np.uint8)
    lists = np.empty(plan.threads * int(params[field.LISTS_STEP]), np.uint8)
    for column, array in (
        (field.INPUT, value),
        (field.PANELS, panels),
        (field.BIAS, bias),
        (field.OUTPUT, out),
        (field.SCRATCH, scratch),
        (field.LISTS, lists),
    ):
        params[column] = _address(array)
    _launch(_kernels().convolve, params, min(plan.threads, plan.tasks))


def _axes(params: Int64s) -> Int64s:
    """Return the rows of the axes behind the header."""
    return params[field.HEADER_FIELDS :].reshape(4, field.AXIS_FIELDS)


def _address(array: Array) -> int:
    """Return where the array's first number is."""
    return int(array.__array_interface__["data"][0])


class _Kernels(NamedTuple):
    """Addresses of the workers, and how they are started."""

    pack_filters: int
    convolve: int
    call_once: Callable[[int, int], None]
    launch: Callable[[int, int, int], None]


@lru_cache(maxsize=1)
def _kernels() -> _Kernels:
    """Return the compiled drivers."""
    from .kernels import build, driver, pack

    return _Kernels(
        build.address_of(pack.pack_filters, 2, lambda: pack.pack_filters),
        build.address_of(driver.convolve, 2, lambda: driver.convolve),
        build.serial(driver.call_once),
        build.parallel(driver.launch),
    )


def _launch(worker: int, params: Int64s, threads: int) -> None:
    """Start the worker on `threads` threads, on this one if it is only one."""
    if threads == 1:
        _kernels().call_once(worker, _address(params))
        return
    with _threads.launching(threads):
        _kernels().launch(worker, _address(params), threads)
