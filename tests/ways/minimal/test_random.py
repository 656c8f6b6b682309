"""Minimal filtering: whole calls with every option drawn."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import conv3dt
from tests.helpers import cases, oracle, strategies
from tests.helpers.checks import THREADS

calls = st.one_of(
    strategies.calls_n_dhw_ci_co(
        (None, *THREADS), dtype=dtype, algorithm="minimal", forward=forward
    )
    for dtype in ("float32", "float64", "float16", "bfloat16")
    for forward in (False, True)
)


@pytest.mark.usefixtures("few_channels")
@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    # The first call of a kind compiles; the fixture holds for all of them.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(calls)
def test_within_four_ulps_of_the_greatest_sum(case):
    arrays = cases.arrays(case)
    expected, magnitude = cases.expected(case, *arrays)
    function = conv3dt.conv3d if case.forward else conv3dt.conv3d_transpose
    actual = cases.call(function, case, *arrays)
    oracle.assert_close(actual, expected, magnitude, case.dtype, activation=case.activation)
