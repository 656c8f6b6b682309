"""Gradients of filters of fewer products against their definition, and against direct sums."""

import itertools

import numpy as np
import pytest

import conv3dt
from conv3dt._run.correlate import correlate, explain_correlate
from conv3dt._ways.correlate.minimal.scheme import MinimalScheme
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
    "few of small": FEW._replace(cb=33, cs=6),
    "one of both": FEW._replace(cb=1, cs=1),
    "many": FEW._replace(cb=17, cs=40),
    "kernel 4, stride 2": Case(
        1, (8, 14, 20), (4, 7, 10), 16, 24, (4, 4, 4), (2, 2, 2), before=(1, 1, 1)
    ),
    "strides": Case(2, (7, 9, 23), (3, 3, 12), 9, 18, (3, 4, 5), (2, 3, 2), before=(1, 2, 2)),
    "dilations": Case(1, (9, 9, 15), (8, 7, 9), 3, 17, (3, 2, 4), (1, 1, 1), (2, 3, 2), (1, 1, 0)),
    "both": Case(1, (9, 9, 30), (4, 3, 9), 8, 16, (5, 4, 3), (2, 2, 3), (3, 2, 2), (0, 1, 2)),
    "crops": Case(1, (9, 9, 15), (5, 5, 9), 5, 33, (2, 2, 3), before=(-2, -1, -3)),
    "beyond": Case(1, (3, 2, 4), (6, 7, 9), 4, 16, (5, 3, 4), before=(5, 4, 9)),
    "one plane": Case(1, (1, 9, 9), (1, 9, 9), 4, 16, (1, 5, 3), before=(0, 2, 1)),
    "images": Case(37, (4, 2, 2), (3, 1, 1), 20, 35, (2, 2, 2)),
    "short rows": Case(6, (4, 6, 4), (4, 6, 4), 12, 24, (3, 3, 3), before=(1, 1, 1)),
    "long rows": Case(1, (2, 3, 200), (2, 3, 200), 2, 4, (2, 2, 3), before=(0, 1, 1)),
    "boxes": Case(1, (9, 40, 32), (9, 40, 32), 2, 5, (3, 3, 2), before=(1, 1, 0)),
    "boxes of rows": Case(1, (2, 70, 50), (4, 70, 50), 3, 17, (2, 3, 1), before=(1, 1, 0)),
    "slabs": Case(1, (16, 24, 32), (16, 24, 32), 3, 4, (3, 4, 3), before=(1, 1, 1)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_order = pytest.mark.parametrize("last", [True, False])


def minimal(*arguments, **how):
    return correlate(*arguments, algorithm="minimal", **how)


def check(case, dtype="float32", layout=lambda x: x, last=True, **how):
    """Compare with the definition: small integers are summed exactly, and rounded at most once."""
    big, small = case.arrays(dtype)
    expected = definition(big, small, *case.how).astype(dtype)
    if not last:
        big, small = channels_second(big), channels_second(small)
    found = minimal(layout(big), layout(small), *case.how, last, **how)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, expected)


@every_case
@every_dtype
@every_order
def test_definition(case, dtype, last):
    check(case, dtype, last=last)


@every_case
def test_taps_share_products(case):
    """So the other tests try them."""
    found = explain_correlate(*case.shapes, *case.how, True, dtype="float32", algorithm="minimal")
    assert isinstance(found, MinimalScheme)


@pytest.mark.parametrize("cs", [*range(1, 35), 47, 48, 49, 63, 65])
def test_every_number_of_lanes(cs):
    case = Case(1, (3, 4, 8), (3, 4, 8), 9, cs, (2, 3, 3), before=(0, 1, 1))
    check(case)
    check(case._replace(cb=cs, cs=9))
    check(case._replace(cb=2), "float64")


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_kernels_strides_and_dilations(k, s, d):
    for before, o in ((0, 5), (k - 1, 8), ((k - 1) * d, 13)):
        axes = (k, k, 1), (s, s, 1), (d, d, 1), (before, before, 0)
        check(Case(1, (11, 20, 3), (o, 7, 3), 2, 4, *axes))


@pytest.mark.parametrize("name", STEPPED)
@every_order
def test_layouts(name, last):
    """Rows that are not one run of numbers are summed as the definition says."""
    for case in (FEW, CASES["strides"]):
        check(case, layout=STEPPED[name], last=last)
        check(case, "float16", STEPPED[name], last)


@pytest.mark.parametrize("at_end", [True, False])
@every_case
def test_nothing_beyond_arrays_is_read(case, at_end):
    big, small = case.arrays()
    expected = definition(big, small, *case.how)
    out = guarded(np.full(expected.shape, np.nan, np.float32), at_end)
    minimal(guarded(big, at_end), guarded(small, at_end), *case.how, True, out=out)
    np.testing.assert_array_equal(out, expected)


