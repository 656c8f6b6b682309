"""A plan as the tables of int64 numbers that compiled drivers read; kernels.layout names them."""

from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._geometry.tile import ITEMSIZE, STORAGES, WideTile
from .._plan.plan import Plan
from .._runtime.door import worker
from .._ways.fold.plan import Folding
from .._ways.shared import layout as field

__all__ = ["Tables", "drivers", "tables"]

Int64s = NDArray[np.int64]
Place: TypeAlias = tuple[int, int, int]  # of a tile in its table: kind, outer, inner

_LINE = 64  # bytes of a cache line: threads that write to the same one slow each other down


class Tables(NamedTuple):
    """A plan in the form drivers read; what depends on a call's arrays is still zero."""

    params: Int64s  # header and axes: copied for each call
    drivers: tuple[int, int]  # addresses: of what packs filters, and of what computes
    kept: tuple[Int64s, ...]  # the tables whose addresses the parameters hold
    code: dict[Place, int]  # addresses: as long as they are kept, the code is in memory
    lists: int  # where threads' lists begin, in bytes behind their packed inputs
    scratch: int  # bytes of both
    desks: list[Any]  # of earlier calls, for the next ones; pop and append are atomic
    packed: list[Any]  # likewise


def drivers(folds: bool) -> tuple[int, int]:
    """Return the addresses of the drivers: what packs filters, and what computes."""
    if folds:
        return worker("_ways.fold.driver", "pack_columns"), worker("_ways.fold.driver", "convolve_folding")
    return worker("_ways.shared.pack", "pack_filters"), worker("_ways.channels.driver", "convolve")


@lru_cache(maxsize=1024)
def tables(plan: Plan) -> Tables:
    """Return the tables of a plan; columns are named in kernels.layout."""
    if plan.folding:
        return _fold_tables(plan, plan.folding)
    addresses = _addresses(plan)
    kept = _phase_table(plan), _tap_table(plan), _block_table(plan), _tile_table(plan, addresses)
    params = np.concatenate([_header(plan), _axes(plan)])
    columns = field.PHASES, field.TAPS, field.BLOCKS, field.TILES
    params[list(columns)] = [table.ctypes.data for table in kept]
    params[field.PACK] = addresses[-1, 0, 0] = worker("_ways.shared.pack", "pack_input", 10)
    lists = plan.threads * int(params[field.SCRATCH_STEP])
    scratch = lists + plan.threads * int(params[field.LISTS_STEP])
    return Tables(params, drivers(False), kept, addresses, lists, scratch, [], [])


def _header(plan: Plan) -> Int64s:
    """Return the header, addresses still zero."""
    header = np.zeros(field.HEADER_FIELDS, np.int64)
    fresh_at = plan.packed_bytes + -plan.packed_bytes % _LINE
    turned_at = fresh_at + plan.fresh_bytes
    fields = {
        field.TASKS: plan.tasks,
        field.SCRATCH_STEP: turned_at + plan.turning.bytes + -plan.turning.bytes % _LINE,
        field.TURNED: ("", "rows", "lines", "slabs").index(plan.turning.what),
        field.TURNED_AT: turned_at,
        field.DIRECT: plan.direct,
        field.FRESH: plan.fresh,
        field.FRESH_AT: fresh_at,
        field.LISTS_STEP: plan.list_bytes * len(plan.axes[3].phases),
        field.LIST_STEP: plan.list_bytes,
        field.ROW_TILES: plan.row_tiles,
        field.ENTRIES: plan.entries,
        field.TABLES: plan.tables,
        field.SIZE: plan.size,
        field.CHANNELS: plan.work.ci,
        field.CHUNK: plan.chunk,
        field.CHUNK_STEP: plan.packed_steps[4],
        field.RUN: plan.run,
        field.JOINED: plan.joined,
        field.WIDE: plan.tiling.wide,
        field.LANES: plan.lanes,
        field.CO: plan.work.co,
        field.OUT_CHANNEL_STEP: _output_steps(plan)[4],
        field.GROUP: plan.blocking.group,
        field.N_BLOCKS: len(plan.tiling.blocks),
        field.PHASES_TOGETHER: plan.together,
        field.EDGES: plan.edged,
        field.SPLIT_EDGES: plan.exact,
        field.STORAGE: STORAGES.index(plan.work.dtype),
        field.ITEM: ITEMSIZE[plan.work.dtype],
        field.MOST_PHASES: max(len(a.phases) for a in plan.axes),
        field.MOST_TAPS: max(1, *(sum(f.taps for f in a.phases) for a in plan.axes)),
        field.TILE_OUTER: max(plan.tiling.most[0], plan.tiling.most[2]) + 1,
        field.TILE_INNER: plan.tiling.most[3] // (plan.lanes if plan.tiling.wide else 1) + 1,
    }
    for column, value in fields.items():
        header[column] = value
    return header


