"""How the minimal way's scheme fills the records of its driver."""

from collections.abc import Iterator
from itertools import accumulate, chain, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.storages import STORAGES
from ..shared.encode import output_steps
from ..shared.records import Block
from ..shared.scheme import Encoded
from .formulas import TALL, Line, Program, tall
from .records import (
    End,
    MinimalAxis,
    MinimalLine,
    MinimalParams,
    Operation,
    Blend,
    Product,
    Use,
)
from .scheme import MinimalScheme
from .sizes import CHUNK
from .tile import MinimalTile

__all__ = ["encoded", "parts"]


# Numbers of the tables of kernels' addresses.
_TABLES = {
    "weigh": 3 * 4,
    "combine": 3,
    "transform": TALL * 6,
    "multiply": 3 * 3 * 64,
    "restore": TALL * 6 * 3 * 3,
    "restore_last": TALL * 6 * 3 * 3,
    "define": 3,
    "begin": 3,
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
    most = max(scheme.counts, default=0) + 1
    rows = np.zeros((3, most), np.int64)
    for vectors in scheme.vectors:
        for positions, n in scheme.rows(vectors).items():
            rows[vectors, positions] = n
    params.fill(rows=rows.ctypes.data, rows_step=most)
    return [*kept, rows]


def _places(scheme: MinimalScheme) -> Iterator[tuple[tuple[str, int], MinimalTile]]:
    """Yield the table and the number in it of every kernel, and its tile."""
    program = scheme.programs[1]
    groups = [(line, group) for line in program.lines for group in line.groups]
    talls = {program.formula(x, g, u) for x, g in groups for u in range(x.tiles)}
    runs = {(run.formula, run.missing) for line in scheme.width_tiles.runs for run in line}
    for terms in range(3):
        yield ("combine", terms), scheme.tile("combine", terms=terms)
    for axis, along in enumerate(scheme.programs):
        for terms in {len(slot) for slot in along.slots}:
            yield ("weigh", 4 * axis + terms), scheme.tile("weigh", rows=axis, terms=terms)
    for h, n in product(talls, {formula for formula, _ in runs}):
        tile = scheme.tile("transform", tall=h, rows=n, pitch=scheme.pitch)
        yield ("transform", 6 * h + n), tile
    for vectors, _, n, tile in scheme.tiles():
        for beside in range(3 if scheme.beside else 1):
            yield ("multiply", 64 * (3 * beside + vectors) + n), tile._replace(beside=beside)
    for vectors in scheme.vectors:
        yield ("begin", vectors), scheme.tile("begin", vectors=vectors)
        if scheme.taps:
            yield ("define", vectors), scheme.tile("define", vectors=vectors)
    r, lanes = scheme.layer.request, scheme.layer.lanes
    for name, (start, columns) in (("", scheme.blocks[0]), ("_last", scheme.blocks[-1])):
        vectors = columns // lanes
        last = min(columns, r.co - start) - (vectors - 1) * lanes
        last = lanes if scheme.layer.apart else last
        how = {"last": last, "activation": r.activation, "streamed": scheme.streamed}
        yield ("finish" + name, vectors), scheme.tile("finish", vectors=vectors, **how)
        how = how if _ended(scheme) else {}
        for h, (n, missing) in product(talls, runs):
            tile = scheme.tile(
                "restore", tall=h, rows=n, missing=missing, vectors=vectors, **how
            )
            yield ("restore" + name, 3 * (3 * (6 * h + n) + missing) + vectors), tile


def _ended(scheme: MinimalScheme) -> bool:
    """Return whether outputs are stored with the last products of their sums, not row by row."""
    from ..._compiler.activations.table import ACTIVATIONS

    short = ACTIVATIONS[scheme.layer.request.activation].in_registers
    return scheme.begun and short and not scheme.layer.apart


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
        v_pitch=scheme.pitch,
        v_vectors=-(-r.ci // layer.lanes),
        chunk_ci=CHUNK,
        parts=scheme.filter_parts,
        pairs=scheme.pairs,
        most_jobs=scheme.most_jobs,
        beside=scheme.beside,
        begun=scheme.begun,
        lines_of_sums=scheme.lines_of_sums,
        ended=_ended(scheme),
        stage=scheme.stage,
        stage_at=scheme.filters_bytes,
        taps_at=scheme.taps_at if scheme.taps else 0,
    )


def _fill_memory(params: MinimalParams, scheme: MinimalScheme) -> None:
    """Fill where in a thread's region numbers lie."""
    u, v, m, y = scheme.parts_of(scheme.row_tiles)
    sums = u + scheme.products_of(scheme.row_tiles)
    block, plane, row, _ = scheme.y_steps(scheme.row_tiles)
    planes = scheme.planes
    params.fill(
        u_at=0,
        u_row=scheme.u_row,
        u_bytes=u,
        left=scheme.left[0],
        v_at=u,
        v_plane=v,
        m_at=u + planes * v,
        m_plane=m,
        y_at=sums,
        y_line=y // scheme.lines_of_sums,
        y_block=block,
        y_plane=plane,
        y_row=row,
        y_left=scheme.slack,
        packed_at=sums + y,
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
    counts = np.array([*scheme.width_tiles.counts, 0], np.int64)
    kept += [lines, windows, filters, counts]
    if a == 0:
        _fill_blends(record, scheme, kept)
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
        counts=counts.ctypes.data,
        filters=filters.ctypes.data,
    )


def _fill_blends(record: MinimalAxis, scheme: MinimalScheme, kept: list[Any]) -> None:
    """Fill what is combined along the depth; tables join what is kept."""
    rows = []
    for terms, uses in chain.from_iterable(scheme.blends):
        (i0, c0), (i1, c1) = (*terms, (0, 0), (0, 0))[:2]
        found = table(Use, [use._asdict() for use in uses])
        row = {"n": len(terms), "i0": i0, "c0": c0, "i1": i1, "c1": c1}
        rows.append(row | {"uses": found.ctypes.data, "n_uses": len(uses)})
        kept.append(found)
    starts = np.array([0, *accumulate(map(len, scheme.blends))], np.int64)
    blends = table(Blend, rows)
    record.fill(blends=blends.ctypes.data, blend_starts=starts.ctypes.data)
    kept += [blends, starts]


def _lines(program: Program, scheme: MinimalScheme, a: int, kept: list[Any]) -> NDArray[np.int64]:
    """Return the lines of an axis as a table; other tables join what is kept."""
    rows = []
    for n, line in enumerate(program.lines):
        first = min((g.slot for g in line.groups), default=0)
        slots = line.slots
        row: dict[str, int] = dict.fromkeys(MinimalLine.NAMES, 0)
        row |= {"first": line.first, "step": line.step, "length": line.length, "odd": line.odd}
        row |= {"every": line.every, "tiles": line.tiles, "slot": first, "slots": slots}
        if a == 2:
            runs = scheme.width_tiles.runs[n]
            places = [np.array(run.places, np.int64) for run in runs]
            operations = table(Operation, [
                run._asdict() | {"n": len(at), "places": at.ctypes.data}
                for run, at in zip(runs, places, strict=True)
            ])  # fmt: skip
            kept += places
            row |= {"operations": operations.ctypes.data, "n_operations": len(runs)}
            kept.append(operations)
        else:
            products, starts, ranks = _products(program, line, first, slots)
            row |= {"products": products.ctypes.data, "starts": starts.ctypes.data}
            cut = (scheme.depth_tiles, scheme.row_tiles)[a]
            blocks = [line.reads(lo, min(line.tiles, lo + cut)) for lo in range(0, line.tiles, cut)]
            reads, residues = (np.array(x, np.int64) for x in ([*blocks, (0, 0)], line.residues))
            row |= {"ranks": ranks.ctypes.data, "reads": reads.ctypes.data}
            row |= {"residues": len(residues), "residue": residues.ctypes.data}
            kept += [products, starts, ranks, reads, residues]
        ends = _ends(program, line)
        row |= {"ends": ends.ctypes.data, "n_ends": len(ends)}
        kept.append(ends)
        rows.append(row)
    return table(MinimalLine, rows)


def _ends(program: Program, line: Line) -> NDArray[np.int64]:
    """Return the positions that miss taps as a table."""
    rows = []
    for t, reads in program.ends(line):
        (i0, k0), (i1, k1) = (*reads, (0, 0), (0, 0))[:2]
        rows.append({"t": t, "n": len(reads), "i0": i0, "k0": k0, "i1": i1, "k1": k1})
    return table(End, rows)


def _products(
    program: Program, line: Line, first: int, slots: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the products of a line, where each tile's begin, and how many its slots have then."""
    rows, starts = [], [0]
    ranks, before = [], [0] * slots
    for u in range(line.tiles):
        ranks.append([*before])
        begun = -1
        for slot, _, y0, y1 in program.entries(line, u):
            group = next(g for g in reversed(line.groups) if g.slot <= slot)
            formula = program.formula(line, group, u)
            row = {"slot": slot, "rank": before[slot - first], "y0": y0, "y1": y1}
            row |= {"begins": 0, "ends": 0}
            row |= {"d0": line.count(line.inputs(group, u))}
            row |= {"tall": formula * (group.slot != begun), "many": len(tall(formula))}
            begun = group.slot
            rows.append(row)
            before[slot - first] += 1
        for z, y in enumerate(("y0", "y1")):
            found = [row for row in rows[starts[-1] :] if row[y]]
            if found:
                found[0]["begins"] |= 1 << z
                found[-1]["ends"] |= 1 << z
        starts.append(len(rows))
    ranks.append(before)
    numbers = np.array(ranks, np.int64).reshape(line.tiles + 1, slots)
    return table(Product, rows), np.array(starts, np.int64), numbers
