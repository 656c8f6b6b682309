"""Minimal filtering along one axis: which inputs are combined, with which filters, for what.

F(2, r) makes two neighbouring outputs of r taps with r + 1 products instead of 2*r. With y0 = d0*g0
+ d1*g1 + ... and y1 = d1*g0 + d2*g1 + ...:

    F(2,3)  y0 = m0 + m1 + m2       m0 = (d0 - d2) * g0     m1 = (d1 + d2) * (g0 + g1 + g2)/2
            y1 = m1 - m2 - m3       m3 = (d1 - d3) * g2     m2 = (d2 - d1) * (g0 - g1 + g2)/2
    F(2,2)  y0 = m0 + m1            m0 = (d0 - d1) * g0     m1 = d1 * (g0 + g1)
            y1 = m1 - m2            m2 = (d1 - d2) * g1
    F(2,1)  y0 = d0 * g0            y1 = d1 * g0

Each output depends on inputs only that its definition has. Where d0 lies outside the input, F(2,2)
would be d1*(g0 + g1) - d1*g0 for d1*g1, and lose digits: three products are direct there, that is
y0 = d1*g1 and y1 = d1*g0 + d2*g1; likewise where d2 does. F(2,3) loses less, and more than the
definition's sums only where taps are missing along all three axes: these few outputs, *corners*,
are summed as the definition says.

A *line* is the outputs of a phase, and of one residue of a dilation, that neighbour each other; its
taps are split into groups of three, two, or one. A *slot* is a filter: a combination of a group's
taps. Tiles of two outputs lie on the grid of the whole output, of which this may be a part.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..._geometry.axes import Axis
from ..._geometry.integers import Phase, each

__all__ = [
    "BOTH",
    "FILTERS",
    "THREE",
    "Entry",
    "Frame",
    "Group",
    "Line",
    "Program",
    "groups_of",
    "program",
    "tall",
]

Term = tuple[int, int]  # (input, 1 or -1)
Formula = tuple[tuple[int, tuple[Term, ...], int, int], ...]  # slot, (d, sign), of y0 and y1
Filter = tuple[tuple[int, int], ...]  # (tap of the kernel, twice its coefficient)

# Coefficients of g0, g1, ..., twice, in each slot.
FILTERS = {
    1: ((2,),),
    2: ((2, 0), (2, 2), (0, 2)),
    3: ((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
}
# (slot, ((number of d, sign), ...), sign in y0, sign in y1)
INPUTS: dict[int, Formula] = {
    1: ((0, ((0, 1),), 1, 0), (0, ((1, 1),), 0, 1)),
    2: (
        (0, ((0, 1), (1, -1)), 1, 0),
        (1, ((1, 1),), 1, 1),
        (2, ((1, 1), (2, -1)), 0, -1),
    ),
    3: (
        (0, ((0, 1), (2, -1)), 1, 0),
        (1, ((1, 1), (2, 1)), 1, 1),
        (2, ((2, 1), (1, -1)), 1, -1),
        (3, ((1, 1), (3, -1)), 0, -1),
    ),
}
# Of F(2,2) where d0 is outside, and where d2 is.
FRONT: Formula = ((0, ((1, 1),), 0, 1), (2, ((1, 1),), 1, 0), (2, ((2, 1),), 0, 1))
BACK: Formula = ((0, ((0, 1),), 1, 0), (0, ((1, 1),), 0, 1), (2, ((1, 1),), 1, 0))

# What kernels compute at once, by number: one output of one tap, F(2,2), F(2,3), FRONT, BACK, two
# outputs of one tap. The last is also what is left to do of two outputs that have been restored.
FORMULAS: tuple[Formula, ...] = ((), INPUTS[1][:1], INPUTS[2], INPUTS[3], FRONT, BACK, INPUTS[1])
THREE, BOTH = 3, 6

# The same of tiles, whose outputs of one tap are two; restored are one of them (1, 2) or both (3).
WHOLE: tuple[Formula, ...] = ((), INPUTS[1], *FORMULAS[2:6])


def tall(number: int) -> Formula:
    """Return what 4 * formula + outputs makes of the products of a tile."""
    formula, outputs = divmod(number, 4)
    rows = (
        (s, terms, y0 * (outputs & 1), y1 * (outputs >> 1)) for s, terms, y0, y1 in WHOLE[formula]
    )
    return tuple(row for row in rows if row[2] or row[3])


class Frame(NamedTuple):
    """Where a part of a whole lies on one axis; the whole itself is (0, 0, 0)."""

    offset: int  # of its first output
    before: int  # inputs of the whole before the part's,
    behind: int  # and behind them


class Entry(NamedTuple):
    """A product of a tile: combined inputs times a slot, for its two outputs."""

    slot: int
    terms: tuple[Term, ...]  # inputs that exist
    y0: int  # sign in the first output; 0: no part of it
    y1: int


class Group(NamedTuple):
    """Up to three neighbouring taps of a line."""

    taps: int
    slot: int  # the first of its slots
    ahead: int  # d0 of the tile of positions 0 and 1


class Line(NamedTuple):
    """Outputs first + t*step, t < length, in tiles (2u - odd, 2u + 1 - odd)."""

    first: int
    step: int
    length: int
    odd: int  # 1: the first tile's first output does not exist
    every: int  # inputs from one position to the next
    groups: tuple[Group, ...]

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return (self.length + self.odd + 1) // 2

    @property
    def slots(self) -> int:
        """How many slots its groups have."""
        return sum(len(FILTERS[group.taps]) for group in self.groups)

    def inputs(self, group: Group, u: int) -> int:
        """Return d0 of a tile."""
        return group.ahead + (2 * u - self.odd) * self.every

    @property
    def residues(self) -> tuple[int, ...]:
        """Which of `every` inputs are read."""
        return tuple(sorted({self.inputs(group, 0) % self.every for group in self.groups}))

    def count(self, i: int) -> int:
        """Return the number of an input among those that are read."""
        rounds, rest = divmod(i, self.every)
        return rounds * len(self.residues) + self.residues.index(rest)

    def reads(self, lo: int, hi: int) -> tuple[int, int]:
        """Return the inputs from .. to that tiles lo to hi read, by these numbers."""
        found = [
            self.count(self.inputs(group, u) + m * self.every)
            for group in self.groups
            for u, m in ((lo, 0), (hi - 1, group.taps))
        ]
        return (min(found), max(found) + 1) if lo < hi and found else (0, 0)


class Program(NamedTuple):
    """What is computed of an axis."""

    i: int
    frame: Frame
    lines: tuple[Line, ...]
    slots: tuple[Filter, ...]

    @property
    def products(self) -> int:
        """How many products there are along the axis, in all lines."""
        return sum(map(sum, self.counts))

    @property
    def counts(self) -> tuple[tuple[int, ...], ...]:
        """How many products each tile of each line has."""
        return _counts(self)

    def outside(self, i: int) -> bool:
        """Return whether an input lies outside the whole."""
        return not -self.frame.before <= i < self.i + self.frame.behind

    def kind(self, line: Line, group: Group, u: int) -> int:
        """Return 0 for an ordinary tile, 1 and 2 for one at the front and back of the input."""
        d0 = line.inputs(group, u)
        outside = [self.outside(d0 + m * line.every) for m in range(group.taps + 1)]
        if group.taps != 2 or outside[1]:
            return 0
        return 1 if outside[0] else 2 if outside[2] else 0

    def formula(self, line: Line, group: Group, u: int) -> int:
        """Return the number of a tile's formula, and of its outputs that exist."""
        t = 2 * u - line.odd
        outputs = (0 <= t < line.length) + 2 * (0 <= t + 1 < line.length)
        return 4 * (group.taps, 4, 5)[self.kind(line, group, u)] + outputs

    @property
    def has_corners(self) -> bool:
        """Whether a line has three taps, and so ends that F(2,3) is less exact at."""
        return any(len(x.groups) == 1 and x.groups[0].taps == 3 for x in self.lines)

    def ends(self, line: Line) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
        """Yield the positions of three taps that miss some; (input, tap) of those they have."""
        if len(line.groups) != 1 or line.groups[0].taps != 3:
            return
        group = line.groups[0]
        taps = [k for k, _ in self.slots[group.slot + 1]]
        for t in range(line.length):
            d0 = group.ahead + t * line.every
            reads = [(d0 + m * line.every, k) for m, k in enumerate(taps)]
            if any(self.outside(i) for i, _ in reads):
                yield t, tuple((i, k) for i, k in reads if 0 <= i < self.i)

    def windows(self, cut: int, blocks: int) -> list[tuple[int, int]]:
        """Return the inputs from .. to that tiles of each block of `cut` tiles read."""
        found = []
        for n in range(blocks):
            read = [
                i
                for line in self.lines
                for u in range(n * cut, min(line.tiles, (n + 1) * cut))
                for entry in self.entries(line, u)
                for i, _ in entry.terms
            ]
            found.append((min(read), max(read) + 1) if read else (0, 0))
        return found

    def entries(self, line: Line, u: int) -> Iterator[Entry]:
        """Yield the products of a tile, for those of its outputs that exist."""
        for group in line.groups:
            d0 = line.inputs(group, u)
            for slot, terms, y0, y1 in tall(self.formula(line, group, u)):
                at = ((d0 + m * line.every, c) for m, c in terms)
                inside = tuple((i, c) for i, c in at if 0 <= i < self.i)
                yield Entry(group.slot + slot, inside, y0, y1)


