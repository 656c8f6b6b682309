"""What is done along the height: rows of inputs that meet the same filters."""

from collections.abc import Iterator
from typing import NamedTuple

from .formulas import Entry, Line, Program

__all__ = ["Part", "Rows", "Use", "rows_of"]


class Use(NamedTuple):
    """Products of a block that have the same filters."""

    slot: int
    first: int  # from .. to
    end: int


class Part(NamedTuple):
    """A product that is part of a row of outputs."""

    product: int
    sign: int


class Rows(NamedTuple):
    """A block of rows of tiles."""

    products: list[Entry]  # slot after slot
    uses: list[Use]
    parts: list[list[Part]]  # of each row of outputs


def rows_of(program: Program, line: Line, lo: int, hi: int) -> Rows:
    """Return what tiles from .. to are made of."""
    found = sorted(_entries(program, line, lo, hi), key=lambda x: x[1].slot)
    uses: list[Use] = []
    parts: list[list[Part]] = [[] for _ in range(2 * (hi - lo))]
    for n, (u, x) in enumerate(found):
        if uses and uses[-1].slot == x.slot:
            uses[-1] = uses[-1]._replace(end=n + 1)
        else:
            uses.append(Use(x.slot, n, n + 1))
        for output, sign in enumerate((x.y0, x.y1)):
            if sign:
                parts[2 * (u - lo) + output].append(Part(n, sign))
    return Rows([x for _, x in found], uses, parts)


def _entries(program: Program, line: Line, lo: int, hi: int) -> Iterator[tuple[int, Entry]]:
    """Yield the products of each tile."""
    for u in range(lo, hi):
        for x in program.entries(line, u):
            yield u, x
