"""PyTorch's padding as a call: its results, and what is refused."""

from itertools import product

import numpy as np
import pytest

import conv3dt
from conv3dt.weights import like_torch
from tests.helpers import oracle


def torch_defined(x, weight, s, padding, extra, d):
    """PyTorch's definition on one axis at a time: the full result, cut and lengthened."""
    w = weight.transpose(2, 3, 4, 1, 0)
    k = w.shape[:3]
    i = x.shape[2:]
    axes = [
        (kk, ss, dd, p, (ii - 1) * ss + (kk - 1) * dd + 1 - 2 * p + e)
        for ii, kk, ss, dd, p, e in zip(i, k, s, d, padding, extra, strict=True)
    ]
    return np.moveaxis(oracle.scatter(np.moveaxis(x, 1, 4), w, axes), 4, 1)


OPTIONS = [  # stride, padding, output_padding, dilation
    (s, p, e, d)
    for s, p, e, d in product((1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2))
    if e < max(s, d) and e - p < s
]


@pytest.mark.parametrize(("s", "p", "e", "d"), OPTIONS)
def test_like_torch(s, p, e, d):
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-3, 4, (2, 2, 4, 3, 5)), rng.integers(-3, 4, (2, 3, 3, 4, 5))
    x, weight = x.astype(np.float32), weight.astype(np.float32)
    extra = (e, 0, e)
    call = like_torch(x.shape, weight.shape, s, (p, 1, p), extra, d)
    filters = weight.transpose(2, 3, 4, 1, 0)
    y = conv3dt.conv3d_transpose(x, filters, **call.arguments)[call.crop]
    expected = torch_defined(x, weight, (s,) * 3, (p, 1, p), extra, (d,) * 3)
    np.testing.assert_array_equal(y, expected)


SHAPES = (1, 1, 4, 4, 4), (1, 1, 3, 3, 3)  # of input and weight


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"stride": 2, "output_padding": 2}, "output_padding must be from 0 to 1 for stride 2"),
        ({"dilation": 3, "output_padding": 2}, "output_padding must be from 0 to 0 for stride 1"),
        ({"stride": (1, 2)}, "stride must be 1 or 3 integers"),
        ({"padding": (0, 0, 0, 0)}, "padding must be 1 or 3 integers"),
        ({"stride": 0}, "stride must be at least 1; got 0"),
        ({"stride": (1, 1, -2)}, "stride must be at least 1; got -2"),
        ({"dilation": 0}, "dilation must be at least 1; got 0"),
        ({"dilation": -1}, "dilation must be at least 1; got -1"),
        ({"padding": -1}, "padding must be at least 0; got -1"),
        ({"output_padding": -1}, "output_padding must be at least 0; got -1"),
        ({"padding": 3}, "padding must be from 0 to 2 for depth, whose full result has 6 rows"),
        ({"padding": (0, 0, 4)}, "padding must be from 0 to 2 for width"),
        ({"stride": 2, "padding": 5, "output_padding": 1}, "must be from 0 to 4 for depth"),
    ],
)
def test_illegal_options(options, text):
    with pytest.raises(ValueError, match=text):
        like_torch(*SHAPES, **options)


@pytest.mark.parametrize(
    ("inputs", "weight", "text"),
    [
        ((1, 1, 1, 1, 1), (1, 1, 1, 1), "weight_shape must be 5 integers"),
        ((1, 4, 4, 4), (1, 1, 3, 3, 3), r"input_shape must be 5 integers.*needs one: x\[None\]"),
        ((1, 1, 4, 4, 4, 4), (1, 1, 3, 3, 3), "input_shape must be 5 integers"),
        ((), (1, 1, 3, 3, 3), "input_shape must be 5 integers"),
        ((1, 5, 4, 4, 4), (1, 1, 3, 3, 3), "must have the same in_channels; got 5 and 1"),
        ((1, 4, 4, 4, 4), (2, 1, 3, 3, 3), "must have the same in_channels; got 4 and 2"),
        ((1, 1, 0, 4, 4), (1, 1, 3, 3, 3), "input_shape must have positive sizes"),
        ((-1, 1, 4, 4, 4), (1, 1, 3, 3, 3), "input_shape must have positive sizes"),
        ((1, 1, 4, 4, 4), (1, 0, 3, 3, 3), "weight_shape must have positive sizes"),
        ((1, 1, 4, 4, 4), (1, 1, 3, -3, 3), "weight_shape must have positive sizes"),
    ],
)
def test_illegal_shapes(inputs, weight, text):
    with pytest.raises(ValueError, match=text):
        like_torch(inputs, weight)


@pytest.mark.parametrize("given", ["same", 1.5, None, (1, 1, 2.0)])
def test_what_is_no_integer(given):
    for name in ("stride", "padding", "output_padding", "dilation"):
        with pytest.raises(TypeError, match=f"like_torch: {name} must be"):
            like_torch(*SHAPES, **{name: given})
    with pytest.raises(TypeError, match="input_shape must be"):
        like_torch(given, SHAPES[1])


def test_the_smallest_results():
    """One row is left; a batch may be empty."""
    call = like_torch((0, 1, 1, 1, 1), (1, 1, 3, 3, 3), padding=1)
    assert call.arguments["output_shape"][0] == 0
    assert call.crop[2:] == (slice(1, 2),) * 3
