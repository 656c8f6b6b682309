"""Inputs are read where they lie, and nothing beside them is; others are packed."""

import numpy as np
import pytest

import conv3dt
from tests.helpers import oracle
from tests.helpers.layers import integers

DIRECT = {
    "kernel 1": ((2, 3, 4, 29, 40), (1, 1, 1, 24, 40), 1, 1),
    "kernel 2, stride 2": ((1, 3, 4, 15, 33), (2, 2, 2, 17, 33), 2, 1),
    "stride 3 beyond the kernel": ((1, 2, 3, 5, 200), (2, 2, 2, 19, 200), 3, 1),
    "taps along depth and height": ((1, 4, 5, 16, 8), (3, 3, 1, 16, 8), 1, 1),
    "rows in height": ((1, 2, 8, 3, 16), (2, 2, 2, 16, 16), 2, 1),
    "rows in the batch": ((9, 1, 1, 1, 16), (3, 3, 3, 16, 16), 1, 1),
    "kernel 3": ((1, 3, 4, 17, 40), (3, 3, 3, 33, 40), 1, 1),
    "kernel 4, stride 2": ((1, 3, 4, 13, 16), (4, 4, 4, 16, 16), 2, 1),
    "kernel 5, stride 3": ((1, 2, 3, 31, 8), (5, 5, 5, 16, 8), 3, 1),
    "dilation 3": ((1, 3, 4, 33, 24), (3, 3, 3, 17, 24), 1, 3),
    "dilation as long as the row": ((1, 2, 2, 12, 16), (2, 2, 3, 48, 16), 1, 11),
    "stride 2, dilation 3": ((1, 2, 3, 20, 16), (3, 3, 3, 16, 16), 2, 3),
    "long rows of few channels": ((1, 2, 3, 130, 2), (3, 3, 3, 16, 2), 1, 1),
}


def between_nans(x):
    """Return a contiguous copy of x with NaN before and behind it."""
    memory = np.full(x.size + 4000, np.nan, x.dtype)
    copy = memory[2000 : 2000 + x.size].reshape(x.shape)
    copy[...] = x
    return copy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", DIRECT)
def test_inputs_are_read_where_they_lie(layer, dtype):
    x_shape, w_shape, s, d = DIRECT[layer]
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    x, w = integers(x_shape, dtype), integers(w_shape, dtype, 1)
    assert conv3dt.explain(x, w, output, s, dilations=d).scheme.direct
    wanted = oracle.conv3d_transpose(x, w, output, (s,) * 3, "SAME", dilations=(d,) * 3)
    padded = np.full((*x_shape[:4], x_shape[4] + 3), np.nan, dtype)
    elsewhere = padded[..., 1 : x_shape[4] + 1]
    elsewhere[...] = x
    for value in (between_nans(x), elsewhere, x.astype(f">f{x.itemsize}")):
        y = conv3dt.conv3d_transpose(value, w, output, s, dilations=d)
        np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize(("k", "s", "d"), [(3, 1, 1), (3, 2, 1), (2, 3, 1), (5, 2, 1), (3, 2, 3)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_forward_inputs_are_read_where_they_lie(k, s, d, padding):
    x, w = integers((1, 13, 14, 37, 8)), integers((k, k, k, 8, 16), seed=1)
    assert conv3dt.explain_conv3d(x, w, s, padding, dilations=d).scheme.direct
    y = conv3dt.conv3d(between_nans(x), w, s, padding, dilations=d)
    wanted = oracle.conv3d(x, w, y.shape, (s,) * 3, padding, dilations=(d,) * 3)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.usefixtures("direct")
def test_inputs_that_are_not_as_tiles_need_them_are_packed():
    w, output = (3, 3, 3, 16, 16), [1, 8, 8, 32, 16]
    assert conv3dt.explain((1, 4, 4, 16, 16), w, output, 2).scheme.direct
    assert not conv3dt.explain((1, 4, 4, 16, 16), w, output, 2, dtype="float16").scheme.direct
    ncdhw = (1, 16, 4, 4, 16), w, [1, 16, 8, 8, 32]
    assert not conv3dt.explain(*ncdhw, 2, data_format="NCDHW").scheme.direct
    # Rows in height need zeros above; more taps than a tile has loops for need them beside it.
    assert not conv3dt.explain((1, 8, 8, 2, 16), w, [1, 8, 8, 2, 16], 1).scheme.direct
    assert not conv3dt.explain(
        (1, 4, 4, 40, 16), (1, 1, 41, 16, 16), [1, 4, 4, 40, 16], 1
    ).scheme.direct
    # A batch of images whose rows share cache lines.
    assert not conv3dt.explain(
        (8, 4, 4, 4, 64), (4, 4, 4, 64, 64), [8, 8, 8, 8, 64], 2
    ).scheme.direct
    # Two taps that read every second input read one run of them; a single tap leaves the rest out.
    shapes = (1, 4, 4, 16, 16), (1, 1, 2, 16, 16)
    assert not conv3dt.explain_conv3d(*shapes, 2, "VALID", dilations=2).scheme.direct
    assert conv3dt.explain_conv3d((1, 4, 4, 16, 16), (1, 1, 1, 16, 16), 2, "SAME").scheme.direct
