"""What arrays look like in memory: inputs of every layout, `out`, threads, repeated calls."""

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases, oracle
from tests.helpers.cases import LAYOUTS
from tests.helpers.checks import (
    THREADS,
    check_exactly,
    every_dtype,
    every_format,
    every_store,
    whole,
)

SHAPE = (1, 4, 6, 8, 2)  # of the result of `arguments`


def arguments():
    """Value, filters and output shape of a small call, and strides."""
    value = np.arange(72, dtype="f4").reshape(1, 2, 3, 4, 3)
    filters = np.arange(48, dtype="f4").reshape(2, 2, 2, 2, 3)
    return value, filters, SHAPE, 2


# ---- inputs --------------------------------------------------------------------------------------


@every_format
@every_dtype
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_value(layout, dtype, data_format):
    for ci, co in ((3, 2), (17, 16)):
        case = whole(n=2, ci=ci, co=co, s=(2, 1, 2), value_layout=layout, data_format=data_format)
        check_exactly(case._replace(dtype=dtype))


@every_format
@every_dtype
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_filters(layout, dtype, data_format):
    for ci, co in ((3, 2), (17, 16)):
        case = whole(ci=ci, co=co, s=(2, 1, 2), filters_layout=layout, data_format=data_format)
        check_exactly(case._replace(dtype=dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_bias(layout):
    value, filters, shape, strides = arguments()
    bias = np.array([-3, 5], "f4")
    plain = conv3dt.conv3d_transpose(value, filters, shape, strides)
    actual = conv3dt.conv3d_transpose(
        value, filters, shape, strides, bias=cases.relayout(bias, layout)
    )
    np.testing.assert_array_equal(actual, plain + bias)


def test_inputs_that_repeat_in_memory():
    """Steps of zero, as np.broadcast_to makes them."""
    value, filters, shape, strides = arguments()
    value = np.broadcast_to(value[:, :1, :, :1], (1, 2, 3, 4, 3))
    filters = np.broadcast_to(filters[:, :, :1, :, :1], (2, 2, 2, 2, 3))
    actual = conv3dt.conv3d_transpose(value, filters, shape, strides)
    exact = oracle.conv3d_transpose(value, filters, shape, (2, 2, 2))
    np.testing.assert_array_equal(actual, exact)


def test_inputs_stay_as_they_are():
    case = whole(n=2, ci=5, co=17, bias=True, activation="elu")
    arrays = cases.arrays(case)
    before = [array.copy() for array in arrays]
    cases.call(conv3dt.conv3d_transpose, case, *arrays)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_numbers_around_the_inputs_do_not_matter():
    """Inputs in the middle of larger buffers full of NaN."""
    for ci, co in ((1, 1), (3, 5), (17, 16), (16, 33)):
        case = whole(i=(2, 3, 15), ci=ci, co=co, s=(1, 2, 2), bias=True)
        arrays = cases.arrays(case, cases.integers)
        inside = [cases.guarded(array.shape, array.dtype, margin=101)[0] for array in arrays]
        for array, copy in zip(arrays, inside, strict=True):
            copy[...] = array
        actual = cases.call(conv3dt.conv3d_transpose, case, *inside)
        np.testing.assert_array_equal(actual, cases.exact(case, *arrays))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_result_is_native_and_c_contiguous(layout):
    value, filters, shape, strides = arguments()
    value = cases.relayout(value, layout)
    actual = conv3dt.conv3d_transpose(value, filters, shape, strides)
    assert actual.dtype == np.dtype("f4")
    assert actual.dtype.isnative
    assert actual.flags.c_contiguous
    assert actual.flags.writeable
    assert actual.flags.owndata or actual.base is not value


# ---- out -----------------------------------------------------------------------------------------


@every_format
@every_dtype
@pytest.mark.parametrize("margin", [1, 3, 16, 37])
def test_out_is_filled_to_its_edges_and_not_beyond(margin, dtype, data_format):
    """Whatever lies in `out` is overwritten, whatever lies beside it stays."""
    for co, width in ((1, 3), (5, 15), (16, 29), (17, 7), (33, 14)):
        how = {"dtype": dtype, "data_format": data_format}
        case = whole(i=(2, 2, width), ci=2, co=co, k=(2, 2, 2), s=(3, 1, 2), **how)
        value, filters, _ = cases.arrays(case, cases.integers)
        out, buffer = cases.guarded(cases.output_shape(case), dtype, margin)
        result = conv3dt.conv3d_transpose(
            value, filters, out.shape, (3, 1, 2), "SAME", data_format, out=out
        )
        assert result is out
        exact = cases.exact(case, value, filters, None)
        np.testing.assert_array_equal(out, exact.astype(np.float64).astype(dtype))
        outside = np.r_[buffer[:margin], buffer[buffer.size - margin :]]
        assert np.isnan(outside.astype(float)).all()


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty((1, 4, 6, 8, 3), "f4"), ValueError),
        (np.empty((4, 6, 8, 2), "f4"), ValueError),
        (np.empty(384, "f4"), ValueError),
        (np.empty(SHAPE, "f8"), TypeError),
        (np.empty(SHAPE, "f2"), TypeError),
        (np.empty(SHAPE, "i4"), TypeError),
        (np.empty(SHAPE, "f4", order="F"), ValueError),
        (np.empty((1, 4, 6, 8, 4), "f4")[..., ::2], ValueError),
        (np.empty(SHAPE, "f4")[:, ::-1], ValueError),
        (np.broadcast_to(np.float32(0), SHAPE), ValueError),
        (cases.relayout(np.empty(SHAPE, "f4"), "unaligned"), ValueError),
        (np.empty(SHAPE, "f4").tolist(), TypeError),
    ],
)
def test_out_of_the_wrong_shape_dtype_or_layout(out, error):
    with pytest.raises(error, match="out"):
        conv3dt.conv3d_transpose(*arguments(), out=out)


