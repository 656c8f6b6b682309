"""Which products taps share: sums of them are those of the definition."""

import numpy as np
import pytest

from conv3dt._ways.correlate.layer import Along
from conv3dt._ways.correlate.minimal.formulas import Couple, couples, lines_of

AXES = [
    Along(i, o, k, s, d, p)
    for i, o in [(12, 12), (20, 9), (7, 16), (1, 3), (30, 5)]
    for k in range(1, 8)
    for s, d, p in [(1, 1, 0), (1, 1, 1), (2, 1, 1), (3, 1, 4), (1, 2, 2), (2, 3, -2), (4, 2, 1)]
]


def summed(axis, big, small, box):
    """Return the sums of taps, by way of slots."""
    taps = couples(axis)
    m = np.zeros(sum(x.slots for x in taps))
    for lo in range(0, axis.o, box):
        for slot, terms in enumerate(lines_of(axis, lo, min(axis.o, lo + box)).slots):
            for term in terms:
                x = sum(
                    p.halves / 2 * big[p.q * axis.s + p.tap * axis.d - axis.p] for p in term.big
                )
                m[slot] += x * sum(p.halves / 2 * small[p.q] for p in term.small)
    found = np.zeros(axis.k)
    for couple in taps:
        some = m[couple.slot : couple.slot + couple.slots]
        if couple.slots == 1:
            found[couple.taps[0]] = some[0]
        else:
            found[[*couple.taps]] = some[0] + some[1] + some[2], some[1] - some[2] + some[3]
    return found


@pytest.mark.parametrize("box", [3, 6, 100])
def test_sums_are_those_of_the_definition(box):
    rng = np.random.default_rng(0)
    for axis in AXES:
        big, small = (rng.integers(-9, 10, n).astype(float) for n in (axis.i, axis.o))
        expected = [
            sum(big[q * axis.s + t * axis.d - axis.p] * small[q] for q in range(*axis.inside(t)))
            for t in range(axis.k)
        ]
        np.testing.assert_array_equal(summed(axis, big, small, box), expected)


def test_a_sum_is_of_numbers_that_its_definition_has():
    """Each product of a tap's slots is of no number that neither tap of the two reads."""
    axis = Along(12, 12, 2, 1, 1, 0)
    for slot, terms in enumerate(lines_of(axis, 0, 3).slots):
        read = {p.q + p.tap for term in terms for p in term.big}
        assert read <= {0: {0, 1, 2}, 1: {1, 2}, 2: {1, 2}, 3: {1, 2, 3}}[slot]


@pytest.mark.parametrize(
    ("axis", "taps"),
    [
        (Along(9, 9, 3, 1, 1, 1), [(0, 1), (2,)]),
        (Along(9, 9, 3, 1, 2, 1), [(0, 1), (2,)]),
        (Along(8, 4, 4, 2, 1, 1), [(0, 2), (1, 3)]),
        (Along(8, 4, 5, 2, 1, 1), [(0, 2), (4,), (1, 3)]),
        (Along(8, 4, 2, 2, 1, 0), [(0,), (1,)]),
        (Along(8, 4, 4, 2, 2, 0), [(0, 1), (2, 3)]),
    ],
)
def test_which_taps_read_neighbours(axis, taps):
    found = couples(axis)
    assert [x.taps for x in found] == taps
    assert [x.slot for x in found] == [sum(map(slots_of, taps[:n])) for n in range(len(taps))]


def slots_of(taps):
    return Couple(taps, 0).slots


def test_three_positions_take_four_products():
    lines = lines_of(Along(40, 12, 4, 2, 1, -2), 0, 12)
    assert [len(terms) for terms in lines.slots] == [4] * 8
    assert len(lines.mixes) == 16  # which both phases share
    rest = lines_of(Along(40, 11, 4, 2, 1, -2), 0, 11)
    assert [len(terms) for terms in rest.slots] == [4, 4, 3, 4] * 2
