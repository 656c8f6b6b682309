"""What is done along the width: runs of tiles that one call of a kernel transforms, or restores."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from .formulas import BACK, FILTERS, FRONT, Group, Line, Program

__all__ = ["Run", "Widths", "widths_of"]


class Run(NamedTuple):
    """Tiles of a group that are treated together: the fields of `records.Operation`."""

    taps: int
    slot: int
    entry: int
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
    """Return what is done along the width.

    Lines of different residues share slots: ordinary tiles of all of them come first, for they
    have the same place in each slot of a group.
    """
    counts = [0] * len(program.slots)
    runs: list[list[Run]] = [[] for _ in program.lines]
    for make in (_whole_runs, _border_runs):
        for of_line, line in zip(runs, program.lines, strict=True):
            for group in line.groups:
                of_line += make(program, line, group, counts)
    before = behind = 0
    for line, of_line in zip(program.lines, runs, strict=True):
        for run in of_line:
            last = run.column + (run.tiles - 1) * run.columns
            last += run.taps * line.every if run.taps > 1 else 0
            before = max(before, -run.column)
            behind = max(behind, last + 1 - program.i)
    return Widths(tuple(map(tuple, runs)), tuple(counts), (before, behind))


def _whole_runs(program: Program, line: Line, group: Group, counts: list[int]) -> Iterator[Run]:
    """Yield the runs of ordinary tiles."""
    if group.taps == 1:
        entry, n = counts[group.slot], 2 * line.tiles
        yield Run(1, group.slot, entry, n, line.inputs(group, 0), line.every, -line.odd, 1)
        counts[group.slot] += n
        return
    kinds = [program.kind(line, group, u) for u in range(line.tiles)]
    u = 0
    for kind, same in groupby(kinds):
        n = len(list(same))
        if not kind:
            column, output = line.inputs(group, u), 2 * u - line.odd
            entry = counts[group.slot]
            yield Run(group.taps, group.slot, entry, n, column, 2 * line.every, output, 2)
            for slot in range(len(FILTERS[group.taps])):
                counts[group.slot + slot] += n
        u += n


def _border_runs(program: Program, line: Line, group: Group, counts: list[int]) -> Iterator[Run]:
    """Yield the products of tiles at the borders of the input, one by one."""
    for u in range(line.tiles):
        kind = program.kind(line, group, u)
        for slot, ((m, _),), y0, _ in ((), FRONT, BACK)[kind]:
            at, column = group.slot + slot, line.inputs(group, u) + m * line.every
            output = 2 * u - line.odd + (not y0)
            yield Run(1, at, counts[at], 1, column, line.every, output, 1)
            counts[at] += 1