@every_case
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@every_order
def test_what_is_not_finite_reaches_only_the_taps_that_use_it(case, bad, last):
    """Infinity would become NaN where it is subtracted, and reach another tap where it is added."""
    arrays = case.arrays()
    rng = np.random.default_rng(1)
    for which, x in enumerate(arrays):
        both = [y.copy() for y in arrays]
        both[which][tuple(rng.integers(0, x.shape))] = bad
        with np.errstate(all="ignore"):
            expected = definition(*both, *case.how)
        given = both if last else [channels_second(y) for y in both]
        np.testing.assert_array_equal(minimal(*given, *case.how, last), expected)


def test_combinations_that_overflow():
    """The largest numbers are added to each other, but their products are small."""
    case = CASES["many"]
    big, small = case.arrays()
    big[...] = np.finfo(np.float32).max
    small *= 2.0**-120
    direct = correlate(big, small, *case.how, True, algorithm="direct")
    assert np.isfinite(direct).all()
    np.testing.assert_array_equal(minimal(big, small, *case.how, True), direct)


@pytest.mark.skipif(len(THREADS) == 1, reason="one thread at most")
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@every_order
@pytest.mark.parametrize("name", ["slabs", "boxes", "many", "kernel 4, stride 2"])
def test_threads_change_no_bit(name, dtype, last):
    assert_threads_change_no_bit(minimal, CASES[name], dtype, last)


@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_two_million_positions(draw):
    """float32 sums within 1e-5 of the sums of absolute products."""
    rng = np.random.default_rng(0)
    big = getattr(rng, draw)((1, 128, 128, 128, 1), np.float32)
    small = getattr(rng, draw)((1, 128, 128, 128, 2), np.float32)
    found = minimal(big, small, (2, 2, 1), *[(1, 1, 1)] * 2, (0, 0, 0), True)
    for d, h, s in itertools.product(range(2), repeat=3):
        x = big[:, d:, h:, :, 0].astype(np.float64)
        products = x * small[:, : 128 - d, : 128 - h, :, s]
        error = abs(float(found[d, h, 0, 0, s]) - products.sum())
        assert error <= 1e-5 * np.abs(products).sum()


@pytest.mark.parametrize("draw", ["normal", "uniform", "sparse"])
@pytest.mark.parametrize("k", [3, 4])
def test_as_exact_as_direct_sums(draw, k):
    """Root mean square of the errors: at most 1.1 times that of direct sums; .3 to 1.0 is found."""
    rng = np.random.default_rng(0)
    s = 2 if k == 4 else 1
    shapes = (1, *(16 * s,) * 3, 8), (1, 16, 16, 16, 16)
    pick = {
        "normal": rng.standard_normal,
        "uniform": rng.random,
        "sparse": lambda shape: np.maximum(rng.standard_normal(shape), 0),
    }[draw]
    big, small = (pick(shape).astype(np.float32) for shape in shapes)
    how = (k,) * 3, (s,) * 3, (1,) * 3, (1,) * 3, True
    exact = correlate(big.astype(np.float64), small.astype(np.float64), *how, algorithm="direct")
    errors = [
        np.sqrt(((correlate(big, small, *how, algorithm=way) - exact) ** 2).mean())
        for way in ("direct", "minimal")
    ]
    assert errors[1] <= 1.1 * errors[0]


def test_half_types_are_rounded_once():
    ones = np.ones((1, 16, 16, 16, 1), np.float16)
    found = minimal(ones, ones, (2, 2, 1), *[(1, 1, 1)] * 2, (0, 0, 0), True)
    assert found.ravel().tolist() == [4096, 3840, 3840, 3600]


def test_algorithm_is_heard(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 8, 8, 8, 8), np.float32)
    dy, w = rng.standard_normal((2, 1, 8, 8, 8, 8)).astype(np.float32), (3, 3, 3, 8, 8)
    how = {
        name: conv3dt.conv3d_backprop_filter(x, w, dy[0], 1, "SAME", algorithm=name)
        for name in ("direct", "minimal")
    }
    assert (how["direct"] != how["minimal"]).any()
    np.testing.assert_allclose(how["direct"], how["minimal"], rtol=1e-4, atol=1e-4)
    filters = rng.standard_normal(w, np.float32)
    for name, expected in how.items():
        found = conv3dt.conv3d_backprop(dy[0], x, filters, 1, "SAME", algorithm=name)
        np.testing.assert_array_equal(found.filters, expected)
        text = str(conv3dt.explain_conv3d_backprop_filter(x, w, dy[0], 1, "SAME", algorithm=name))
        assert f"algorithm='{name}' asks for" in text
    with pytest.raises(ValueError, match="algorithm must be"):
        conv3dt.conv3d_backprop_filter(x, w, dy[0], 1, "SAME", algorithm="fewer")
