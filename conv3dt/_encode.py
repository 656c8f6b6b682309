"""A plan as the tables of int64 numbers that compiled drivers read; kernels.layout names them."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._plan import Plan
from ._tile import ITEMSIZE, STORAGES, WideTile
from .kernels import layout as field
from .kernels.workers import workers

__all__ = ["Tables", "tables"]

Int64s = NDArray[np.int64]
Place: TypeAlias = tuple[int, int, int]  # of a tile in its table: kind, outer, inner

_LINE = 64  # bytes of a cache line: threads that write to the same one slow each other down


class Tables(NamedTuple):
    """A plan in the form drivers read; what depends on a call's arrays is still zero."""

    params: Int64s  # header and axes: copied for each call
    kept: tuple[Int64s, ...]  # the tables whose addresses it holds
    tiles: dict[Place, int]  # addresses, which keep the tiles' code in memory
    lists: int  # where threads' lists begin, in bytes behind their packed inputs
    scratch: int  # bytes of both


@lru_cache(maxsize=1024)
def tables(plan: Plan) -> Tables:
    """Return the tables of a plan; columns are named in kernels.layout."""
    addresses = _addresses(plan)
    kept = _phase_table(plan), _tap_table(plan), _block_table(plan), _tile_table(plan, addresses)
    params = np.concatenate([_header(plan), *(_axis_row(plan, a) for a in range(4))])
    columns = field.PHASES, field.TAPS, field.BLOCKS, field.TILES
    params[list(columns)] = [table.ctypes.data for table in kept]
    params[field.PACK] = workers().pack_input
    lists = plan.threads * int(params[field.SCRATCH_STEP])
    return Tables(
        params, kept, addresses, lists, lists + plan.threads * int(params[field.LISTS_STEP])
    )


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
    row[field.IN_STRIDE] = axis.in_s
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


def _addresses(plan: Plan) -> dict[Place, int]:
    """Return the addresses of the plan's micro-kernels, compiled where they are new."""
    from .kernels.microkernel import tile_address
    from .kernels.widekernel import wide_tile_address

    return {
        (kind, outer, inner): (
            wide_tile_address(tile) if isinstance(tile, WideTile) else tile_address(tile)
        )
        for kind, outer, inner, tile in plan.tiles()
    }


def _tile_table(plan: Plan, addresses: dict[Place, int]) -> Int64s:
    """Return the table of micro-kernels."""
    header = _header(plan)
    shape = len(plan.kinds), header[field.TILE_OUTER], header[field.TILE_INNER]
    table = np.zeros(shape, np.int64)
    for place, address in addresses.items():
        table[place] = address
    return table
