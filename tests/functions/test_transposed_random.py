"""Whole calls with every option drawn, activations, and sizes beyond 32 bits."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import conv3dt
from tests.helpers import cases, oracle, strategies
from tests.helpers.checks import THREADS, check_exactly, every_dtype, every_format, whole

calls = strategies.calls_n_dhw_ci_co(threads=(None, *THREADS))
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
    actual = cases.call(conv3dt.conv3d_transpose, case, *arrays)
    oracle.assert_close(actual, expected, magnitude, case.dtype, activation=case.activation)


@at_leisure
@given(calls)
def test_small_integers_are_exact(case):
    check_exactly(case._replace(activation=None))


@at_leisure
@given(calls, st.sampled_from([1e-30, 1e-6, 1e6]))
def test_scaling_the_input_scales_the_error(case, scale):
    """Tiny and large float32 numbers, without bias or activation to mask them."""
    case = case._replace(dtype="float32", bias=False, activation=None)
    value, filters, _ = cases.arrays(case)
    value = (value * np.float32(scale)).astype("f4")
    expected, magnitude = cases.expected(case, value, filters, None)
    actual = cases.call(conv3dt.conv3d_transpose, case, value, filters, None)
    oracle.assert_close(actual, expected, magnitude, case.dtype)


# ---- activations ---------------------------------------------------------------------------------


@every_format
@every_dtype
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
def test_activations(activation, bias, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "activation": activation}
    shape = {"i": (2, 3, 15), "ci": 4, "co": 17, "k": (2, 3, 3), "s": (1, 2, 2), "length": -1}
    case = whole(**shape, bias=bias, **how)
    arrays = cases.arrays(case)
    expected, magnitude = cases.expected(case, *arrays)
    actual = cases.call(conv3dt.conv3d_transpose, case, *arrays)
    oracle.assert_close(actual, expected, magnitude, dtype, activation=activation)


# ---- beyond 2**31 elements -----------------------------------------------------------------------


def pattern(size, dtype):
    """Small integers with a long prime period, so that an index that wrapped around shows."""
    period = np.random.default_rng(0).integers(-4, 5, 1_000_003).astype(dtype)
    numbers = np.empty(size, dtype)
    for start in range(0, size, period.size):
        piece = numbers[start : start + period.size]
        piece[...] = period[: piece.size]
    return numbers


def check_samples(value, filters, actual, strides):
    """Kernel is stride: each output is one input position times one tap."""
    rng = np.random.default_rng(1)
    shape = np.array(actual.shape)
    ends = [np.zeros(5, int), shape - 1]
    places = [*ends, *(rng.integers(0, shape) for _ in range(20_000))]
    for place in places:
        n, *o, co = map(int, place)
        i, tap = zip(*(divmod(x, s) for x, s in zip(o, strides, strict=True)), strict=True)
        exact = value[(n, *i)].astype(float) @ filters[(*tap, co)].astype(float)
        assert actual[(n, *o, co)] == actual.dtype.type(exact), (n, *o, co)


@pytest.mark.slow
@every_dtype
def test_more_than_two_to_the_31_outputs(dtype):
    if dtype == "float64":
        pytest.skip("would need 17 GB")
    value = pattern(66 * 1024 * 512, dtype).reshape(1, 66, 1024, 512, 1)
    filters = pattern(64, dtype).reshape(2, 2, 2, 8, 1)
    out = np.empty((1, 132, 2048, 1024, 8), dtype)
    assert out.size > 2**31
    actual = conv3dt.conv3d_transpose(value, filters, out.shape, 2, out=out)
    check_samples(value, filters, actual, (2, 2, 2))


@pytest.mark.slow
@every_dtype
def test_more_than_two_to_the_31_inputs(dtype):
    if dtype == "float64":
        pytest.skip("would need 17 GB")
    value = pattern(2 * 66 * 512 * 512 * 64, dtype).reshape(2, 66, 512, 512, 64)
    filters = pattern(64, dtype).reshape(1, 1, 1, 1, 64)
    assert value.size > 2**31
    actual = conv3dt.conv3d_transpose(value, filters, (2, 66, 512, 512, 1), 1)
    check_samples(value, filters, actual, (1, 1, 1))


@pytest.mark.slow
def test_more_than_two_to_the_31_outputs_with_channels_first():
    value = pattern(66 * 1024 * 512, "bfloat16").reshape(1, 1, 66, 1024, 512)
    filters = pattern(64, "bfloat16").reshape(2, 2, 2, 8, 1)
    shape = (1, 8, 132, 2048, 1024)
    actual = conv3dt.conv3d_transpose(value, filters, shape, 2, data_format="NCDHW")
    moved = [oracle.channels_last(array, "NCDHW") for array in (value, actual)]
    check_samples(moved[0], filters, moved[1], (2, 2, 2))
