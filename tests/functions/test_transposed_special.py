"""NaN and infinity spread to the outputs that use them and to no other."""

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases
from tests.helpers.checks import every_dtype, every_format, every_padding, whole

SPECIALS = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}
GEOMETRIES = {
    "upsampling": {"k": (3, 3, 3), "s": (2, 2, 2)},
    "same size": {"k": (5, 3, 3)},
    "kernel below stride": {"k": (1, 2, 1), "s": (3, 3, 2)},
    "kernel is stride": {"k": (2, 2, 2), "s": (2, 2, 2)},
    "dilated": {"k": (3, 2, 3), "s": (2, 1, 3), "d": (3, 2, 2)},
    "larger kernel than input": {"i": (1, 2, 1), "k": (5, 5, 5)},
}
every_geometry = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)


def check(case, value, filters, bias):
    exact = cases.exact(case, value, filters, bias)
    actual = cases.call(conv3dt.conv3d_transpose, case, value, filters, bias)
    expected = exact.astype(np.float64).astype(case.dtype).astype(np.float64)
    np.testing.assert_array_equal(actual.astype(np.float64), expected)


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
    """Each tap in turn: its products may lie outside the window or beyond the input's border."""
    case = whole(**geometry, ci=2, padding=padding, dtype=dtype, data_format=data_format)
    value, filters, bias = cases.arrays(case, cases.integers)
    taps = list(np.ndindex(*filters.shape[:3]))
    for tap in taps[:: max(1, len(taps) // 9)]:
        changed = filters.copy()
        changed[(*tap, -1, 0)] = special
        check(case, value, changed, bias)


@every_format
@every_dtype
@pytest.mark.parametrize("co", [1, 3, 16, 17])
def test_special_weights_that_reach_no_output(co, dtype, data_format):
    """SAME cuts the outer taps of a single row away; products beyond the border do not exist."""
    case = whole(i=(1, 1, 1), k=(3, 3, 3), co=co, dtype=dtype, data_format=data_format)
    value, filters, bias = cases.arrays(case, cases.integers)
    used = filters[1, 1, 1].copy()
    filters[...] = np.nan
    filters[1, 1, 1] = used
    check(case, value, filters, bias)
    filters[...] = np.inf
    filters[1, 1, 1] = used
    check(case, value, filters, bias)


@every_dtype
@pytest.mark.parametrize("co", [1, 2, 15, 16, 17, 33])
def test_infinite_filters_of_one_output_channel(co, dtype):
    """Neither its neighbours in the vector nor anything beyond the border turns into NaN."""
    case = whole(i=(3, 3, 5), ci=2, co=co, s=(2, 2, 2), dtype=dtype)
    value, filters, bias = cases.arrays(case, cases.integers)
    value[value == 0] = 1
    for channel in {0, co // 2, co - 1}:
        changed = filters.copy()
        changed[:, :, :, channel] = np.inf
        check(case, value, changed, bias)


@every_format
@every_dtype
@pytest.mark.parametrize("special", SPECIALS.values(), ids=SPECIALS)
@pytest.mark.parametrize("co", [1, 17])
def test_one_special_bias(co, special, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "bias": True, "length": -1}
    case = whole(k=(1, 2, 1), s=(2, 2, 2), co=co, **how)
    value, filters, bias = cases.arrays(case, cases.integers)
    bias[co // 2] = special
    check(case, value, filters, bias)


@every_dtype
@pytest.mark.parametrize("activation", cases.ACTIVATIONS)
def test_activations_of_special_values(activation, dtype):
    """A NaN stays NaN; infinities go to the activation's limits, or to what its formula makes."""
    case = whole(i=(1, 1, 5), k=(1, 1, 1), ci=1, co=1, dtype=dtype, activation=activation)
    value = np.array([np.nan, np.inf, -np.inf, 0, 8]).astype(dtype).reshape(1, 1, 1, 5, 1)
    actual = cases.call(conv3dt.conv3d_transpose, case, value, np.ones((1,) * 5, dtype), None)
    expected = cases.exact(case, value, np.ones((1,) * 5, dtype), None)
    undefined = activation in ("gelu", "swish")  # minus infinity times 0, as in TensorFlow
    np.testing.assert_array_equal(np.isnan(actual).ravel(), [True, False, undefined, False, False])
    np.testing.assert_allclose(actual.astype(float), expected.astype(float), rtol=1e-2)


@every_dtype
def test_sums_beyond_the_range_of_the_type_are_infinite(dtype):
    largest = float(np.finfo(dtype).max) if dtype != "bfloat16" else 3.3895e38
    value, filters = np.full((1, 1, 1, 1, 2), largest, dtype), np.ones((1, 1, 1, 1, 2), dtype)
    actual = conv3dt.conv3d_transpose(value, filters, (1, 1, 1, 1, 1), 1)
    assert np.isposinf(actual.astype(float)).all()
    filters[..., 1] = -1
    actual = conv3dt.conv3d_transpose(value, filters, (1, 1, 1, 1, 1), 1)
    assert actual.astype(float).item() == 0
