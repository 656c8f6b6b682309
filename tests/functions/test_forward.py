"""Whole calls of the forward convolution whose answers are exact: small integers, empty arrays."""

import itertools

import numpy as np
import pytest

import conv3dt
import conv3dt.compat.v1.nn
import conv3dt.nn
from tests.helpers import cases, oracle
from tests.helpers.checks import (
    THREADS,
    check_exactly,
    compute,
    every_format,
    every_padding,
    every_store,
    whole_forward,
)

FUNCTIONS = {
    "conv3dt": conv3dt.conv3d,
    "nn": conv3dt.nn.conv3d,
    "compat.v1.nn": conv3dt.compat.v1.nn.conv3d,
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)

ROW, TAPS = [1, 2, 4, 8, 16, 32], [1, 100, 10000]
WINDOWS = [  # padding, stride, dilation, answer: the window of row and taps written as digits
    ("VALID", 1, 1, [40201, 80402, 160804, 321608]),
    ("VALID", 2, 1, [40201, 160804]),
    ("VALID", 1, 2, [160401, 320802]),
    ("VALID", 3, 2, [160401]),
    ("SAME", 1, 1, [20100, 40201, 80402, 160804, 321608, 3216]),
    ("SAME", 2, 1, [40201, 160804, 3216]),
    ("SAME", 4, 1, [40201, 3216]),
    ("SAME", 3, 2, [80200, 1604]),
]


@every_function
@every_format
@pytest.mark.parametrize(("padding", "s", "d", "answer"), WINDOWS)
def test_windows_of_one_row(padding, s, d, answer, data_format, function):
    """The row in the place of depth, height and width in turn."""
    for place in range(3):
        n, k, strides, dilations = np.ones((4, 3), int).tolist()
        n[place], k[place], strides[place], dilations[place] = len(ROW), len(TAPS), s, d
        value = np.array(ROW, "f8").reshape(cases.tensor_shape(1, n, 1, data_format))
        filters = np.array(TAPS, "f8").reshape(*k, 1, 1)
        actual = function(value, filters, strides, padding, data_format, dilations)
        made = [1, 1, 1]
        made[place] = len(answer)
        assert actual.shape == cases.tensor_shape(1, made, 1, data_format)
        np.testing.assert_array_equal(actual.ravel(), answer)


@pytest.mark.parametrize("case_s", [(1, 1, 1), (2, 1, 3)])
@every_padding
def test_is_the_adjoint_of_conv3d_transpose(case_s, padding):
    case = whole_forward(i=(5, 7, 8), ci=4, co=3, s=case_s, padding=padding, dtype="float64")
    x, filters, _ = cases.arrays(case, cases.integers)
    forward = conv3dt.conv3d(x, filters, case_s, padding)
    y = cases.integers(np.random.default_rng(1), forward.shape, "float64")
    back = conv3dt.conv3d_transpose(y, filters, x.shape, case_s, padding)
    assert np.sum(forward * y) == np.sum(x * back)


# ---- around the tiles ----------------------------------------------------------------------------


AROUND_VECTORS = [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65]


@every_store
@pytest.mark.parametrize("co", AROUND_VECTORS)
def test_output_channels_around_whole_vectors(co, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "bias": True, "out": True}
    check_exactly(whole_forward(i=(2, 3, 9), ci=3, co=co, k=(2, 3, 3), s=(1, 1, 2), **how))


@every_store
@pytest.mark.parametrize("ci", [*AROUND_VECTORS, 127, 128, 129, 200])
def test_input_channels_around_whole_vectors_and_chunks(ci, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "out": True}
    check_exactly(whole_forward(i=(2, 2, 9), ci=ci, co=9, k=(2, 3, 3), s=(1, 2, 2), **how))


@every_store
@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3, 6, 7, 13, 14, 15, 27, 28, 29])
def test_widths_around_whole_tiles(width, s, dtype, data_format):
    how = {"dtype": dtype, "data_format": data_format, "out": True}
    for number, spare in enumerate(range(s)):
        co = (17, 1, 33)[(width + number) % 3]
        check_exactly(whole_forward(i=(1, 2, width * s - spare), ci=2, co=co, s=(1, 1, s), **how))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("s", [(1, 1, 1), (2, 2, 2), (1, 3, 2)])
@pytest.mark.parametrize("extents", [(2, 58, 2), (58, 2, 2), (2, 30, 6), (9, 9, 5), (6, 28, 4)])
def test_rows_along_other_axes_than_width(extents, s, dtype):
    check_exactly(whole_forward(n=2, i=extents, ci=3, co=17, s=s, out=True, dtype=dtype))


