"""What is done along the width: runs of tiles that one call of a kernel transforms, or restores."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from .formulas import FORMULAS, Group, Line, Program

__all__ = ["Run", "Widths", "widths_of"]


class Run(NamedTuple):
    """Tiles of a group that are treated together: the fields of `records.Operation`."""

    formula: int  # of FORMULAS
    places: tuple[tuple[int, int], ...]  # of its products: slot, and the first tile's entry there
    tiles: int
    column: int
    columns: int
    output: int
    outputs: int
    missing: int  # 1: the tile has no first output; 2: no second
    begins: bool  # sums,
    ends: bool  # and ends them


class Widths(NamedTuple):
    """All runs of the width."""

    runs: tuple[tuple[Run, ...], ...]  # of each line
    counts: tuple[int, ...]  # products of each slot
    halo: tuple[int, int]  # columns beyond the input that are read, before and behind


def widths_of(program: Program) -> Widths:
    """Return what is done along the width; lines of different residues share slots."""
    counts = [0] * len(program.slots)
    runs: list[tuple[Run, ...]] = []
    before = behind = 0
    for line in program.lines:
        found = [run for group in line.groups for run in _runs(program, line, group, counts)]
        for run in found:
            reads = [m * line.every for _, terms, *_ in FORMULAS[run.formula] for m, _ in terms]
            before = max(before, -run.column - min(reads))
            last = run.column + (run.tiles - 1) * run.columns + max(reads)
            behind = max(behind, last + 1 - program.i)
        runs.append(tuple(found))
    return Widths(tuple(runs), tuple(counts), (before, behind))


def _runs(program: Program, line: Line, group: Group, counts: list[int]) -> Iterator[Run]:
    """Yield the runs of a group: of ordinary tiles together, of others one by one."""
    at_ends = group == line.groups[0], group == line.groups[-1]
    if group.taps == 1:
        column, n = line.inputs(group, 0) + line.odd * line.every, line.length
        yield Run(1, _places(1, group, n, counts), n, column, line.every, 0, 1, 0, *at_ends)
        return
    kinds = ((program.kind(line, group, u), _missing(line, u)) for u in range(line.tiles))
    u = 0
    for (kind, missing), same in groupby(kinds):
        n = len(list(same))
        formula, at_once = (group.taps, 4, 5)[kind], 1 if kind or missing else n
        for first in range(u, u + n, at_once):
            places = _places(formula, group, at_once, counts)
            column, output = line.inputs(group, first), 2 * first - line.odd
            yield Run(
                formula, places, at_once, column, 2 * line.every, output, 2, missing, *at_ends
            )
        u += n


def _missing(line: Line, u: int) -> int:
    """Return 1 if a tile has no first output, 2 if it has no second, or 0."""
    return 1 if 2 * u < line.odd else 2 if 2 * u - line.odd + 1 == line.length else 0


def _places(
    formula: int, group: Group, tiles: int, counts: list[int]
) -> tuple[tuple[int, int], ...]:
    """Return where the products of so many tiles lie: behind those that the slots have."""
    found = []
    for number, *_ in FORMULAS[formula]:
        slot = group.slot + number
        found.append((slot, counts[slot]))
        counts[slot] += tiles
    return tuple(found)
