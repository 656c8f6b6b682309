"""What is combined along the depth, in which order, and what for.

Phases share inputs: of kernel 4 and stride 2, the first has d0 - d1, d1, d1 - d2, and the second
d1 - d2, d2, d2 - d3, with which the first's next tile begins. A *blend* is inputs that are combined
once, transformed along height and width once, and multiplied for all tiles that *use* it. A line's
products keep their order, and so the sums their digits, whatever others share.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from .formulas import Line, Program, Term

__all__ = ["Blend", "Use", "blends_of", "shared"]


class Use(NamedTuple):
    """A product of a tile of a line: the fields of `records.Use`."""

    line: int
    u: int
    product: int  # its number in the line; -1: the tile has none
    first: bool  # of the tile's,
    last: bool


class Blend(NamedTuple):
    """Inputs, combined."""

    terms: tuple[Term, ...]
    uses: tuple[Use, ...]  # line by line


class _Wanted(NamedTuple):
    """What a product needs; `key` is the same where that is."""

    key: object
    terms: tuple[Term, ...]
    use: Use


def shared(program: Program) -> bool:
    """Return whether lines share blends."""
    found = Counter(
        terms
        for line in program.lines
        for terms in {x.terms for u in range(min(4, line.tiles)) for x in program.entries(line, u)}
        if terms
    )
    return any(n > 1 for n in found.values())


@lru_cache(maxsize=256)
def blends_of(program: Program, cut: int, together: bool) -> tuple[tuple[Blend, ...], ...]:
    """Return the blends of each block of `cut` tiles, in the order in which they are made.

    If lines are together they share what they can; else each has a tile made before another has.
    """
    lines = [list(_wanted(line, n, program, together)) for n, line in enumerate(program.lines)]
    most = max(map(len, lines), default=0)
    return tuple(
        tuple(_merged([[x for tile in line[lo : lo + cut] for x in tile] for line in lines]))
        for lo in range(0, most, cut)
    )


def _wanted(line: Line, n: int, program: Program, together: bool) -> Iterator[list[_Wanted]]:
    """Yield what each tile of a line needs."""
    number, alone = 0, len(program.lines) == 1  # none shares: V may make way for products
    for u in range(line.tiles):
        found = [entry.terms for entry in program.entries(line, u)]
        count = len(found)
        yield [
            _Wanted(
                terms if together else (n, u, p if alone else terms),
                terms,
                Use(n, u, number + p, p == 0, p + 1 == count),
            )
            for p, terms in enumerate(found)
        ] or [_Wanted((n, u), (), Use(n, u, -1, True, True))]
        number += count


def _merged(lines: Sequence[Sequence[_Wanted]]) -> Iterator[Blend]:
    """Merge what lines need: the tile that is furthest behind is next, if nothing is waited for."""
    rest = [deque(line) for line in lines]
    left = [Counter(x.key for x in line) for line in lines]
    while any(rest):
        heads = sorted((line[0].use.u, n) for n, line in enumerate(rest) if line)
        ready = (n for _, n in heads if not _awaited(rest[n][0].key, rest, left))
        key, terms, _ = rest[next(ready, heads[0][1])][0]
        uses: list[Use] = []
        for line, counter in zip(rest, left, strict=True):
            u = line[0].use.u if line else 0  # of a line one tile is in work
            while line and line[0].key == key and line[0].use.u == u:
                uses.append(line.popleft().use)
                counter[key] -= 1
        yield Blend(terms, tuple(uses))


def _awaited(key: object, rest: list[deque[_Wanted]], left: list[Counter[object]]) -> bool:
    """Return whether a line will need it too, but something else before."""
    return any(n[key] and line[0].key != key for line, n in zip(rest, left, strict=True))