@pytest.mark.parametrize("s", [(1, 1, 1), (2, 2, 2)])
def test_rows_along_the_batch(s):
    check_exactly(whole_forward(n=30, i=(2, 2, 2), ci=3, co=17, s=s, out=True))


@pytest.mark.parametrize("s", [(1, 1, 1), (2, 2, 2), (2, 1, 3)])
@every_format
def test_many_blocks_and_tasks(s, data_format):
    """Large enough for several blocks along every axis, whose borders windows straddle."""
    check_exactly(whole_forward(i=(34, 33, 70), ci=33, co=40, s=s, data_format=data_format))


@every_padding
@every_store
@pytest.mark.parametrize(("k", "s"), list(itertools.product(range(1, 6), range(1, 5))))
def test_every_kernel_with_every_stride_and_dilation(k, s, dtype, data_format, padding):
    """Dilations 1 to 3 and every remainder of the length, on all axes at once."""
    both = list(itertools.product((1, 2, 3), range(s)))
    for d, more in both if (dtype, data_format) == ("float32", "NDHWC") else both[k % 4 :: 4]:
        i = [(k - 1) * d + 1 + more + spare for spare in (0, 1, 2 * s)]
        case = whole_forward(i=i, k=(k,) * 3, s=(s,) * 3, d=(d,) * 3, padding=padding)
        check_exactly(case._replace(dtype=dtype, data_format=data_format))


@every_padding
@pytest.mark.parametrize("s", [*itertools.permutations((1, 2, 4))])
@pytest.mark.parametrize("d", [*itertools.permutations((1, 2, 3))])
def test_every_axis_has_its_own_stride_and_dilation(s, d, padding):
    check_exactly(whole_forward(i=(9, 11, 12), k=(3, 2, 4), s=s, d=d, padding=padding))


@every_format
@pytest.mark.parametrize("s", [(1, 1, 1), (1, 2, 3)])
def test_any_number_of_threads_gives_the_same_bits(s, data_format):
    case = whole_forward(i=(13, 20, 31), ci=17, co=33, s=s, data_format=data_format)
    arrays = cases.arrays(case)
    first = compute(case, *arrays)
    for threads in THREADS:
        np.testing.assert_array_equal(compute(case._replace(threads=threads), *arrays), first)


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
        {"i": (1, 3, 4)},  # VALID: shorter than the kernel by less than the stride
        {"i": (1, 1, 1), "k": (2, 2, 2), "d": (2, 2, 2)},
    ],
    ids=str,
)
@pytest.mark.parametrize(("bias", "activation"), [(False, None), (True, "sigmoid")])
def test_empty_dimensions(empty, bias, activation, dtype, data_format, padding):
    """What no product reaches is the activation of the bias."""
    how = {"dtype": dtype, "data_format": data_format, "activation": activation}
    case = whole_forward(**empty, s=(2, 2, 2), padding=padding, bias=bias, out=bias, **how)
    arrays = cases.arrays(case)
    expected, magnitude = cases.expected(case, *arrays)
    oracle.assert_close(compute(case, *arrays), expected, magnitude, dtype, activation=activation)


# ---- several batch dimensions --------------------------------------------------------------------


@every_function
@every_format
def test_batches_of_batches(data_format, function):
    case = whole_forward(n=12, s=(1, 2, 1), data_format=data_format)
    value, filters, _ = cases.arrays(case, cases.integers)
    flat = function(value, filters, (1, 2, 1), "SAME", data_format)
    for batches in ((3, 4), (2, 3, 2), (1, 12)):
        several = value.reshape(*batches, *value.shape[1:])
        actual = function(several, filters, (1, 2, 1), "SAME", data_format)
        np.testing.assert_array_equal(actual, flat.reshape(*batches, *flat.shape[1:]))
        swapped = several.swapaxes(0, 1)  # its batch is no single dimension in memory
        expected = actual.swapaxes(0, 1)
        actual = function(swapped, filters, (1, 2, 1), "SAME", data_format)
        np.testing.assert_array_equal(actual, expected)


def test_batches_of_batches_into_out():
    value, filters = np.ones((2, 3, 4, 4, 4, 2), "f4"), np.ones((1, 1, 1, 2, 5), "f4")
    out = np.full((2, 3, 2, 2, 2, 5), np.nan, "f4")
    assert conv3dt.conv3d(value, filters, 2, "SAME", out=out) is out
    assert (out == 2).all()
    assert conv3dt.conv3d(value[:0], filters, 2, "SAME").shape == (0, 3, 2, 2, 2, 5)
    with pytest.raises(ValueError, match=r"^conv3d: out must have shape \(2, 3, 2, 2, 2, 5\); got"):
        conv3dt.conv3d(value, filters, 2, "SAME", out=out.reshape(6, 2, 2, 2, 5))
