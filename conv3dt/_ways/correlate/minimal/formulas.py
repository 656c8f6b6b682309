"""Sums of two neighbouring taps, of fewer products: along one axis, depth or height.

Two taps of a phase read neighbours: with positions q, q+1, q+2 of small, g0 g1 g2, and what they
read of big, d0 d1 d2 d3, the sums of both taps over three positions are

    y0 = d0 g0 + d1 g1 + d2 g2 = m0 + m1 + m2        m0 = (d0 - d2) g0
    y1 = d1 g0 + d2 g1 + d3 g2 = m1 - m2 + m3        m1 = (d1 + d2) (g0 + g1 + g2)/2
                                                     m2 = (d2 - d1) (g0 - g1 + g2)/2
                                                     m3 = (d3 - d1) g2

four products, not six, and over two positions three, not four:

    y0 = d0 g0 + d1 g1 = m0 + m1                     m0 = (d0 - d1) g0,  m1 = d1 (g0 + g1)
    y1 = d1 g0 + d2 g1 = m1 + m3                     m3 = (d2 - d1) g1

A *slot* is what is summed apart: m0 to m3 of a pair of taps, or a tap that has no partner. Each sum
is of inputs that its definition has. What lies outside is left out of a combination.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from ..layer import Along

__all__ = ["WHOLE", "Couple", "Lines", "Part", "Term", "boxes_of", "couples", "lines_of"]

WHOLE = 2  # coefficients are halves
_SLOTS = 4  # of two taps
# The products of two taps over 1, 2 and 3 positions: slot, halves of d's, and of g's, by number.
_OF_TWO = {
    1: [(0, [(0, 2)], [(0, 2)]), (3, [(1, 2)], [(0, 2)])],
    2: [
        (0, [(0, 2), (1, -2)], [(0, 2)]),
        (1, [(1, 2)], [(0, 2), (1, 2)]),
        (3, [(2, 2), (1, -2)], [(1, 2)]),
    ],
    3: [
        (0, [(0, 2), (2, -2)], [(0, 2)]),
        (1, [(1, 2), (2, 2)], [(0, 1), (1, 1), (2, 1)]),
        (2, [(2, 2), (1, -2)], [(0, 1), (1, -1), (2, 1)]),
        (3, [(3, 2), (1, -2)], [(2, 2)]),
    ],
}


class Part(NamedTuple):
    """A line of a combination: the one that a tap reads at a position, times half of a number."""

    q: int
    tap: int
    halves: int


class Couple(NamedTuple):
    """One tap, or two that read neighbours."""

    taps: tuple[int, ...]
    slot: int  # the first of theirs

    @property
    def slots(self) -> int:
        """How many they have."""
        return 1 if len(self.taps) == 1 else _SLOTS


class Term(NamedTuple):
    """A product of a slot: combinations of big, and of small."""

    big: tuple[Part, ...]
    small: tuple[Part, ...]


class Lines(NamedTuple):
    """What is multiplied of a box along an axis."""

    slots: list[list[Term]]  # the terms of each
    mixes: list[tuple[Part, ...]]  # the combinations of small, each once


def couples(axis: Along) -> list[Couple]:
    """Return the taps, in twos where they read neighbours."""
    step = axis.s // gcd(axis.s, axis.d)
    found, slot = [], 0
    for first in range(min(step, axis.k)):
        taps = range(first, axis.k, step)
        for n in range(0, len(taps), 2):
            found.append(Couple(tuple(taps[n : n + 2]), slot))
            slot += found[-1].slots
    return found


@lru_cache(maxsize=64)
def boxes_of(axis: Along, box: int) -> tuple[Lines, ...]:
    """Return what is multiplied of each box of so many positions."""
    return tuple(lines_of(axis, lo, min(axis.o, lo + box)) for lo in range(0, axis.o, box))


def lines_of(axis: Along, lo: int, hi: int) -> Lines:
    """Return what is multiplied of positions from .. to."""
    inside = [axis.inside(tap) for tap in range(axis.k)]
    slots = []
    for couple in couples(axis):
        some: list[list[Term]] = [[] for _ in range(couple.slots)]
        for positions in _runs(axis, lo, hi):
            for slot, term in _terms(inside, couple.taps, positions):
                if term.big:
                    some[slot].append(term)
        slots += some
    return Lines(slots, list(dict.fromkeys(term.small for some in slots for term in some)))


def _runs(axis: Along, lo: int, hi: int) -> Iterator[list[int]]:
    """Yield three positions, or what is left, of which the taps of two read neighbours."""
    apart = axis.d // gcd(axis.s, axis.d)
    for first in range(lo, min(hi, lo + apart)):
        run = list(range(first, hi, apart))
        for n in range(0, len(run), 3):
            yield run[n : n + 3]


def _terms(
    inside: list[tuple[int, int]], taps: tuple[int, ...], positions: list[int]
) -> Iterator[tuple[int, Term]]:
    """Yield the terms of some positions, with their slots."""
    if len(taps) == 1:
        for q in positions:
            some = _inside(inside, [Part(q, taps[0], WHOLE)])
            yield 0, Term(some, (Part(q, 0, WHOLE),))
        return
    read = [*((q, taps[0]) for q in positions), (positions[-1], taps[1])]
    for slot, big, small in _OF_TWO[len(positions)]:
        parts = _inside(inside, [Part(*read[n], halves) for n, halves in big])
        yield slot, Term(parts, tuple(Part(positions[n], 0, halves) for n, halves in small))


def _inside(inside: list[tuple[int, int]], parts: list[Part]) -> tuple[Part, ...]:
    """Return the parts that lie inside."""
    return tuple(x for x in parts if inside[x.tap][0] <= x.q < inside[x.tap][1])
