"""Gradients of filters against their definition: sizes around every tile, types, layouts, NaN."""

import itertools

import numpy as np
import pytest

from conv3dt._run.correlate import clear, correlate, explain_correlate
from tests.helpers.checks import THREADS, every_dtype
from tests.helpers.correlations import (
    STEPPED,
    Case,
    assert_threads_change_no_bit,
    channels_second,
    definition,
)
from tests.helpers.guarded import guarded

FEW = Case(2, (4, 5, 9), (4, 5, 9), 3, 20, (3, 2, 3), before=(1, 1, 1))
CASES = {
    "few of big": FEW,
    "few of small": FEW._replace(cb=33, cs=2),
    "few of both": FEW._replace(cb=2, cs=3),
    "one of both": FEW._replace(cb=1, cs=1),
    "many": FEW._replace(cb=17, cs=40),
    "kernel is stride": Case(1, (4, 6, 20), (2, 3, 10), 16, 24, (2, 2, 2), (2, 2, 2)),
    "strides": Case(2, (7, 9, 23), (3, 3, 12), 9, 18, (3, 4, 5), (2, 3, 2), before=(1, 2, 2)),
    "stride 3, few": Case(1, (6, 7, 30), (2, 3, 10), 2, 32, (3, 3, 4), (3, 2, 3), before=(0, 1, 1)),
    "dilations": Case(1, (9, 9, 15), (5, 7, 9), 3, 17, (3, 2, 4), (1, 1, 1), (2, 3, 2), (1, 1, 0)),
    "both": Case(1, (9, 9, 30), (4, 3, 9), 8, 16, (2, 3, 3), (2, 2, 3), (3, 2, 2), (0, 1, 2)),
    "crops": Case(1, (9, 9, 15), (5, 5, 9), 5, 33, (2, 2, 3), before=(-2, -1, -3)),
    "beyond": Case(1, (3, 2, 4), (6, 7, 9), 4, 16, (5, 3, 4), before=(5, 4, 9)),
    "images": Case(37, (2, 2, 2), (1, 1, 1), 20, 35, (2, 2, 2)),
    "short rows": Case(6, (4, 6, 4), (4, 6, 4), 12, 24, (3, 3, 3), before=(1, 1, 1)),
    "mirrored": Case(2, (4, 6, 9), (5, 7, 11), 20, 1, (3, 2, 4), before=(2, 1, 3)),
    "mirrored, crops": Case(1, (9, 9, 15), (7, 8, 12), 33, 1, (2, 2, 3), before=(-2, -1, -3)),
    "mirrored, dilations": Case(
        2, (9, 9, 25), (9, 8, 22), 32, 1, (3, 2, 4), (1, 1, 1), (2, 3, 1), (1, 1, 0)
    ),
    "one tap": Case(2, (3, 5, 37), (3, 5, 37), 20, 35, (1, 1, 1)),
    "one tap, rows of one": Case(2, (30, 9, 1), (30, 9, 1), 5, 3, (1, 1, 1)),
    "one tap, not of all": Case(1, (3, 5, 37), (3, 4, 36), 20, 35, (1, 1, 1)),
    "a point": Case(1, (1, 1, 1), (1, 1, 1), 1, 1, (1, 1, 1)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def check(case, dtype="float32", layout=lambda x: x, last=True, **how):
    """Compare with the definition: small integers are summed exactly, and rounded at most once."""
    big, small = case.arrays(dtype)
    expected = definition(big, small, *case.how).astype(dtype)
    if not last:
        big, small = channels_second(big), channels_second(small)
    found = correlate(layout(big), layout(small), *case.how, last, **how)
    assert found.dtype == np.dtype(dtype)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@every_case
@every_dtype
@pytest.mark.parametrize("last", [True, False])
def test_definition(case, dtype, last):
    check(case, dtype, last=last)


@pytest.fixture
def in_rows(streaming):
    """Gradients of whatever size are made in rows, where each is final when it has been made."""
    clear()
    yield
    clear()


@pytest.mark.usefixtures("in_rows")
@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_past_the_caches(case, dtype):
    check(case, dtype)
    check(case, dtype, last=False)


@pytest.mark.usefixtures("in_rows")
@pytest.mark.parametrize("cs", [*range(1, 35), 47, 48, 49, 63, 65])
@pytest.mark.parametrize("threads", [1, THREADS[-1]])
def test_rows_of_every_length(cs, threads):
    case = Case(40, (4, 2, 4), (2, 1, 1), 33, cs, (2, 2, 4), (2, 2, 1))
    found = explain_correlate(*case.shapes, *case.how, True, dtype="float32")
    assert found.in_rows or (found.roles.swapped and cs < 18)  # the others have the lanes
    check(case, threads=threads)


@pytest.mark.parametrize("cs", [*range(1, 35), 47, 48, 49, 63, 65])
def test_every_number_of_lanes(cs):
    case = Case(1, (3, 3, 8), (3, 3, 8), 9, cs, (1, 2, 3), before=(0, 0, 1))
    check(case)
    check(case._replace(cb=cs, cs=9))
    check(case._replace(cb=2), "float64")


@pytest.mark.parametrize("cb", [1, 2, 5, 7, 8, 9, 13, 14, 15, 28, 29, 42, 43])
def test_every_number_of_rows(cb):
    check(Case(1, (2, 4, 9), (2, 4, 9), cb, 32, (1, 3, 3), before=(0, 1, 1)))


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("s", [1, 2, 3])
def test_kernels_and_strides(k, s):
    for before in (0, k - 1, k):
        check(
            Case(1, (2, 9, 20), (2, 5, 7), 2, 16, (1, k, k), (1, s, s), before=(0, before, before))
        )


LAYOUTS = STEPPED | {
    "foreign": lambda x: x.astype(x.dtype.newbyteorder()),
    "read only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("case", ["few of big", "strides", "one tap"])
@pytest.mark.parametrize("last", [True, False])
def test_layouts(name, case, last):
    check(CASES[case], layout=LAYOUTS[name], last=last)
    check(CASES[case], "float16", LAYOUTS[name], last)


def test_broadcast_arrays():
    big, small = CASES["many"].arrays()
    big, small = (
        np.broadcast_to(big[:, :, :, :1], big.shape),
        np.broadcast_to(small[:1], small.shape),
    )
    found = correlate(big, small, *CASES["many"].how, True)
    np.testing.assert_array_equal(found, definition(big, small, *CASES["many"].how))


@pytest.mark.parametrize("at_end", [True, False])
@every_case
def test_nothing_beyond_arrays_is_read(case, at_end):
    big, small = case.arrays()
    expected = definition(big, small, *case.how)
    out = guarded(np.full(expected.shape, np.nan, np.float32), at_end)
    correlate(guarded(big, at_end), guarded(small, at_end), *case.how, True, out=out)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_out(step, dtype):
    big, small = FEW.arrays(dtype)
    room = np.full((*FEW.kernel, FEW.cb, step * FEW.cs), 7, dtype)
    out = room[..., ::step]
    assert correlate(big, small, *FEW.how, True, out=out) is out
    np.testing.assert_array_equal(out, definition(big, small, *FEW.how))
    assert (room[..., 1::2] == 7).all() or step == 1


@pytest.mark.parametrize(
    "empty", [{"n": 0}, {"cb": 0}, {"cs": 0}, {"small": (2, 0, 3)}, {"big": (0, 1, 1)}]
)
@pytest.mark.parametrize("last", [True, False])
def test_empty(empty, last):
    check(FEW._replace(**empty), last=last)


def test_no_taps():
    check(FEW._replace(kernel=(3, 0, 3)))


@every_case
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("last", [True, False])
def test_what_is_not_finite_reaches_only_the_taps_that_use_it(case, bad, last):
    """Halos are left out: a zero there times infinity would be NaN."""
    arrays = case.arrays()
    rng = np.random.default_rng(1)
    for which, x in enumerate(arrays):
        both = [y.copy() for y in arrays]
        place = tuple(rng.integers(0, x.shape))
        both[which][place] = bad
        with np.errstate(all="ignore"):
            expected = definition(*both, *case.how)
        given = both if last else [channels_second(y) for y in both]
        np.testing.assert_array_equal(correlate(*given, *case.how, last), expected)


LARGE = {
    "slabs": Case(1, (24, 24, 32), (24, 24, 32), 16, 16, (3, 3, 3), before=(1, 1, 1)),
    "one slab": Case(1, (4, 8, 8), (4, 8, 8), 64, 64, (3, 3, 3), before=(1, 1, 1)),
    "few channels": Case(1, (24, 24, 32), (24, 24, 32), 1, 32, (3, 3, 3), before=(1, 1, 1)),
    "few of small": Case(1, (24, 24, 32), (24, 24, 32), 32, 1, (3, 3, 3), before=(1, 1, 1)),
    "long rows": Case(1, (1, 1, 20000), (1, 1, 20000), 4, 4, (1, 1, 3), before=(0, 0, 1)),
}


@pytest.mark.skipif(len(THREADS) == 1, reason="one thread at most")
@pytest.mark.parametrize("case", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("last", [True, False])
def test_threads_change_no_bit(case, dtype, last):
    assert_threads_change_no_bit(correlate, case, dtype, last)


@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_two_million_positions(draw):
    """float32 sums within 1e-5 of the sums of absolute products."""
    rng = np.random.default_rng(0)
    big = getattr(rng, draw)((1, 128, 128, 128, 1), np.float32)
    small = getattr(rng, draw)((1, 128, 128, 128, 4), np.float32)
    how = (1, 1, 2), (1, 1, 1), (1, 1, 1), (0, 0, 0)
    found = correlate(big, small, *how, True)
    for tap, s in itertools.product(range(2), range(4)):
        x = big[..., tap:, 0].astype(np.float64)
        products = x * small[:, :, :, : 128 - tap, s]
        error = abs(float(found[0, 0, tap, 0, s]) - products.sum())
        assert error <= 1e-5 * np.abs(products).sum()


def test_half_types_are_rounded_once():
    """4096 ones are 4096; a float16 that is added to stays at 2048."""
    ones = np.ones((1, 1, 64, 64, 1), np.float16)
    assert correlate(ones, ones, *[(1, 1, 1)] * 3, (0, 0, 0), True).item() == 4096
