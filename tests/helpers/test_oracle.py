"""The oracles against each other, the forward convolution's adjoint, and TensorFlow's numbers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings

from tests.helpers import cases, oracle, peer_tables, strategies
from tests.helpers.peer_tables import AXIS, ONES

METHODS = (oracle.scatter, oracle.correlate)


def parts(case):
    """Arrays and keywords of a case, for the functions of the oracle."""
    value, filters, bias = cases.arrays(case)
    where = (cases.output_shape(case), cases.per_axis(case, "s"))
    how = {
        "padding": case.padding,
        "dilations": cases.per_axis(case, "d"),
        "data_format": case.data_format,
    }
    return value, filters, bias, where, how


@settings(max_examples=200, deadline=None)
@given(strategies.calls_n_dhw_ci_co(dtype="float32"))
def test_scatter_and_correlation_agree(case):
    value, filters, bias, where, how = parts(case)
    how["bias"] = bias
    expected = oracle.conv3d_transpose(value, filters, *where, **how, method=oracle.correlate)
    actual = oracle.conv3d_transpose(value, filters, *where, **how)
    magnitude = oracle.magnitude(value, filters, *where, **how)
    assert actual.shape == cases.output_shape(case)
    assert np.all(np.abs(actual - expected) <= 1e-13 * magnitude)


@settings(max_examples=200, deadline=None)
@given(strategies.calls_n_dhw_ci_co(dtype="float32", bias=False))
def test_is_the_adjoint_of_the_forward_convolution(case):
    x, filters, _, where, how = parts(case)
    y = np.random.default_rng(case.seed + 1).standard_normal(cases.output_shape(case))
    forward = oracle.conv3d(y, filters, x.shape, where[1], **how)
    other = oracle.conv3d(y, filters, x.shape, where[1], **how, method=oracle.slide)
    transposed = oracle.conv3d_transpose(x, filters, *where, **how)
    bound = 1e-12 * np.sum(np.abs(y) * oracle.magnitude(x, filters, *where, **how))
    assert abs(np.sum(forward * x) - np.sum(y * transposed)) <= bound
    np.testing.assert_allclose(forward, other, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("row", AXIS, ids=peer_tables.axis_id)
def test_axis_table(row, method):
    value = np.array([1.0, 10, 100]).reshape(1, 3, 1, 1, 1)
    filters = np.arange(1.0, row.k + 1).reshape(row.k, 1, 1, 1, 1)
    shape, strides, dilations = (1, row.length, 1, 1, 1), (row.stride, 1, 1), (row.dilation, 1, 1)
    actual = oracle.conv3d_transpose(
        value, filters, shape, strides, row.padding, dilations, method=method
    )
    np.testing.assert_array_equal(actual.ravel(), row.answer)


def test_axis_table_has_the_crops_found_by_counting():
    for row in AXIS:
        axis = (3, row.k, row.stride, row.dilation, row.length, row.padding)
        assert oracle.front_crop(*axis) == row.crop


def test_axis_table_has_every_legal_length_and_no_other():
    keys = {row[:4] for row in AXIS}
    assert keys == set(itertools.product(("SAME", "VALID"), (2, 3), (1, 2, 3), (1, 2)))
    for padding, k, s, d in keys:
        lengths = [row.length for row in AXIS if row[:4] == (padding, k, s, d)]
        assert lengths == oracle.legal_lengths(3, k, s, d, padding)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ONES)
def test_ones_tables(name, method):
    extents, strides, padding, _ = ONES[name]
    value, filters = np.ones((2, 5, 6, 4, 3)), np.ones((3, 3, 3, 2, 3))
    shape = (2, *extents, 2)
    actual = oracle.conv3d_transpose(value, filters, shape, strides[1:4], padding, method=method)
    np.testing.assert_array_equal(actual, peer_tables.ones_answer(name))


def test_lengths_and_crops_of_one_axis():
    assert oracle.legal_lengths(3, 3, 2, 1, "SAME") == [5, 6]
    assert oracle.legal_lengths(3, 3, 2, 1, "VALID") == [7, 8]
    assert oracle.legal_lengths(0, 3, 2, 1, "VALID") == [1, 2]
    assert oracle.legal_lengths(0, 3, 2, 1, "SAME") == [0]
    assert oracle.legal_lengths(2, 1, 3, 2, "SAME") == [4, 5, 6]
    assert oracle.legal_lengths(2, 1, 3, 2, "VALID") == [4, 5, 6]
    assert [oracle.front_crop(3, 3, 2, 1, o, "SAME") for o in (5, 6)] == [1, 0]
    assert oracle.front_crop(3, 1, 3, 1, 9, "SAME") == 0


def test_infinity_outside_the_window_multiplies_nothing():
    filters = np.array([1.0, np.inf, 3.0]).reshape(1, 1, 3, 1, 1)
    actual = oracle.conv3d_transpose(np.zeros((1, 1, 1, 1, 1)), filters, (1, 1, 1, 4, 1), (1, 1, 4))
    np.testing.assert_array_equal(actual.ravel(), [0, np.nan, 0, 0])


def test_infinity_outside_the_input_is_not_multiplied():
    filters = np.array([np.inf, 1.0, 3.0]).reshape(1, 1, 3, 1, 1)
    image, strides = np.arange(1.0, 4).reshape(1, 1, 1, 3, 1), (1, 1, 1)
    actual = oracle.conv3d(image, filters, (1, 1, 1, 3, 1), strides, "SAME")
    np.testing.assert_array_equal(actual.ravel(), [7, np.inf, np.inf])


def test_activations():
    x = np.array([-np.inf, -2.0, -0.0, 3.0, 9.0, np.inf, np.nan])
    inf, nan = np.inf, np.nan
    e = np.exp(1.0)

    def normal(z):  # the distribution function
        return math.erfc(-z / math.sqrt(2)) / 2

    expected = {
        "linear": x,
        "relu": [0, 0, 0, 3, 9, inf, nan],
        "relu6": [0, 0, 0, 3, 6, 6, nan],
        "leaky_relu": [-inf, -0.4, 0, 3, 9, inf, nan],
        "elu": [-1, e**-2 - 1, 0, 3, 9, inf, nan],
        "sigmoid": [0, 1 / (1 + e**2), 0.5, 1 / (1 + e**-3), 1 / (1 + e**-9), 1, nan],
        "tanh": [-1, np.tanh(-2), 0, np.tanh(3), np.tanh(9), 1, nan],
        "swish": [nan, -2 / (1 + e**2), 0, 3 / (1 + e**-3), 9 / (1 + e**-9), inf, nan],
        "gelu": [nan, -2 * normal(-2), 0, 3 * normal(3), 9 * normal(9), inf, nan],
    }
    assert set(expected) == set(cases.ACTIVATIONS) - {None}
    for name, answer in expected.items():
        np.testing.assert_allclose(oracle.activate(x, name), answer, rtol=1e-14, err_msg=name)


@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_spacing_and_ulp(dtype):
    """The same at powers of two and below the normal numbers; between, an ulp grows smoothly."""
    least = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 5e-324}
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
    eps, least = eps[dtype], least[dtype]
    x = np.array([1.0, -1.75, 2.0, 3.0, least, 0.0])
    np.testing.assert_array_equal(
        oracle.spacing(x, dtype), [eps, eps, 2 * eps, 2 * eps, least, least]
    )
    expected = [eps, 1.75 * eps, 2 * eps, 3 * eps, least, 0]
    np.testing.assert_array_equal(oracle.ulp(x, dtype), expected)


# ---- the helper that compares must fail when it should -------------------------------------------


def close(actual, expected, magnitude, dtype, **how):
    expected, magnitude = np.asarray(expected, float), np.asarray(magnitude, float)
    oracle.assert_close(np.asarray(actual).astype(dtype), expected, magnitude, dtype, **how)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_four_ulps_of_the_magnitude_pass_and_five_fail(dtype):
    for magnitude in (8.0, 13.0):
        unit = magnitude * np.finfo(dtype).eps
        close([1 + 4 * unit], [1.0], [magnitude], dtype)
        with pytest.raises(AssertionError, match="5 ulps off at"):
            close([1 + 5 * unit], [1.0], [magnitude], dtype)
        with pytest.raises(AssertionError):
            close([1 + 3 * unit], [1.0], [magnitude], dtype, ulps=2)


@pytest.mark.parametrize(("dtype", "eps"), [("float16", 2.0**-10), ("bfloat16", 2.0**-7)])
def test_half_types_are_rounded_once_from_float32(dtype, eps):
    close([1.0, 1 + eps], [1 + 0.499 * eps, 1 + 0.501 * eps], [1.0, 1.0], dtype)
    with pytest.raises(AssertionError):
        close([1.0], [1 + 0.51 * eps], [1.0], dtype)
    with pytest.raises(AssertionError):
        close([1 + eps], [1.0], [1.0], dtype)


@pytest.mark.parametrize("dtype", cases.DTYPES)
def test_special_values_must_match(dtype):
    inf, nan = np.inf, np.nan
    special = [inf, -inf, nan, 0.0]
    close(special, special, special, dtype)
    for place, number in ((0, -inf), (0, 1), (1, nan), (2, 1), (2, inf), (3, nan), (3, inf)):
        wrong = [*special[:place], number, *special[place + 1 :]]
        with pytest.raises(AssertionError):
            close(wrong, special, special, dtype)


def test_nothing_is_rounded_where_nothing_is_added():
    with pytest.raises(AssertionError):
        close([1e-45], [0.0], [0.0], "float32")


def test_overflow_of_the_stored_type_is_infinity():
    close([np.inf], [70000.0], [70000.0], "float16")
    with pytest.raises(AssertionError):
        close([65504.0], [70000.0], [70000.0], "float16")


def test_activation_adds_its_own_ulps_and_scales_by_its_slope():
    unit = np.finfo("float32").eps
    close([0.5 + 4 * (2 * unit + unit / 2)], [0.5], [8.0], "float32", activation="sigmoid")
    with pytest.raises(AssertionError):
        close([0.5 + 5 * (2 * unit + unit / 2)], [0.5], [8.0], "float32", activation="sigmoid")


def test_shapes_and_dtypes_must_match():
    one = np.ones(3)
    with pytest.raises(AssertionError, match="shape"):
        oracle.assert_close(np.ones((3, 1)), one, one, "float64")
    with pytest.raises(AssertionError, match="dtype"):
        oracle.assert_close(one, one, one, "float32")
    with pytest.raises(AssertionError, match="dtype"):
        oracle.assert_close(one.astype(">f8"), one, one, "float64")
