"""When taps share products, and how such gradients are cut."""

import pytest

from conv3dt._geometry.tuning import TUNING
from conv3dt._run.correlate import explain_correlate
from conv3dt._ways.correlate.choice import predicted
from conv3dt._ways.correlate.cost import cycles_of
from conv3dt._ways.correlate.minimal.scheme import MinimalScheme

ONES = (1, 1, 1)


def scheme(o, cb, cs, k=3, s=1, n=1, d=1, last=True, **how):
    """A gradient of a layer whose larger array has s times as many positions."""
    before = tuple(((x - 1) * d + 1 - s) // 2 for x in ((k,) * 3 if isinstance(k, int) else k))
    big, small = (n, *(s * x for x in o), cb), (n, *o, cs)
    if not last:
        big, small = ((x[0], x[4], *x[1:4]) for x in (big, small))
    kernel = (k,) * 3 if isinstance(k, int) else k
    how = {"dtype": "float32", "threads": 1} | how
    return explain_correlate(big, small, kernel, (s,) * 3, (d,) * 3, before, last, **how)


@pytest.mark.usefixtures("znver4")
@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({"o": (32, 32, 32), "cb": 32, "cs": 32}, True),
        ({"o": (32, 32, 32), "cb": 32, "cs": 32, "d": 2}, True),
        ({"o": (16, 16, 16), "cb": 64, "cs": 128, "k": 4, "s": 2, "n": 2}, True),
        ({"o": (16, 16, 16), "cb": 32, "cs": 32, "k": 5, "s": 2, "last": False}, True),
        ({"o": (32, 32, 32), "cb": 1, "cs": 32, "k": 9, "s": 2}, True),
        ({"o": (48, 64, 128), "cb": 1, "cs": 32, "s": 2}, False),  # memory is what it takes
        ({"o": (4, 4, 4), "cb": 16, "cs": 16}, False),
    ],
)
def test_fewer_cycles_are_taken(asked, taken):
    found = scheme(**asked)
    assert isinstance(found, MinimalScheme) == taken
    assert predicted(found.layer) <= cycles_of(found.layer)
    assert ("not taken: it is predicted" in found.why) != taken
    assert "times fewer products, " in found.why
    assert f"\nminimal  {found.why}\n" in str(found)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"o": (32, 32, 32), "cb": 32, "cs": 32, "algorithm": "direct"}, "algorithm='direct'"),
        ({"o": (9, 9, 9), "cb": 8, "cs": 8, "k": 2, "s": 2}, "no two taps"),
        ({"o": (9, 9, 9), "cb": 8, "cs": 8, "k": (1, 1, 5)}, "no two taps"),
        ({"o": (4, 4, 4), "cb": 256, "cs": 512, "k": 4, "s": 2}, "sums of all slots"),
        ({"o": (8, 8, 9000), "cb": 64, "cs": 64}, "a thread would work on"),
        ({"o": (70000, 1, 1), "cb": 4, "cs": 4}, "longer than"),
        ({"o": (9, 9, 9), "cb": 8, "cs": 8, "groups": 8}, "no two channels meet"),
    ],
)
def test_why_it_is_not_taken(asked, why):
    for algorithm in ("auto", "minimal"):
        found = scheme(**({"algorithm": algorithm} | asked))
        assert not isinstance(found, MinimalScheme)
        assert why in found.why


def test_products_that_are_saved():
    """Four of six for two taps, and all three of one."""
    for k, s, times in ((2, 2, 1.0), (4, 2, 2.25), (3, 1, (9 / 7) ** 2)):
        found = scheme((96, 96, 24), 32, 32, k, s, algorithm="minimal")
        saved = float(found.why.split()[0]) if s == 1 or k > s else 1.0
        assert 0.95 * times < saved <= 1.01 * times


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("threads", [1, 2, 8, 64])
@pytest.mark.parametrize(
    ("o", "channels"), [((64, 64, 64), 64), ((3, 3, 4000), 16), ((4, 4, 4), 128)]
)
def test_scratch_is_bounded(last, threads, o, channels):
    found = scheme(o, channels, channels, last=last, threads=threads, algorithm="minimal")
    assert isinstance(found, MinimalScheme)
    assert found.scratch <= TUNING.scratch_bytes
    assert found.all_sums <= TUNING.correlate_sums
    assert found.tasks >= found.threads


def test_threads_change_tasks_only():
    one, many = (scheme((32, 32, 32), 64, 64, threads=n, algorithm="minimal") for n in (1, 16))
    assert (one.box, one.slabs, one.lines) == (many.box, many.slabs, many.lines)
    assert one.tasks < many.tasks
    assert many.groups <= many.slots[0] * many.slots[1]