def _axes(plan: Plan) -> Int64s:
    """Return the columns of the axes, steps of input and filters still zero."""
    columns = np.zeros(field.AXIS_FIELDS * field.N_AXES, np.int64)
    for a, axis in enumerate(plan.axes):
        row = columns[a:]
        row[field.LENGTH], row[field.STRIDE] = axis.i, axis.s
        row[field.PACKED_STEP] = plan.packed_steps[a]
        row[field.POSITIONS] = axis.positions
        row[field.BLOCK], row[field.N_BLOCK] = plan.blocking.block[a], plan.n_blocks[a]
        row[field.MOST], row[field.HALO] = plan.tiling.most[a], plan.halos[a]
        row[field.SHIFT_LO], row[field.SHIFT_HI] = axis.shifts
        row[field.N_PHASES] = len(axis.phases)
        row[field.N_TAPS] = sum(f.taps for f in axis.phases)
        row[field.IN_STRIDE] = axis.in_s
        row[field.OUTPUTS] = axis.outputs
    columns[field.OUTPUT_STEP :][: field.N_AXES] = _output_steps(plan)[:4]
    return columns


def _output_steps(plan: Plan) -> tuple[int, ...]:
    """Return the steps of the output along batch, depth, height, width and channels."""
    shape, item = plan.work.output_shape, ITEMSIZE[plan.work.dtype]
    steps = tuple(prod(shape[a + 1 :]) * item for a in range(5))
    if plan.work.data_format == "NDHWC":
        return steps
    n, c, d, h, w = steps
    if not plan.turning.what:
        return n, d, h, w, c
    # What is turned is made with the channels of a block together.
    w = plan.columns * item
    if plan.turning.what == "rows":
        return n, d, h, w, c
    h = plan.work.o[2] * w
    d = plan.work.o[1] * h
    return plan.blocking.block[1] * plan.axes[1].s * d, d, h, w, c


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
    from .._ways.channels.kernel import tile_address
    from .._ways.wide.kernel import wide_tile_address

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


def _fold_tables(plan: Plan, folding: Folding) -> Tables:
    """Return the tables of a plan that folds."""
    from .._ways.fold.kernel import finish_address, fold_address

    addresses = {
        (kind, outer, vectors): fold_address(tile) for kind, outer, vectors, tile in folding.tiles()
    }
    tiles = np.zeros((len(folding.kinds), 1, 3), np.int64)
    for place, address in addresses.items():
        tiles[place] = address
    addresses[-1, 0, 0] = finish_address(folding.finish_tile)
    blocks = [(first, m, folding.kinds.index(m)) for first, m in folding.column_blocks]
    kept = np.array(blocks, np.int64), tiles
    params = np.concatenate([_fold_header(plan, folding), _fold_axes(plan, folding)])
    params[[field.BLOCKS, field.TILES]] = [table.ctypes.data for table in kept]
    params[field.FINISH] = addresses[-1, 0, 0]
    return Tables(params, drivers(True), kept, addresses, plan.scratch, plan.scratch, [], [])


def _fold_header(plan: Plan, folding: Folding) -> Int64s:
    """Return the header of a plan that folds, addresses still zero."""
    header = np.zeros(field.HEADER_FIELDS, np.int64)
    fields = {
        field.TASKS: plan.tasks,
        field.SCRATCH_STEP: folding.region,
        field.SIZE: folding.size,
        field.LANES: folding.lanes,
        field.CHANNELS: plan.work.ci,
        field.CHUNK: 1,
        field.CHUNK_STEP: folding.plane,
        field.CO: plan.work.co,
        field.OUT_CHANNEL_STEP: _output_steps(plan)[4],
        field.GROUP: folding.group,
        field.N_BLOCKS: len(folding.column_blocks),
        field.TILE_INNER: 3,
        field.STORAGE: STORAGES.index(plan.work.dtype),
        field.ITEM: ITEMSIZE[plan.work.dtype],
        field.COLUMNS: folding.columns,
        field.TOGETHER: folding.rows_together,
        field.TOGETHER_STEP: folding.packed_bytes,
        field.SUMS_AT: folding.rows_together * folding.packed_bytes,
        field.WINDOW: folding.window,
        field.BLOCK_ROWS: folding.block[1],
        field.UNIT: folding.unit,
        field.ROW: folding.row * folding.size,
        field.LEFT: folding.left,
        field.ROWS_AT: folding.region - folding.rows_bytes,
        field.APART: plan.work.data_format == "NCDHW",
    }
    for column, value in fields.items():
        header[column] = value
    return header


def _fold_axes(plan: Plan, folding: Folding) -> Int64s:
    """Return the columns of the axes of a plan that folds, steps of its inputs still zero."""
    columns, r = np.zeros(field.AXIS_FIELDS * field.N_AXES, np.int64), plan.work
    columns[field.LENGTH + field.BATCH] = r.n
    for a in range(3):
        row = columns[field.DEPTH + a :]
        row[field.LENGTH], row[field.STRIDE], row[field.OUTPUTS] = r.i[a], r.s[a], r.o[a]
        row[field.BLOCK], row[field.N_BLOCK] = folding.block[a], folding.n_blocks[a]
        row[field.KERNEL], row[field.TAP_DISTANCE] = r.k[a], r.d[a]
        row[field.CROP] = r.p[a]
    columns[field.OUTPUT_STEP :][: field.N_AXES] = _output_steps(plan)[:4]
    return columns
