"""How the records of axes are filled: lines of outputs, their products, what is combined."""

from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.records import fields_of, table
from ..shared.encode import output_steps
from ..shared.records import Block
from .formulas import Line, Program, tall
from .mixed import mixed
from .records import (
    Blend,
    End,
    MinimalAxis,
    MinimalLine,
    MinimalParams,
    Mixed,
    Operation,
    Product,
    Use,
)
from .scheme import MinimalScheme

__all__ = ["fill_axes"]


def fill_axes(params: MinimalParams, scheme: MinimalScheme) -> list[Any]:
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
    combined = table(Mixed, [each._asdict() for each in mixed(program)])
    windows = np.array((*scheme.windows, [(0, 0)])[a], np.int64)
    kept += [lines, windows, combined]
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
        mixed=combined.ctypes.data,
        n_mixed=len(combined),
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
            operations = _operations(scheme, n, kept)
            row |= {"operations": operations.ctypes.data, "n_operations": len(operations)}
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


def _operations(scheme: MinimalScheme, n: int, kept: list[Any]) -> NDArray[np.int64]:
    """Return what is done of a line of the width as a table; others join what is kept."""
    rows = []
    for run in scheme.width_tiles.runs[n]:
        places, results = (np.array([*x, (0, 0, 0)], np.int64) for x in (run.places, run.results))
        row = fields_of(Operation, run) | {"places": places.ctypes.data, "n": len(run.places)}
        row |= {"results": results.ctypes.data, "n_results": len(run.results)}
        row |= {"transform": scheme.transforms.index((run.formula, run.every)), "restore": -1}
        if run.restored:
            how = run.restored, run.apart, run.missing
            row["restore"] = scheme.restores.index(how)
        rows.append(row)
        kept += [places, results]
    operations = table(Operation, rows)
    kept.append(operations)
    return operations


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
