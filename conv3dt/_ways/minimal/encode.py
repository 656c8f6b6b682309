"""How the minimal way's scheme fills the records of its driver."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import Record, table
from ..._geometry.storages import STORAGES
from ..shared.blocked import in_lines
from ..shared.encode import output_steps
from ..shared.records import Block
from ..shared.scheme import Encoded
from .formulas import Entry, Line, Program
from .records import (
    End,
    MinimalAxis,
    MinimalLine,
    MinimalParams,
    Part,
    Product,
    Run,
    Use,
)
from .scheme import MinimalScheme
from .sizes import CHUNK
from .tile import MinimalTile

__all__ = ["encoded", "parts"]


# Numbers of the tables of kernels' addresses.
_TABLES = {
    "weigh": 3 * 4,
    "transform": 5 * 6,
    "multiply": 3 * 6 * 2 * 32 * 2,
    "define": 3,
    "total": 3,
    "finish": 3,
    "finish_last": 3,
}


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
    """Fill the tables of kernels' addresses; return what has to be kept."""
    from .kernel import address

    addresses = {place: address(tile) for place, tile in _places(scheme)}
    kept: list[Any] = [addresses]
    for field, length in _TABLES.items():
        numbers = np.zeros(length, np.int64)
        for (name, number), found in addresses.items():
            if name == field:
                numbers[number] = found
        setattr(params, field, numbers.ctypes.data)
        kept.append(numbers)
    most = np.ones((3, 6), np.int64)
    for vectors, formula in product(scheme.vectors, range(1, 6)):
        most[vectors, formula] = scheme.most_tiles(vectors, formula)
    params.most = most.ctypes.data
    return [*kept, most]


def _places(scheme: MinimalScheme) -> Iterator[tuple[tuple[str, int], MinimalTile]]:
    """Yield the table and the number in it of every kernel, and its tile."""
    for axis, along in enumerate(scheme.programs):
        for terms in {len(slot) for slot in along.slots}:
            yield ("weigh", 4 * axis + terms), scheme.tile("weigh", rows=axis, terms=terms)
    vectors = scheme.pitch // scheme.size // scheme.layer.lanes
    most = scheme.layer.machine.registers // 8
    at_once = max(n for n in range(1, most + 1) if vectors % n == 0)
    how: dict[str, Any] = {"vectors": vectors, "at_once": at_once, "pitch": scheme.pitch}
    formulas = {run.formula for line in scheme.width_tiles.runs for run in line}
    for terms, formula in product((1, 2, 4), formulas):
        tile = scheme.tile("transform", formula=formula, terms=terms, column=scheme.column, **how)
        yield ("transform", 6 * terms + formula), tile
    for vectors, formula, upright, tile in scheme.tiles():
        number = (2 * (6 * vectors + formula) + upright) * 32 + tile.rows
        yield ("multiply", 2 * number + max(0, tile.half)), tile
    for vectors in scheme.vectors:
        yield ("total", vectors), scheme.tile("total", vectors=vectors)
        if scheme.taps:
            yield ("define", vectors), scheme.tile("define", vectors=vectors)
    r, lanes = scheme.layer.request, scheme.layer.lanes
    for name, (start, columns) in (
        ("finish", scheme.blocks[0]),
        ("finish_last", scheme.blocks[-1]),
    ):
        vectors = columns // lanes
        last = min(columns, r.co - start) - (vectors - 1) * lanes
        last = lanes if scheme.layer.apart else last
        how = {"last": last, "activation": r.activation, "streamed": scheme.streamed}
        tile = scheme.tile("finish", vectors=vectors, **how)
        yield (name, vectors), tile


