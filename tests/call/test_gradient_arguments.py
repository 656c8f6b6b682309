"""What the functions of gradients accept and reject, and what they say then."""

import numpy as np
import pytest

import conv3dt

X, W = np.zeros((2, 7, 8, 9, 6), np.float32), np.zeros((3, 4, 5, 6, 8), np.float32)
DY = np.zeros((2, 4, 4, 5, 8), np.float32)
PLAIN = {"out_backprop": DY, "input": X, "filters": W, "strides": 2, "padding": "SAME"}
FILTER = {"input": X, "filter_sizes": W.shape, "out_backprop": DY, "strides": 2, "padding": "SAME"}
AROUND = {**PLAIN, "out_backprop": X, "input": DY}


def check(function, arguments, changes, error, message):
    with pytest.raises(error) as caught:
        function(**{**arguments, **changes})
    assert str(caught.value) == f"{function.__name__}: {message}"


@pytest.mark.parametrize("given", ["filters", {"bias": 1}, ["inputs"], [], None, 3])
@pytest.mark.parametrize("function", [conv3dt.conv3d_backprop, conv3dt.conv3d_transpose_backprop])
def test_wrt(function, given):
    arguments = PLAIN if function is conv3dt.conv3d_backprop else AROUND
    if given == "filters":
        assert function(**arguments, wrt=given).filters.shape == W.shape
        return
    error = TypeError if given is None or isinstance(given, (int, dict)) else ValueError
    message = f"wrt must be one or several of 'input', 'filters' and 'bias'; got {given!r}."
    check(function, arguments, {"wrt": given}, error, message)


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        (
            ValueError,
            "out_backprop must have shape (2, 4, 4, 5, 8), that of the result of conv3d;"
            " got shape (2, 4, 4, 4, 8).",
            {"out_backprop": DY[:, :, :, :4]},
        ),
        (
            ValueError,
            "out_backprop must have shape (2, 4, 4, 5, 8), that of the result of conv3d;"
            " got shape (4, 4, 5, 8).",
            {"out_backprop": DY[0]},
        ),
        (
            ValueError,
            "output must have shape (2, 4, 4, 5, 8), that of out_backprop;"
            " got shape (1, 4, 4, 5, 8).",
            {"output": DY[:1]},
        ),
        (
            TypeError,
            "out_backprop must have the dtype of input, float32; got float64.",
            {"out_backprop": DY.astype("f8")},
        ),
        (
            TypeError,
            "input must have dtype float16, bfloat16, float32 or float64; got int64.",
            {"input": X.astype("i8")},
        ),
        (
            ValueError,
            "input must have as many channels as the fourth dimension of filters, 6; got 5.",
            {"input": X[..., :5]},
        ),
        (
            ValueError,
            "bias must have shape (8,), the output channels of filters; got shape (6,).",
            {"bias": np.zeros(6, "f4")},
        ),
        (ValueError, "groups must be 1 or more; got 0.", {"groups": 0}),
        (TypeError, "groups must be an integer; got 1.5.", {"groups": 1.5}),
        (
            ValueError,
            "groups must divide the last dimension of filters, 8; got 3.",
            {"groups": 3},
        ),
        (ValueError, "strides must be 1, 3 or 5 integers; got (2, 2).", {"strides": (2, 2)}),
        (TypeError, "filters must be an array; got None.", {"filters": None}),
    ],
)
def test_conv3d_backprop(error, message, changes):
    check(conv3dt.conv3d_backprop, PLAIN, changes, error, message)


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        (
            ValueError,
            "out_backprop.shape[1] must be 7 or 8 for depth 4, kernel 3, stride 2, dilation 1,"
            " padding 'SAME'; got 9.",
            {"out_backprop": np.zeros((2, 9, 8, 9, 6), "f4")},
        ),
        (
            ValueError,
            "out_backprop must have shape (2, depth, height, width, 6), with the batch of input"
            " and the output channels of filters; got shape (2, 7, 8, 9, 5).",
            {"out_backprop": X[..., :5]},
        ),
        (
            ValueError,
            "out_backprop must have shape (2, 6, depth, height, width), with the batch of input"
            " and the output channels of filters; got shape (7, 8, 9, 6).",
            {"out_backprop": X[0], "data_format": "NCDHW", "input": np.moveaxis(DY, -1, 1)},
        ),
        (
            ValueError,
            "output must have shape (2, 7, 8, 9, 6), that of out_backprop;"
            " got shape (1, 7, 8, 9, 6).",
            {"output": X[:1]},
        ),
        (
            ValueError,
            "input must have as many channels as the last dimension of filters, 8; got 7.",
            {"input": DY[..., :7]},
        ),
    ],
)
def test_conv3d_transpose_backprop(error, message, changes):
    check(conv3dt.conv3d_transpose_backprop, AROUND, changes, error, message)


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        (
            ValueError,
            "filter_sizes must be 5 integers that are not negative (depth, height, width, input"
            " channels, output channels); got (3, 4, 5, 6).",
            {"filter_sizes": W.shape[:4]},
        ),
        (
            ValueError,
            "filter_sizes must be 5 integers that are not negative (depth, height, width, input"
            " channels, output channels); got (3, 4, 5, 6, -1).",
            {"filter_sizes": [3, 4, 5, 6, -1]},
        ),
        (TypeError, "filter_sizes must be integers; got None.", {"filter_sizes": None}),
        (
            ValueError,
            "filter_sizes[3] times groups must be 6, the channels of input; got 5 times 1.",
            {"filter_sizes": [3, 4, 5, 5, 8]},
        ),
        (
            ValueError,
            "filter_sizes[3] times groups must be 6, the channels of input; got 6 times 2.",
            {"groups": 2},
        ),
        (
            ValueError,
            "out_backprop must have shape (2, 4, 4, 5, 8), that of the result of conv3d;"
            " got shape (2, 4, 4, 4, 8).",
            {"out_backprop": DY[:, :, :, :4]},
        ),
        (
            ValueError,
            "out must have shape (3, 4, 5, 6, 8); got (3, 4, 5, 8, 6).",
            {"out": np.zeros((3, 4, 5, 8, 6), "f4")},
        ),
        (
            ValueError,
            "input must have 5 dimensions or more (batch, depth, height, width, channels);"
            " got shape (7, 8, 9, 6).",
            {"input": X[0]},
        ),
        (
            ValueError,
            "depth of input must be at least 1 with padding 'VALID'; got depth 0, kernel 3,"
            " stride 2, dilation 1.",
            {"input": X[:, :0], "padding": "VALID"},
        ),
    ],
)
def test_conv3d_backprop_filter(error, message, changes):
    check(conv3dt.conv3d_backprop_filter, FILTER, changes, error, message)


