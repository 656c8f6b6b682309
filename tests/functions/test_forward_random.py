"""The forward convolution with every option drawn; NaN and infinity go where they are used."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.helpers import cases, oracle, strategies
from tests.helpers.checks import (
    THREADS,
    check_exactly,
    compute,
    every_dtype,
    every_format,
    every_padding,
)
from tests.helpers.checks import whole_forward as whole

SPECIALS = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}
GEOMETRIES = {
    "same size": {"i": (5, 3, 4), "k": (5, 3, 3)},
    "halved": {"i": (3, 5, 6), "s": (2, 2, 2)},
    "kernel below stride": {"i": (3, 5, 6), "k": (1, 2, 1), "s": (3, 3, 2)},
    "kernel is stride": {"i": (2, 4, 6), "k": (2, 2, 2), "s": (2, 2, 2)},
    "dilated": {"i": (5, 3, 9), "k": (2, 2, 3), "s": (2, 1, 3), "d": (3, 2, 2)},
    "common divisor": {"i": (5, 5, 9), "k": (2, 3, 2), "s": (2, 2, 4), "d": (2, 2, 2)},
}
every_geometry = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)

calls = strategies.calls_n_dhw_ci_co(threads=(None, *THREADS), forward=True)
at_leisure = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,  # a plain run is the same every time; benchmarks/random_calls.py explores
    suppress_health_check=[HealthCheck.too_slow],  # the first call of a kind compiles
)


@at_leisure
@given(calls)
def test_within_four_ulps_of_the_exact_sum(case):
    arrays = cases.arrays(case)
    expected, magnitude = cases.expected(case, *arrays)
    oracle.assert_close(
        compute(case, *arrays), expected, magnitude, case.dtype, activation=case.activation
    )


@at_leisure
@given(calls)
def test_small_integers_are_exact(case):
    check_exactly(case._replace(activation=None))


def check(case, *arrays):
    exact = cases.exact(case, *arrays)
    expected = exact.astype(np.float64).astype(case.dtype).astype(np.float64)
    np.testing.assert_array_equal(compute(case, *arrays).astype(np.float64), expected)


@every_padding
@every_format
@every_dtype
@every_geometry
@pytest.mark.parametrize("special", SPECIALS.values(), ids=SPECIALS)
def test_one_special_input(geometry, special, dtype, data_format, padding):
    """At each of the corners and inside, in one channel of one image."""
    case = whole(n=2, **geometry, padding=padding, dtype=dtype, data_format=data_format, bias=True)
    value, filters, bias = cases.arrays(case, cases.integers)
    for place in (0, value.size // 3, value.size // 2, value.size - 1):
        changed = value.copy()
        changed.flat[place] = special
        check(case, changed, filters, bias)


@every_padding
@every_format
@every_dtype
@every_geometry
@pytest.mark.parametrize("special", SPECIALS.values(), ids=SPECIALS)
def test_one_special_weight(geometry, special, dtype, data_format, padding):
    """Each tap in turn: what it would read beyond the input does not exist."""
    case = whole(**geometry, ci=2, padding=padding, dtype=dtype, data_format=data_format)
    value, filters, bias = cases.arrays(case, cases.integers)
    taps = list(np.ndindex(*filters.shape[:3]))
    for tap in taps[:: max(1, len(taps) // 9)]:
        changed = filters.copy()
        changed[(*tap, 0, -1)] = special
        check(case, value, changed, bias)


@pytest.mark.parametrize("s", [(1, 1, 1), (2, 2, 2)])
@pytest.mark.parametrize("co", [1, 17, 33])
def test_infinite_filters_beside_the_border_of_long_rows(co, s):
    case = whole(i=(3, 4, 61), ci=2, co=co, s=s)
    value, filters, bias = cases.arrays(case, cases.integers)
    filters[:, :, 0] = np.inf
    check(case, value, filters, bias)