def _fill(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill what follows from the layer."""
    r, layer = scheme.layer.request, scheme.layer
    steps = output_steps(scheme)
    params.fill(
        tasks=scheme.tasks,
        scratch_step=scheme.region,
        lists_step=scheme.lists_step,
        size=scheme.size,
        item=scheme.layer.storage.item,
        lanes=layer.lanes,
        channels=r.ci,
        halves=r.ci,
        chunk=r.ci,
        co=r.co,
        out_step=steps[4],
        image_step=steps[0],
        apart=layer.apart,
        packed=not scheme.direct,
        chunk_ci=CHUNK,
        parts=scheme.filter_parts,
        pairs=scheme.pairs,
        stage=scheme.stage,
        stage_at=scheme.filters_bytes,
        taps_at=scheme.taps_at if scheme.taps else 0,
    )


def _fill_memory(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill where in a thread's region numbers lie."""
    v, y = scheme.parts_of(scheme.row_tiles)
    m_block, m_depth, m_line = scheme.m_parts(scheme.row_tiles)
    params.fill(
        v_at=0,
        v_line=scheme.v_starts[-1],
        y_at=v,
        y_left=scheme.slack,
        m_at=v + y,
        m_block=m_block,
        m_depth=m_depth,
        m_line=m_line,
        at_a_time=scheme.at_a_time,
        at_once=scheme.at_once(scheme.row_tiles),
        packed_at=in_lines(scheme.region_of(scheme.row_tiles)),
        plane_step=scheme.packed_plane,
        row_step=scheme.packed_row,
    )


def _axes(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
    """Fill the axes and the blocks of channels; return the tables."""
    blocks = table(Block, [{"start": a, "columns": b, "kind": 0} for a, b in scheme.blocks])
    params.fill(blocks=blocks.ctypes.data, n_blocks=len(blocks))
    kept: list[Any] = [blocks]
    for a, record in enumerate((params.depth, params.height, params.width)):
        _fill_axis(record, scheme, a, kept)
    return kept


def _fill_axis(record: MinimalAxis, scheme: MinimalScheme, a: int, kept: list[Any]) -> None:
    """Fill the record of an axis; its tables join what is kept."""
    r, program = scheme.layer.request, scheme.programs[a]
    lines = _lines(program, scheme, a, kept)
    filters = np.zeros((len(program.slots) + 1, 7), np.int64)
    for row, slot in zip(filters, program.slots, strict=False):
        row[0] = len(slot)
        row[1 : 1 + 2 * len(slot)] = np.ravel(slot)
    windows = np.array((*scheme.windows, [(0, 0)])[a], np.int64)
    kept += [lines, windows, filters]
    record.fill(
        i=program.i,
        o=r.o[a],
        k=r.k[a],
        block=(scheme.depth_tiles, scheme.row_tiles, 0)[a],
        n_block=(*scheme.n_blocks, 1)[a],
        n_slots=len(program.slots),
        output_step=output_steps(scheme)[1 + a],
        lines=lines.ctypes.data,
        n_lines=len(program.lines),
        windows=windows.ctypes.data,
        filters=filters.ctypes.data,
    )


def _lines(program: Program, scheme: MinimalScheme, a: int, kept: list[Any]) -> NDArray[np.int64]:
    """Return the lines of an axis as a table; other tables join what is kept."""
    rows = []
    for n, line in enumerate(program.lines):
        tables = {"ends": _ends(program, line)}
        row: dict[str, int] = dict.fromkeys(MinimalLine.NAMES, 0)
        row |= {"first": line.first, "step": line.step, "length": line.length, "odd": line.odd}
        row |= {"every": line.every, "tiles": line.tiles, "groups": len(line.groups)}
        if a == 2:
            row |= {"m": scheme.width_tiles.starts[n], "m_group": 2 * line.tiles}
            tables["runs"] = _runs(scheme, n)
        elif a == 1:
            blocks = scheme.heights[n]
            tables["products"], tables["starts"] = _listed(
                Product, (map(_product, x.products) for x in blocks)
            )
            tables["uses"], tables["use_starts"] = _listed(
                Use, ((y._asdict() for y in x.uses) for x in blocks)
            )
            parts = (y for x in blocks for y in x.parts)
            tables["parts"], tables["part_starts"] = _listed(
                Part, ((z._asdict() for z in y) for y in parts)
            )
        else:
            tiles = (program.entries(line, u) for u in range(line.tiles))
            tables["products"], tables["starts"] = _listed(
                Product, (map(_product, x) for x in tiles)
            )
        row |= {name: numbers.ctypes.data for name, numbers in tables.items()}
        row |= {f"n_{name}": len(tables[name]) for name in ("ends", "runs") if name in tables}
        kept += tables.values()
        rows.append(row)
    return table(MinimalLine, rows)


def _listed(
    record: type[Record], lists: Iterable[Iterable[dict[str, int]]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of all lists as a table, and where each list begins in it, and the end."""
    found = [[*rows] for rows in lists]
    starts = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return table(record, [row for rows in found for row in rows]), starts


def _product(x: Entry) -> dict[str, int]:
    """Return a product as a row of a table."""
    (i0, c0), (i1, c1) = (*x.terms, (0, 0))[:2]
    row = {"slot": x.slot, "n": len(x.terms), "y0": x.y0, "y1": x.y1}
    return row | {"i0": i0, "c0": c0, "i1": i1, "c1": c1}


def _runs(scheme: MinimalScheme, n: int) -> NDArray[np.int64]:
    """Return the runs of a line of the width as a table."""
    rows, widths, line = [], scheme.width_tiles, scheme.programs[2].lines[n]
    first = {g.slot: a * 2 * line.tiles for a, g in enumerate(line.groups)}
    at = sum(map(len, widths.runs[:n]))
    for run, v in zip(widths.runs[n], scheme.v_starts[at:], strict=False):
        output = widths.starts[n] + first[run.slot] + run.output
        row = run._asdict() | {"output": output, "v": v, "upright": scheme.upright(run)}
        del row["columns"]
        rows.append(row)
    return table(Run, rows)


def _ends(program: Program, line: Line) -> NDArray[np.int64]:
    """Return the positions that miss taps as a table."""
    rows = []
    for t, reads in program.ends(line):
        (i0, k0), (i1, k1) = (*reads, (0, 0), (0, 0))[:2]
        rows.append({"t": t, "n": len(reads), "i0": i0, "k0": k0, "i1": i1, "k1": k1})
    return table(End, rows)
