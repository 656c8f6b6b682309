"""What is done along the width: runs of tiles that one call of a kernel transforms, or restores."""

from collections.abc import Iterator
from typing import NamedTuple

from .formulas import BACK, FILTERS, FRONT, INPUTS, Group, Line, Program

__all__ = ["Run", "Widths", "widths_of"]


class Run(NamedTuple):
    """Tiles of a group that are treated together: the fields of `records.Operation`."""

    taps: int
    slot: int
    entry: int
    count: int
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
    """Return what is done along the width."""
    counts = [0] * len(program.slots)
    runs = tuple(
        tuple(run for group in line.groups for run in _runs(program, line, group, counts))
        for line in program.lines
    )
    before = behind = 0
    for line, of_line in zip(program.lines, runs, strict=True):
        for run in of_line:
            last = run.column + (run.count - 1) * run.columns
            last += run.taps * line.every if run.taps > 1 else 0
            before = max(before, -run.column)
            behind = max(behind, last + 1 - program.i)
    return Widths(runs, tuple(counts), (before, behind))


def _runs(program: Program, line: Line, group: Group, counts: list[int]) -> Iterator[Run]:
    """Yield the runs of a group: ordinary tiles first, then products of those at the borders."""
    if not line.tiles:
        return
    if group.taps == 1:
        ahead = line.inputs(group, 0)
        n = 2 * line.tiles
        yield Run(1, group.slot, counts[group.slot], n, ahead, line.every, -line.odd, 1)
        counts[group.slot] += n
        return
    kinds = [program.kind(line, group, u) for u in range(line.tiles)]
    slots = [group.slot + n for n in range(len(FILTERS[group.taps]))]
    u = 0
    while u < line.tiles:
        end = u
        while end < line.tiles and kinds[end] == 0:
            end += 1
        if end > u:
            column, output = line.inputs(group, u), 2 * u - line.odd
            entry = counts[group.slot]
            yield Run(group.taps, group.slot, entry, end - u, column, 2 * line.every, output, 2)
            for slot in slots:
                counts[slot] += end - u
        u = end + 1
    for u, kind in enumerate(kinds):
        for slot, ((m, _),), y0, _y1 in (INPUTS[1][:0], FRONT, BACK)[kind]:
            at, entry = group.slot + slot, counts[group.slot + slot]
            column, output = line.inputs(group, u) + m * line.every, 2 * u - line.odd + (not y0)
            yield Run(1, at, entry, 1, column, line.every, output, 1)
            counts[at] += 1
