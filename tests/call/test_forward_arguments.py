"""What conv3d accepts and rejects, and what it says then; what is common is tested elsewhere."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_forward_call

VALUE = np.zeros((2, 7, 8, 9, 6), np.float32)
FILTERS = np.zeros((3, 4, 5, 6, 7), np.float32)
PLAIN = {
    "value": VALUE,
    "filters": FILTERS,
    "strides": [1, 2, 2, 2, 1],
    "padding": "SAME",
    "data_format": "NDHWC",
    "dilations": None,
}


def call_with(**changes):
    return as_forward_call("conv3d", **{**PLAIN, **changes})


def test_plain_call():
    call = call_with()
    r = call.request
    assert (r.n, r.ci, r.co, r.forward, r.function) == (2, 6, 7, True, "conv3d")
    assert (r.i, r.k, r.o, r.s, r.d) == ((7, 8, 9), (3, 4, 5), (4, 4, 5), (2, 2, 2), (1, 1, 1))
    assert r.p == (1, 1, 2)
    assert call.value is VALUE
    assert call.filters.shape == (3, 4, 5, 7, 6)
    assert np.shares_memory(call.filters, FILTERS)
    assert call.shape == r.output_shape == (2, 4, 4, 5, 7)


def test_spellings_make_the_same_request():
    expected = call_with().request
    for strides in (2, (2,), [2, 2, 2], np.array([1, 2, 2, 2, 1]), np.int64(2)):
        assert call_with(strides=strides).request == expected
    for dilations in (1, [1], (1, 1, 1), [1] * 5):
        assert call_with(dilations=dilations).request == expected
    assert call_with(padding=b"SAME", data_format=None).request == expected


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        (TypeError, "strides must be integers; got None.", {"strides": None}),
        (TypeError, "strides must be integers; got [2.5]", {"strides": [2.5]}),
        (ValueError, "strides must be 1, 3 or 5 integers; got (2, 2).", {"strides": [2, 2]}),
        (ValueError, "strides must be from 1 to 2147483647; got (0,).", {"strides": 0}),
        (
            ValueError,
            "strides[0] and strides[4], for batch and channels of NDHWC, must be 1;"
            " got (1, 1, 2, 2, 2).",
            {"strides": [1, 1, 2, 2, 2]},
        ),
        (ValueError, "dilations must be from 1 to 2147483647; got (-1,).", {"dilations": -1}),
        (TypeError, "padding must be 'SAME' or 'VALID'; got None.", {"padding": None}),
        (ValueError, "padding must be 'SAME' or 'VALID'; got 'EXPLICIT'.", {"padding": "EXPLICIT"}),
        (
            ValueError,
            "data_format must be 'NDHWC' or 'NCDHW'; got 'NHWC'.",
            {"data_format": "NHWC"},
        ),
        (
            ValueError,
            "input must have 5 dimensions or more (batch, depth, height, width, channels);"
            " got shape (7, 8, 9, 6).",
            {"value": VALUE[0]},
        ),
        (
            ValueError,
            "filters must have 5 dimensions (depth, height, width, input channels, output"
            " channels); got shape (4, 5, 6, 7).",
            {"filters": FILTERS[0]},
        ),
        (
            ValueError,
            "input must have as many channels as the fourth dimension of filters, 5; got 6.",
            {"filters": FILTERS[:, :, :, :5]},
        ),
        (
            ValueError,
            "bias must have shape (7,), the output channels of filters; got shape (6,).",
            {"bias": np.zeros(6, np.float32)},
        ),
        (
            ValueError,
            "width of input must be at least 11 with padding 'VALID'; got width 9, kernel 5,"
            " stride 2, dilation 3.",
            {"padding": "VALID", "dilations": (1, 1, 3)},
        ),
        (
            ValueError,
            "input and kernel must have at most 4611686018427387904 rows together; got depth 7,",
            {"filters": np.broadcast_to(np.float32(0), (2**33, 1, 1, 6, 0)), "dilations": 2**30},
        ),
        (TypeError, "filters must have the dtype of input", {"filters": FILTERS.astype("f8")}),
        (ValueError, "threads must be from 1 to", {"threads": 0}),
        (
            ValueError,
            "out must have shape (2, 4, 4, 5, 7); got (2, 4, 4, 5, 6).",
            {"out": np.zeros((2, 4, 4, 5, 6), "f4")},
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_rejected(error, message, changes):
    with pytest.raises(error) as caught:
        call_with(**changes)
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"conv3d: {message}")


def test_out_may_not_be_the_input():
    with pytest.raises(ValueError, match=r"^conv3d: out must not share memory with input"):
        call_with(filters=np.zeros((1, 1, 1, 6, 6), "f4"), strides=1, out=VALUE)


def test_an_input_that_is_less_than_a_stride_too_short_gives_an_empty_result():
    assert call_with(padding="VALID", dilations=(1, 2, 2)).request.o == (3, 1, 1)
    assert call_with(padding="VALID", dilations=(4, 1, 1)).request.o[0] == 0


def test_input_channels_of_ncdhw_are_the_second_dimension():
    first = np.zeros((2, 6, 7, 8, 9), np.float32)
    r = call_with(value=first, data_format="NCDHW", strides=2).request
    assert (r.output_shape, r.i, r.ci) == ((2, 7, 4, 4, 5), (7, 8, 9), 6)
    r = call_with(value=first, data_format="NCDHW", strides=[1, 1, 2, 1, 3]).request
    assert r.s == (2, 1, 3)
    with pytest.raises(ValueError, match=r"strides\[0\] and strides\[1\]"):
        call_with(value=first, data_format="NCDHW", strides=[1, 2, 2, 2, 1])


def test_v1_names():
    v1 = conv3dt.compat.v1.nn.conv3d
    expected = v1(VALUE, FILTERS, 2, "SAME").shape
    assert v1(VALUE, filters=FILTERS, strides=2, padding="SAME").shape == expected
    with pytest.raises(ValueError, match=r"^conv3d: Cannot specify both 'filter' and 'filters'\.$"):
        v1(VALUE, FILTERS, 2, "SAME", filters=FILTERS)
    with pytest.raises(
        TypeError, match=r"^conv3d: missing required arguments: 'filter', 'strides', 'padding'\.$"
    ):
        v1(VALUE)


# ---- explain_conv3d ------------------------------------------------------------------------------


def test_explain_conv3d_takes_arrays_or_shapes():
    plan = conv3dt.explain_conv3d(VALUE, FILTERS, 2, "SAME", threads=1)
    assert plan.request == call_with().request
    assert conv3dt.explain_conv3d(VALUE.shape, FILTERS.shape, 2, "SAME").request == plan.request
    several = conv3dt.explain_conv3d((3, *VALUE.shape), FILTERS.shape, 2, "SAME", dtype="float64")
    assert (several.request.n, several.request.dtype) == (6, "float64")
    with pytest.raises(ValueError, match=r"^explain_conv3d: strides must be"):
        conv3dt.explain_conv3d(VALUE.shape, FILTERS.shape, 0, "SAME")


def test_explain_conv3d_prints_itself():
    text = str(conv3dt.explain_conv3d((1, 7, 8, 9, 6), (3, 4, 5, 6, 7), 2, "SAME", threads=1))
    assert text.startswith("conv3d float32 NDHWC: batch 1, 7x8x9 x 6 channels -> 4x4x5 x 7\n")
    assert "depth    7 -> 4: kernel 3, stride 2, dilation 1, padded 1 in front and 1 behind" in text
    assert "width    9 -> 5: kernel 5, stride 2, dilation 1, padded 2 in front and 2 behind" in text
    assert "1 phase of 5 taps" in text


def test_flops_count_products_inside_the_input():
    plan = conv3dt.explain_conv3d((1, 1, 1, 5, 5), (1, 1, 3, 5, 7), (1, 1, 2), "SAME")
    assert plan.flops == 2 * 5 * 7 * (2 + 3 + 2)
    one = conv3dt.explain_conv3d((1, 1, 1, 5, 5), (1, 1, 1, 5, 7), (1, 1, 2), "SAME")
    assert one.flops == 2 * 5 * 7 * 3