@lru_cache(maxsize=1024)
def _counts(program: Program) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(sum(1 for _ in program.entries(line, u)) for u in range(line.tiles))
        for line in program.lines
    )


def groups_of(taps: int) -> tuple[int, ...]:
    """Return how many taps each group has."""
    twos = (0, 2, 1)[taps % 3] if taps > 1 else 0
    threes = (taps - 2 * twos) // 3
    return (3,) * threes + (2,) * twos + (1,) * (taps == 1)


def program(axis: Axis, frame: Frame) -> Program:
    """Return what is computed of an axis of space."""
    lines: list[Line] = []
    slots: list[Filter] = []
    for f in each(axis.phases, axis.s):
        groups = tuple(_groups(f, axis.in_s, slots))
        position = (frame.offset + f.first) // axis.s  # of the phase's first output, in the whole
        for g in range(min(f.dilation, f.length)):
            lines.append(
                Line(
                    f.first + g * axis.s,
                    axis.s * f.dilation,
                    -((g - f.length) // f.dilation),
                    (position + g) // f.dilation % 2,
                    f.dilation * axis.in_s,
                    tuple(x._replace(ahead=x.ahead + g * axis.in_s) for x in groups),
                )
            )
    return Program(axis.i, frame, tuple(lines), tuple(slots))


def _groups(f: Phase, in_s: int, slots: list[Filter]) -> Iterator[Group]:
    """Yield the groups of a phase's taps; their filters join the slots.

    Where positions lie several inputs apart, neighbours are the taps that lie as many apart.
    """
    for first in range(min(in_s, f.taps)):
        j = first
        for taps in groups_of(-((first - f.taps) // in_s)):
            last = j + (taps - 1) * in_s  # d0 meets the last tap
            yield Group(taps, len(slots), f.shift - last * f.dilation)
            ks = [f.k0 + (last - m * in_s) * f.k_step for m in range(taps)]
            slots += [
                tuple((k, c) for k, c in zip(ks, row, strict=True) if c) for row in FILTERS[taps]
            ]
            j += taps * in_s
