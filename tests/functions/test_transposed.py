"""Whole calls with answers that are exact: TensorFlow's tables, small integers, empty arrays."""

import itertools

import numpy as np
import pytest

import conv3dt
import conv3dt.compat.v1.nn
import conv3dt.nn
from tests.helpers import cases, oracle, peer_tables
from tests.helpers.checks import (
    check_exactly,
    every_dtype,
    every_format,
    every_padding,
    every_store,
    whole,
)
from tests.helpers.peer_tables import AXIS, GRADIENTS, ONES

FUNCTIONS = {
    "conv3dt": conv3dt.conv3d_transpose,
    "nn": conv3dt.nn.conv3d_transpose,
    "compat.v1.nn": conv3dt.compat.v1.nn.conv3d_transpose,
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


# ---- tables of peers -----------------------------------------------------------------------------


@every_function
@every_format
@every_dtype
@pytest.mark.parametrize("row", AXIS, ids=peer_tables.axis_id)
def test_axis_table(row, dtype, data_format, function):
    """The table's axis in the place of depth, height and width in turn."""
    for place in range(3):
        n, k, s, d, o = np.ones((5, 3), int)
        n[place], k[place], o[place] = 3, row.k, row.length
        s[place], d[place] = row.stride, row.dilation
        value = np.array([1, 10, 100], dtype)
        value = value.reshape(cases.tensor_shape(1, n, 1, data_format))
        filters = np.arange(1, row.k + 1).astype(dtype).reshape(*k, 1, 1)
        shape = cases.tensor_shape(1, o.tolist(), 1, data_format)
        how = {"data_format": data_format, "dilations": d.tolist()}
        actual = function(value, filters, shape, s.tolist(), row.padding, **how)
        assert actual.shape == shape
        np.testing.assert_array_equal(actual.ravel().astype(float), row.answer)


@every_function
@every_dtype
@pytest.mark.parametrize("name", ONES)
def test_ones_tables(name, dtype, function):
    extents, strides, padding, _ = ONES[name]
    value, filters = np.ones((2, 5, 6, 4, 3), dtype), np.ones((3, 3, 3, 2, 3), dtype)
    actual = function(value, filters, (2, *extents, 2), strides, padding)
    assert actual.dtype == value.dtype
    np.testing.assert_array_equal(actual.astype(float), peer_tables.ones_answer(name))


@every_function
def test_channels_of_ncdhw_are_not_looked_for_in_the_last_place(function):
    rng = np.random.default_rng(1)
    value, filters = rng.random((2, 2, 3, 4, 3)), rng.random((3, 3, 3, 2, 2))
    shape, strides = [2, 2, 6, 8, 6], [1, 1, 2, 2, 2]
    actual = function(value, filters, shape, strides, "SAME", "NCDHW")
    exact = oracle.conv3d_transpose(value, filters, shape, (2, 2, 2), data_format="NCDHW")
    np.testing.assert_allclose(actual, exact, rtol=1e-14)


@every_function
@pytest.mark.parametrize("kind", [np.int32, np.int64, list, tuple])
def test_output_shape_may_be_of_any_integer_kind(function, kind):
    shape = (2, 5, 6, 4, 2)
    shape = kind(shape) if kind in (list, tuple) else np.array(shape, kind)
    value, filters = np.ones((2, 5, 6, 4, 3), "f4"), np.ones((3, 3, 3, 2, 3), "f4")
    actual = function(value, filters, shape, [1, 1, 1, 1, 1])
    np.testing.assert_array_equal(actual, peer_tables.ones_answer("T1 single stride"))


@every_dtype
@pytest.mark.parametrize("name", GRADIENTS)
def test_jacobian_is_that_of_the_forward_convolution(name, dtype):
    """Row by row: the gradient of each forward output, against the forward result of each input."""
    case = GRADIENTS[name]
    image = (*case.extents, case.co)
    filters = np.arange(np.prod((*case.kernel, case.co, case.ci)), dtype=float)
    filters = (filters / filters.size).reshape(*case.kernel, case.co, case.ci).astype(dtype)
    axes = zip(case.extents, case.kernel, case.strides, case.dilations, strict=True)
    result = (*(oracle.forward_length(*axis, case.padding) for axis in axes), case.ci)
    basis = np.eye(np.prod(image)).reshape(-1, *image)
    how = (case.strides, case.padding)
    forward = oracle.conv3d(basis, filters, (len(basis), *result), *how, case.dilations)
    gradients = np.eye(np.prod(result)).reshape(-1, *result).astype(dtype)
    shape = (len(gradients), *image)
    actual = conv3dt.nn.conv3d_transpose(gradients, filters, shape, *how, dilations=case.dilations)
    difference = actual.astype(float).reshape(len(gradients), -1).T - forward.reshape(
        len(basis), -1
    )
    assert np.abs(difference).max() <= peer_tables.GRADIENT_TOLERANCE[dtype]


def test_jacobians_by_differences():
    """TensorFlow's own check of its gradients: central differences with step 1e-3 in float32."""
    rng = np.random.default_rng(1)
    value = rng.random((2, 3, 4, 3, 2)).astype("f4")
    filters = rng.random((3, 3, 3, 2, 2)).astype("f4")
    shape, strides = (2, 6, 8, 6, 2), (2, 2, 2)

    def change(array, index, function):
        step = np.zeros_like(array)
        step.flat[index] = 1e-3
        high, low = function(array + step), function(array - step)
        return (high.astype(float) - low) / 2e-3

    def along(x, w):
        return oracle.conv3d_transpose(x, w, shape, strides)

    for index in range(0, value.size, 5):
        ours = change(
            value, index, lambda x: conv3dt.nn.conv3d_transpose(x, filters, shape, strides)
        )
        unit = np.eye(1, value.size, index).reshape(value.shape)
        assert np.abs(ours - along(unit, filters)).max() < 5.5e-4
    for index in range(0, filters.size, 5):
        ours = change(
            filters, index, lambda w: conv3dt.nn.conv3d_transpose(value, w, shape, strides)
        )
        unit = np.eye(1, filters.size, index).reshape(filters.shape)
        assert np.abs(ours - along(value, unit)).max() < 5.5e-4


# ---- small integers around the tiles -------------------------------------------------------------


AROUND_VECTORS = [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65]


@every_store
@pytest.mark.parametrize("co", AROUND_VECTORS)
def test_output_channels_around_whole_vectors(co, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "bias": True, "out": True, "length": -1}
    check_exactly(whole(i=(2, 2, 5), ci=3, co=co, k=(2, 3, 3), s=(1, 2, 2), **how))


@every_store
@pytest.mark.parametrize("ci", AROUND_VECTORS)
def test_input_channels_around_whole_vectors(ci, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "out": True, "length": -1}
    check_exactly(whole(i=(2, 2, 5), ci=ci, co=9, k=(2, 3, 3), s=(1, 2, 2), **how))


@every_store
@pytest.mark.parametrize("co", [17, 33])
@pytest.mark.parametrize("width", [1, 2, 3, 6, 7, 13, 14, 15, 27, 28, 29])
def test_widths_around_whole_tiles(width, co, dtype, data_format):
    case = whole(i=(1, 2, width), ci=2, co=co, k=(1, 2, 3), s=(1, 1, 1), out=True)
    check_exactly(case._replace(dtype=dtype, data_format=data_format))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("extents", [(1, 29, 1), (29, 1, 1), (1, 15, 3), (5, 5, 3), (3, 14, 2)])
def test_rows_along_other_axes_than_width(extents, dtype):
    check_exactly(whole(n=2, i=extents, ci=3, co=17, s=(2, 2, 2), out=True, dtype=dtype))


@every_padding
@every_store
@pytest.mark.parametrize(("k", "s"), list(itertools.product(range(1, 6), range(1, 5))))
def test_every_kernel_with_every_stride_and_dilation(k, s, dtype, data_format, padding):
    """Dilations 1 to 3 and every legal length, on all axes at once; every third but in float32."""
    both = list(itertools.product((1, 2, 3), range(s)))
    for d, length in both if (dtype, data_format) == ("float32", "NDHWC") else both[k % 3 :: 3]:
        shape = {"i": (3, 2, 4), "k": (k,) * 3, "s": (s,) * 3, "d": (d,) * 3}
        case = whole(**shape, length=length, padding=padding)
        check_exactly(case._replace(dtype=dtype, data_format=data_format))


# ---- nothing to add ------------------------------------------------------------------------------


@every_padding
@pytest.mark.parametrize(
    ("dtype", "data_format"), [("float32", "NDHWC"), ("float64", "NCDHW"), ("float16", "NDHWC")]
)
@pytest.mark.parametrize(
    "empty",
    [
        {"n": 0},
        {"ci": 0},
        {"co": 0},
        {"ci": 0, "co": 0},
        {"k": (3, 0, 3)},
        {"k": (0, 0, 0)},
        {"i": (0, 3, 4)},
        {"i": (2, 3, 0)},
        {"i": (0, 0, 0)},
    ],
    ids=str,
)
@pytest.mark.parametrize(("bias", "activation"), [(False, None), (True, "sigmoid")])
def test_empty_dimensions(empty, bias, activation, dtype, data_format, padding):
    """No product reaches any output: what remains is the activation of the bias."""
    how = {"dtype": dtype, "data_format": data_format, "activation": activation}
    for length in (0, -1):
        case = whole(**empty, s=(2, 2, 2), length=length, padding=padding)
        case = case._replace(**how, bias=bias, out=bias)
        arrays = cases.arrays(case)
        expected, magnitude = cases.expected(case, *arrays)
        actual = cases.call(conv3dt.conv3d_transpose, case, *arrays)
        oracle.assert_close(actual, expected, magnitude, dtype, activation=activation)
