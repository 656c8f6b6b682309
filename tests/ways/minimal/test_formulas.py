"""Formulas of one axis against the definition, in integers."""

import math
import random

import pytest

from conv3dt._geometry.axes import forward_axis, transposed_axis
from conv3dt._ways.minimal.formulas import FILTERS, Frame, groups_of, program
from conv3dt._ways.minimal.mixed import mixed


def definition(x, g, s, d, o, p):
    """Outputs of one axis."""
    y = [0] * o
    for i, value in enumerate(x):
        for k, weight in enumerate(g):
            if 0 <= i * s + k * d - p < o:
                y[i * s + k * d - p] += value * weight
    return y


def computed(found, x, g, o):
    """The same from the products of a program; coefficients of filters are given twice."""
    y = [0] * o
    for line in found.lines:
        for u in range(line.tiles):
            for entry in found.entries(line, u):
                inputs = sum(x[i] * c for i, c in entry.terms)
                product = inputs * sum(g[k] * c for k, c in found.slots[entry.slot]) / 2
                for j, sign in enumerate((entry.y0, entry.y1)):
                    if sign:
                        t = 2 * u - line.odd + j
                        y[line.first + t * line.step] += sign * product
    return y


@pytest.mark.parametrize("seed", range(300))
def test_an_axis_is_what_the_definition_says(seed):
    rng = random.Random(seed)
    k, s, d, i = rng.randint(1, 8), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 9)
    o, p = rng.randint(1, 20), rng.randint(-3, 4)
    frame = Frame(rng.randint(0, 9), rng.randint(0, 3), rng.randint(0, 3))
    found = program(transposed_axis(i, k, s, d, o, p), frame)
    x, g = ([rng.randint(-9, 9) for _ in range(n)] for n in (i, k))
    assert computed(found, x, g, o) == definition(x, g, s, d, o, p)


@pytest.mark.parametrize("seed", range(50))
def test_slots_are_what_neighbouring_taps_are_mixed_to(seed):
    rng = random.Random(seed)
    k, s, d, i = rng.randint(1, 11), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 9)
    found = program(transposed_axis(i, k, s, d, rng.randint(s, 20), 0), Frame(0, 0, 0))
    slots = []
    for taps, first, step, slot, n in mixed(found):
        assert (slot, n) == (len(slots), len(FILTERS[taps]))
        ks = [first + t * step for t in range(taps)]
        slots += [tuple((k, c) for k, c in zip(ks, row, strict=True) if c) for row in FILTERS[taps]]
    assert tuple(slots) == found.slots
    assert {k for slot in slots for k, _ in slot} == {*range(k)}


def forward_definition(x, g, s, d, o, p):
    """Outputs of one axis of a forward convolution."""
    reads = [[(q * s + k * d - p, k) for k in range(len(g))] for q in range(o)]
    return [sum(x[i] * g[k] for i, k in row if 0 <= i < len(x)) for row in reads]


@pytest.mark.parametrize("seed", range(200))
def test_an_axis_of_a_forward_convolution(seed):
    rng = random.Random(seed)
    k, s, i = rng.randint(1, 8), rng.randint(1, 3), rng.randint(1, 9)
    d = rng.choice([d for d in (1, 2, 3) if math.gcd(s, d) == 1])
    o, p = rng.randint(1, 9), rng.randint(-3, 4)
    found = program(forward_axis(i, k, s, d, o, p), Frame(rng.randint(0, 9), 0, 0))
    x, g = ([rng.randint(-9, 9) for _ in range(n)] for n in (i, k))
    if k > 1:  # the inputs of a single tap are left out before
        assert computed(found, x, g, o) == forward_definition(x, g, s, d, o, p)


def test_ends_are_the_outputs_that_miss_taps():
    """With all that they read they are what the definition says, and no others miss any."""
    x, g = [3, 5, 7, 11, 13], [2, 4, 6]
    found = program(transposed_axis(5, 3, 1, 1, 9, -1), Frame(0, 0, 0))
    y = definition(x, g, 1, 1, 9, -1)
    ends = {t: sum(x[i] * g[k] for i, k in reads) for t, reads in found.ends(found.lines[0])}
    assert ends == {t: y[t] for t in (0, 1, 2, 6, 7, 8)}


def test_a_part_has_the_ends_of_the_whole():
    found = program(transposed_axis(5, 3, 1, 1, 4, 1), Frame(7, 6, 0))
    assert [t for t, _ in found.ends(found.lines[0])] == []
    found = program(transposed_axis(5, 3, 1, 1, 5, 1), Frame(7, 6, 0))
    assert [t for t, _ in found.ends(found.lines[0])] == [4]


@pytest.mark.parametrize(
    ("taps", "groups"),
    [(0, ()), (1, (1,)), (2, (2,)), (3, (3,)), (4, (2, 2)), (5, (3, 2)), (7, (3, 2, 2))],
)
def test_groups_of_taps(taps, groups):
    assert groups_of(taps) == groups


@pytest.mark.parametrize(("k", "s", "products"), [(3, 1, 2 * 16), (2, 1, 1.5 * 16), (4, 2, 3 * 16)])
def test_products_that_are_left(k, s, products):
    """F(2,3) has 2 for an output, F(2,2) 1.5; what lies outside the input is left out."""
    found = program(transposed_axis(16, k, s, 1, 16 * s, (k - s) // 2), Frame(0, 0, 0))
    assert abs(found.products - products) <= s
