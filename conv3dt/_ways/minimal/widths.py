"""What is done along the width: runs of tiles that one call of a kernel transforms, or restores.

Products are made strip by strip: of all positions of a slot, or, *joined*, of tiles that all groups
of a line treat alike, whose outputs along the width one call makes.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from .formulas import BOTH, FILTERS, FORMULAS, Group, Line, Program

__all__ = ["Run", "Strip", "Widths", "widths_of"]

Place = tuple[int, int, int]  # strip, the first tile's position in it, and which of its numbers


class Strip(NamedTuple):
    """Positions of a row that are multiplied by the same filters: the fields of `records.Strip`."""

    slot: int  # the first of its slots
    slots: int
    positions: int
    inputs: int  # numbers of a position,
    outputs: int  # and of its products
    joined: tuple[int, ...]  # formulas of groups, of FORMULAS; (): a product is what a slot makes


_Counts = dict[Strip, int]  # positions of strips, which themselves have none yet


class Run(NamedTuple):
    """Tiles of a group that are treated together: the fields of `records.Operation`."""

    formula: int  # of FORMULAS
    every: int  # numbers from a tile's inputs to the next one's
    places: tuple[Place, ...]  # of its inputs
    tiles: int
    column: int
    columns: int
    output: int
    outputs: int
    missing: int  # 1: the tile has no first output; 2: no second
    begins: bool  # sums,
    ends: bool  # and ends them
    restored: int  # the formula of what is restored; 0: nothing is, with another group it was
    apart: int  # numbers from a tile's products to the next one's
    results: tuple[Place, ...]  # of its products


class Widths(NamedTuple):
    """All runs of the width."""

    runs: tuple[tuple[Run, ...], ...]  # of each line
    strips: tuple[Strip, ...]
    halo: tuple[int, int]  # columns beyond the input that are read, before and behind


def widths_of(program: Program, joined: bool) -> Widths:
    """Return what is done along the width; lines of different residues share strips."""
    slots = () if joined else range(len(program.slots))
    counts = dict.fromkeys(map(_alone, slots), 0)
    runs: list[tuple[Run, ...]] = []
    before = behind = 0
    for line in program.lines:
        found = tuple(
            _joined(program, line, counts)
            if joined
            else (run for group in line.groups for run in _runs(program, line, group, counts))
        )
        for run in found:
            reads = [m * line.every for _, terms, *_ in FORMULAS[run.formula] for m, _ in terms]
            before = max(before, -run.column - min(reads))
            last = run.column + (run.tiles - 1) * run.columns + max(reads)
            behind = max(behind, last + 1 - program.i)
        runs.append(found)
    strips = tuple(strip._replace(positions=n) for strip, n in counts.items())
    return Widths(tuple(runs), strips, (before, behind))


def _runs(program: Program, line: Line, group: Group, counts: _Counts) -> Iterator[Run]:
    """Yield the runs of a group: of ordinary tiles together, of others one by one."""
    at_ends = group == line.groups[0], group == line.groups[-1]
    if group.taps == 1:
        column, n = line.inputs(group, 0) + line.odd * line.every, line.length
        places = _places(1, group, n, counts)
        yield Run(1, 1, places, n, column, line.every, 0, 1, 0, *at_ends, 1, 1, places)
        return
    kinds = ((program.kind(line, group, u), _missing(line, u)) for u in range(line.tiles))
    u = 0
    for (kind, missing), same in groupby(kinds):
        n = len(list(same))
        formula, at_once = (group.taps, 4, 5)[kind], 1 if kind or missing else n
        for first in range(u, u + n, at_once):
            places = _places(formula, group, at_once, counts)
            column, output = line.inputs(group, first), 2 * first - line.odd
            how = 2 * line.every, output, 2, missing, *at_ends, formula, 1, places
            yield Run(formula, 1, places, at_once, column, *how)
        u += n


def _joined(program: Program, line: Line, counts: _Counts) -> Iterator[Run]:
    """Yield the runs of a line, of each group; all of a tile are in one strip."""
    kinds = ((_formulas(program, line, u), _missing(line, u)) for u in range(line.tiles))
    u = 0
    for (formulas, missing), same in groupby(kinds if line.groups else ()):
        n = len(list(same))
        inputs = [len(FORMULAS[formula]) for formula in formulas]
        slots = sum(len(FILTERS[group.taps]) for group in line.groups)
        whole = Strip(line.groups[0].slot, slots, 0, sum(inputs), 2, formulas)
        strip, at = _room(whole, n, counts)
        for g, (group, formula) in enumerate(zip(line.groups, formulas, strict=True)):
            first = sum(inputs[:g])
            places = tuple((strip, at, first + p) for p in range(inputs[g]))
            results = ((strip, at, 0), (strip, at, 1)) if g == 0 else ()
            how = 2 * line.every, 2 * u - line.odd, 2, missing, True, True
            restored = BOTH if g == 0 else 0
            column = line.inputs(group, u)
            yield Run(formula, sum(inputs), places, n, column, *how, restored, 2, results)
        u += n


def _formulas(program: Program, line: Line, u: int) -> tuple[int, ...]:
    """Return the formulas of all groups of a tile."""
    return tuple(
        BOTH if group.taps == 1 else (group.taps, 4, 5)[program.kind(line, group, u)]
        for group in line.groups
    )


def _missing(line: Line, u: int) -> int:
    """Return 1 if a tile has no first output, 2 if it has no second, or 0."""
    return 1 if 2 * u < line.odd else 2 if 2 * u - line.odd + 1 == line.length else 0


def _places(formula: int, group: Group, tiles: int, counts: _Counts) -> tuple[Place, ...]:
    """Return where the products of so many tiles lie."""
    slots = (group.slot + number for number, *_ in FORMULAS[formula])
    return tuple((*_room(_alone(slot), tiles, counts), 0) for slot in slots)


def _alone(slot: int) -> Strip:
    """Return the strip of a slot."""
    return Strip(slot, 1, 0, 1, 1, ())


def _room(strip: Strip, tiles: int, counts: _Counts) -> tuple[int, int]:
    """Return the number of a strip, and where tiles lie in it: behind those that it has."""
    first = counts.get(strip, 0)
    counts[strip] = first + tiles
    return list(counts).index(strip), first