def test_out_that_may_not_be_written():
    out = np.zeros(SHAPE, "f4")
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out"):
        conv3dt.conv3d_transpose(*arguments(), out=out)
    assert not out.any()


def test_out_in_foreign_byte_order():
    with pytest.raises((TypeError, ValueError), match="out"):
        conv3dt.conv3d_transpose(*arguments(), out=np.empty(SHAPE, ">f4"))


@pytest.mark.parametrize("which", ["value", "filters", "bias"])
def test_out_that_overlaps_an_input(which):
    inputs = {"value": arguments()[0], "filters": arguments()[1], "bias": np.ones(2, "f4")}
    array = inputs[which]
    buffer = np.zeros(384 + array.size - 1, "f4")
    inputs[which] = buffer[383:].reshape(array.shape)  # one number in common
    inputs[which][...] = array
    value, filters, bias = inputs.values()
    with pytest.raises(ValueError, match="out"):
        conv3dt.conv3d_transpose(
            value, filters, SHAPE, 2, bias=bias, out=buffer[:384].reshape(SHAPE)
        )
    np.testing.assert_array_equal(inputs[which], array)


def test_out_next_to_an_input_is_fine():
    value, filters, shape, strides = arguments()
    buffer = np.zeros(384 + value.size, "f4")
    out, beside = buffer[:384].reshape(SHAPE), buffer[384:].reshape(value.shape)
    beside[...] = value
    conv3dt.conv3d_transpose(beside, filters, shape, strides, out=out)
    np.testing.assert_array_equal(out, conv3dt.conv3d_transpose(*arguments()))
    np.testing.assert_array_equal(beside, value)


# ---- the same bits, however often and by however many --------------------------------------------


@every_store
@pytest.mark.parametrize(
    "fields",
    [
        {"n": 3, "i": (4, 5, 9), "ci": 9, "co": 17, "s": (2, 2, 2)},
        {"n": 1, "i": (1, 1, 40), "ci": 40, "co": 3, "k": (1, 1, 5)},
        {"n": 1, "i": (2, 2, 2), "ci": 70, "co": 70, "k": (4, 4, 4), "s": (2, 2, 2)},
        {"n": 1, "i": (6, 6, 6), "ci": 8, "co": 16, "k": (2, 2, 2), "s": (2, 2, 2)},
        {"n": 2, "i": (5, 5, 5), "ci": 3, "co": 5, "s": (1, 2, 3), "d": (3, 2, 1)},
        {"n": 1, "i": (9, 16, 16), "ci": 1, "co": 1, "s": (2, 2, 2)},
    ],
    ids=str,
)
def test_bits_do_not_depend_on_threads_or_time(fields, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "bias": True, "activation": "tanh"}
    case = whole(**fields, **how)
    arrays = cases.arrays(case)
    first = cases.call(conv3dt.conv3d_transpose, case, *arrays)
    for threads in (*THREADS, None):
        again = cases.call(conv3dt.conv3d_transpose, case._replace(threads=threads), *arrays)
        assert again.tobytes() == first.tobytes(), f"{threads} threads"
