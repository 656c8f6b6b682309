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
    """Yield the runs of a group: of ordinary tiles together, of those at borders one by one."""
    if group.taps == 1:
        column, n = line.inputs(group, 0), 2 * line.tiles
        places = _places(1, group, n, counts)
        yield Run(1, places, n, column, line.every, -line.odd, 1)
        return
    kinds = (program.kind(line, group, u) for u in range(line.tiles))
    u = 0
    for kind, same in groupby(kinds):
        n = len(list(same))
        formula, at_once = (group.taps, 4, 5)[kind], 1 if kind else n
        for first in range(u, u + n, at_once):
            places = _places(formula, group, at_once, counts)
            column, output = line.inputs(group, first), 2 * first - line.odd
            yield Run(formula, places, at_once, column, 2 * line.every, output, 2)
        u += n


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
