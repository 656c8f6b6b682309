"""How the minimal way's scheme fills the records of its driver."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..shared.encode import output_steps
from ..shared.records import Block
from ..shared.scheme import Encoded
from .formulas import Line, Program, filters_of
from .kernel import address
from .records import MinimalLine, MinimalParams, Operation, Product
from .scheme import LINES, MinimalScheme

__all__ = ["encoded", "parts"]

STORAGES = "float32", "float64"


def encoded(scheme: MinimalScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    params = MinimalParams.zeros()
    convolve, pack = _parts(scheme.layer.request.dtype)
    kept = [*_kernels(params, scheme), *_axes(params, scheme), convolve, pack]
    _fill(params, scheme)
    _fill_memory(params, scheme)
    lists = scheme.threads * scheme.region
    return Encoded(params.numbers, pack, convolve, tuple(kept), lists, scheme.scratch)


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    for storage in STORAGES:
        yield from _parts(storage)


def _parts(storage: str) -> tuple[int, int]:
    """Return the addresses of what computes and of what packs filters."""
    return (
        part(__package__, ".driver:convolve", 2, storage=storage),
        part(__package__, ".pack:pack_filters", 2, storage=storage),
    )


def _kernels(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
    """Fill the addresses of kernels; return what has to be kept."""
    lanes, co = scheme.layer.lanes, scheme.layer.request.co
    merge, transform, most = (
        np.zeros(4, np.int64),
        np.zeros(4, np.int64),
        max(scheme.counts, default=0),
    )
    multiply, rows = np.zeros((3, 64), np.int64), np.zeros((3, most + 1), np.int64)
    restore, finish, begin = (
        np.zeros((4, 3), np.int64),
        np.zeros(3, np.int64),
        np.zeros(3, np.int64),
    )
    taps = {g.taps for line in scheme.programs[2].lines for g in line.groups} | {1}
    for n in {g.taps for line in scheme.programs[1].lines for g in line.groups} - {1}:
        merge[n] = address(scheme.tile("merge", rows=n))
    for n in taps:
        transform[n] = address(scheme.tile("transform", rows=n, pitch=scheme.pitch))
    for vectors, _, n, tile in scheme.tiles():
        multiply[vectors, n] = address(tile)
    for vectors in {columns // lanes for _, columns in scheme.blocks}:
        for n, of_tile in scheme.rows(vectors).items():
            rows[vectors, n] = of_tile
        begin[vectors] = address(scheme.tile("begin", vectors=vectors))
        for n in taps:
            restore[n, vectors] = address(scheme.tile("restore", rows=n, vectors=vectors))
    options: dict[str, Any] = {"activation": scheme.layer.request.activation}
    last = np.zeros(3, np.int64)  # of the last block, by its vectors: its last vector is not whole
    for start, columns in scheme.blocks:
        some, vectors = min(columns, co - start), columns // lanes
        options["last"] = lanes if scheme.layer.apart else some - (vectors - 1) * lanes
        found = address(scheme.tile("finish", vectors=vectors, **options))
        if finish[vectors] in (0, found):
            finish[vectors] = found
        last[vectors] = found
    tables = merge, transform, multiply, rows, restore, finish, begin, last
    params.fill(
        combine=address(scheme.tile("combine")),
        combine_filters=address(scheme.tile("combine", rows=2)),
        merge=merge.ctypes.data,
        transform=transform.ctypes.data,
        multiply=multiply.ctypes.data,
        rows=rows.ctypes.data,
        rows_step=most + 1,
        restore=restore.ctypes.data,
        begin=begin.ctypes.data,
        finish=finish.ctypes.data,
        finish_last=last.ctypes.data,
    )
    addresses = [*merge, *transform, *multiply.ravel(), *restore.ravel(), *finish, *begin, *last]
    return [*tables, [int(x) for x in addresses], params.combine, params.combine_filters]


def _fill(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill what follows from the layer."""
    r, layer = scheme.layer.request, scheme.layer
    steps = output_steps(scheme)
    params.fill(
        tasks=scheme.tasks,
        scratch_step=scheme.region,
        lists_step=scheme.lists_step,
        size=scheme.size,
        item=scheme.size,
        lanes=layer.lanes,
        channels=r.ci,
        halves=r.ci,
        chunk=r.ci,
        co=r.co,
        out_step=steps[4],
        image_step=steps[0],
        apart=layer.apart,
        packed=not scheme.direct,
        v_pitch=scheme.pitch,
        v_vectors=-(-r.ci // layer.lanes),
        chunk_ci=32,
        stage=scheme.stage,
        stage_at=scheme.panels - scheme.threads * scheme.stage,
    )


def _fill_memory(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill where in a thread's region numbers lie."""
    line, v, m, y = scheme.parts_of(scheme.row_tiles)
    block, plane, row, _ = scheme.y_steps(scheme.row_tiles)
    planes = scheme.planes
    first = LINES * line
    params.fill(
        line_at=0,
        line_bytes=line,
        left=scheme.left[0],
        v_at=first,
        v_plane=v,
        m_at=first + planes * v,
        m_plane=m,
        y_at=first + planes * (v + m),
        y_block=block,
        y_plane=plane,
        y_row=row,
        y_left=scheme.slack,
        packed_at=first + planes * (v + m) + y,
        plane_step=scheme.packed_plane,
        row_step=scheme.packed_row,
    )


def _axes(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
    """Fill the axes and the blocks of channels; return the tables."""
    steps, r = output_steps(scheme), scheme.layer.request
    blocks = table(Block, [{"start": a, "columns": b, "kind": 0} for a, b in scheme.blocks])
    params.fill(blocks=blocks.ctypes.data, n_blocks=len(blocks))
    kept: list[Any] = [blocks]
    cuts = (scheme.depth_tiles, scheme.row_tiles, 0)
    windows = (*scheme.windows, [(0, 0)])
    for a, record in enumerate((params.depth, params.height, params.width)):
        program = scheme.programs[a]
        lines = _lines(program, scheme, a, kept)
        filters = np.zeros((len(program.slots) + 1, 7), np.int64)
        for row, slot in zip(filters, program.slots, strict=False):
            row[0] = len(slot)
            row[1 : 1 + 2 * len(slot)] = np.ravel(slot)
        tables = np.array(windows[a], np.int64), filters
        counts = np.array([*scheme.width_tiles.counts, 0], np.int64)
        kept += [lines, *tables, counts]
        record.fill(
            i=program.i,
            o=r.o[a],
            k=r.k[a],
            block=cuts[a],
            n_block=(*scheme.n_blocks, 1)[a],
            n_slots=len(program.slots),
            output_step=steps[1 + a],
            lines=lines.ctypes.data,
            n_lines=len(program.lines),
            windows=tables[0].ctypes.data,
            counts=counts.ctypes.data,
            filters=filters.ctypes.data,
        )
    return kept


def _lines(program: Program, scheme: MinimalScheme, a: int, kept: list[Any]) -> NDArray[np.int64]:
    """Return the lines of an axis as a table; other tables join what is kept."""
    rows = []
    for n, line in enumerate(program.lines):
        first = min((g.slot for g in line.groups), default=0)
        slots = sum(len(filters_of(g.taps, program.careful)) for g in line.groups)
        row: dict[str, int] = dict.fromkeys(MinimalLine.NAMES, 0)
        row |= {"first": line.first, "step": line.step, "length": line.length, "odd": line.odd}
        row |= {"every": line.every, "tiles": line.tiles, "slot": first, "slots": slots}
        if a == 2:
            runs = scheme.width_tiles.runs[n]
            operations = table(Operation, [run._asdict() for run in runs])
            row |= {"operations": operations.ctypes.data, "n_operations": len(runs)}
            kept.append(operations)
        else:
            products, starts, ranks = _products(program, line, first, slots)
            row |= {"products": products.ctypes.data, "starts": starts.ctypes.data}
            row |= {"ranks": ranks.ctypes.data}
            kept += [products, starts, ranks]
        rows.append(row)
    return table(MinimalLine, rows)


def _products(
    program: Program, line: Line, first: int, slots: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the products of a line, where each tile's begin, and how many its slots have then."""
    rows, starts = [], [0]
    ranks, before = [], [0] * slots
    for u in range(line.tiles):
        ranks.append([*before])
        merged = -1
        for slot, terms, y0, y1 in program.entries(line, u):
            group = next(g for g in reversed(line.groups) if g.slot <= slot)
            (i0, c0), (i1, c1) = (*terms, (0, 0), (0, 0))[:2]
            place = {"slot": slot, "rank": before[slot - first], "n": len(terms), "y0": y0}
            row = {**place, "y1": y1, "i0": i0, "c0": c0, "i1": i1, "c1": c1}
            row |= {"head": 0, "taps": group.taps, "d0": line.inputs(group, u), "line": 0}
            if group.taps == 1 or program.kind(line, group, u):
                row["taps"] = 0
            else:
                row |= {"head": group.slot != merged, "line": slot - group.slot}
                merged = group.slot
            rows.append(row)
            before[slot - first] += 1
        starts.append(len(rows))
    ranks.append(before)
    numbers = np.array(ranks, np.int64).reshape(line.tiles + 1, slots)
    return table(Product, rows), np.array(starts, np.int64), numbers
