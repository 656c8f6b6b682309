"""What is done along the width: runs of tiles that are transformed, and multiplied, together."""

from collections.abc import Iterator
from itertools import accumulate, groupby
from typing import NamedTuple

from .formulas import FORMULAS, Group, Line, Program

__all__ = ["Run", "Widths", "widths_of"]


class Run(NamedTuple):
    """Tiles of a group that are treated together."""

    formula: int  # of FORMULAS
    slot: int  # the first of the group
    tiles: int
    column: int
    columns: int
    output: int  # of the products of its group, the first
    outputs: int

    @property
    def inputs(self) -> int:
        """Combined inputs, of all tiles."""
        return self.tiles * len(FORMULAS[self.formula])


class Widths(NamedTuple):
    """All that is done along the width."""

    runs: tuple[tuple[Run, ...], ...]  # of each line
    starts: tuple[int, ...]  # of each line's products in a row of them
    products: int  # and how many there are


def widths_of(program: Program) -> Widths:
    """Return what is done along the width."""
    starts = [0, *accumulate(2 * x.tiles * len(x.groups) for x in program.lines)]
    runs = tuple(tuple(run for g in x.groups for run in _runs(program, x, g))
                 for x in program.lines)  # fmt: skip
    return Widths(runs, tuple(starts[:-1]), starts[-1])


def _runs(program: Program, line: Line, group: Group) -> Iterator[Run]:
    """Yield the runs of a group: of ordinary tiles together, of those at borders one by one."""
    if group.taps == 1:
        column, n = line.inputs(group, 0), 2 * line.tiles
        yield Run(1, group.slot, n, column, line.every, 0, 1)
        return
    kinds = (program.kind(line, group, u) for u in range(line.tiles))
    u = 0
    for kind, same in groupby(kinds):
        n = len(list(same))
        formula, at_once = (group.taps, 4, 5)[kind], 1 if kind else n
        for first in range(u, u + n, at_once):
            column = line.inputs(group, first)
            yield Run(formula, group.slot, at_once, column, 2 * line.every, 2 * first, 2)
        u += n