def test_strides_of_three_numbers():
    """TensorFlow's operation ends the process on them."""
    x, dy = np.arange(6.0).reshape(1, 1, 1, 6, 1), np.ones((1, 1, 1, 2, 1))
    found = conv3dt.raw_ops.Conv3DBackpropFilterV2(
        input=x, filter_sizes=(1, 1, 1, 1, 1), out_backprop=dy, strides=(1, 1, 3), padding="SAME"
    )
    np.testing.assert_array_equal(found.ravel(), [0 + 3])


def test_out_may_not_share_memory():
    whole = np.zeros(X.size + W.size, "f4")
    x, out = whole[: X.size].reshape(X.shape), whole[: W.size].reshape(W.shape)
    with pytest.raises(ValueError, match="out must not share memory with input; it does"):
        conv3dt.conv3d_backprop_filter(**{**FILTER, "input": x}, out=out)


def test_explained_by_shapes_or_arrays():
    explain = conv3dt.explain_conv3d_backprop_filter
    of_arrays = str(explain(**FILTER, threads=1))
    shapes = {"input": X.shape, "out_backprop": DY.shape}
    assert str(explain(**{**FILTER, **shapes}, threads=1)) == of_arrays
    assert "float64" in str(explain(**{**FILTER, **shapes}, dtype="float64"))
    with pytest.raises(ValueError, match=r"^explain_conv3d_backprop_filter: out_backprop must"):
        explain(**{**FILTER, "out_backprop": (2, 4, 4, 4, 8)})
