"""What is said about arguments that mean nothing, or do not fit together."""

import itertools
import re

import numpy as np
import pytest

from tests.helpers import oracle
from tests.helpers.plain_call import CHANNELS_FIRST, SHAPE, call_with, named, rejects, request_with

# ---- single arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["strides", "dilations"])
@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ([2, 2], ValueError, "must be 1, 3 or 5 integers; got (2, 2)."),
        ([], ValueError, "must be 1, 3 or 5 integers; got ()."),
        (np.ones(9, int), ValueError, "must be 1, 3 or 5 integers; got (1, 1, 1, 1, 1, 1, ...)."),
        (range(10**12), ValueError, "must be 1, 3 or 5 integers"),
        (0, ValueError, "must be from 1 to 2147483647; got (0,)."),
        ((1, -2, 1), ValueError, "must be from 1 to 2147483647; got (1, -2, 1)."),
        (2**31, ValueError, "must be from 1 to 2147483647"),
        (2**64, ValueError, "must be from 1 to 2147483647"),
        (10**5000, ValueError, "must be from 1 to 2147483647"),
        ((2, 2, 2, 2, 1), ValueError, "[4], for batch and channels of NDHWC, must be 1; got (2,"),
        ((1, 2, 2, 2, 2), ValueError, "[4], for batch and channels of NDHWC, must be 1; got (1,"),
        ([[1, 2, 2]], ValueError, "must be flat"),
        (np.ones((1, 3), int), ValueError, "must be flat; got an array of 2 dimensions."),
        (2.0, TypeError, "must be integers; got 2.0."),
        (2.5, TypeError, "must be integers; got 2.5."),
        ((2, 2.0, 2), TypeError, "must be integers; got (2, 2.0, 2)."),
        (np.float32(2), TypeError, "must be integers; got "),
        (np.array([2.0, 2.0, 2.0]), TypeError, "must be integers; got [2.0, 2.0, 2.0]."),
        ("2", TypeError, "must be integers; got '2'."),
        (["2"], TypeError, "must be integers; got ['2']."),
        (b"\2\2\2", TypeError, "must be integers"),
        ([None], TypeError, "must be integers; got [None]."),
        ((x for x in (2, 2, 2)), TypeError, "must be integers; got <generator"),
        (1j, TypeError, "must be integers; got 1j."),
    ],
    ids=named,
)
def test_wrong_strides_and_dilations(name, given, error, text):
    rejects(error, f"{name}", text, **{name: given})


def test_strides_in_the_order_of_the_other_format():
    rejects(
        ValueError,
        "strides[0] and strides[1], for batch and channels of NCDHW, must be 1",
        **CHANNELS_FIRST | {"strides": [1, 2, 2, 2, 1]},
    )


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (
            [6, 8, 6],
            ValueError,
            "5 integers (batch, depth, height, width, channels); got (6, 8, 6).",
        ),
        ([2, 6, 8, 10], ValueError, "must be 5 integers"),
        ([2, 6, 8, 10, 7, 1], ValueError, "must be 5 integers"),
        ([], ValueError, "must be 5 integers"),
        (6, ValueError, "must be 5 integers"),
        (np.array(6), ValueError, "must be 5 integers"),
        (np.array(6.0), ValueError, "must be 5 integers"),
        (np.array([SHAPE]), ValueError, "must be flat; got an array of 2 dimensions."),
        (np.array([SHAPE], float), ValueError, "must be flat; got an array of 2 dimensions."),
        ([SHAPE], ValueError, "must be flat; got [[2, 6, 8, 10, 7]]."),
        ([-2, 6, 8, 10, 7], ValueError, "[0] must be 2, the batch of input, or -1; got -2."),
        ([3, 6, 8, 10, 7], ValueError, "[0] must be 2, the batch of input, or -1; got 3."),
        ([2, -1, 8, 10, 7], ValueError, "[1] must be 5 or 6 for depth 3"),
        ([2, 6, 8, 0, 7], ValueError, "[3] must be 9 or 10 for width 5"),
        ([2, 6, 8, 10, -1], ValueError, "[4] must be 7, the output channels of filters"),
        ([2, 6, 8, 10, 14], ValueError, "[4] must be 7, the output channels of filters"),
        ([2, 2**63, 8, 10, 7], ValueError, "got 9223372036854775808."),
        ([2**64, 6, 8, 10, 7], ValueError, "got 18446744073709551616."),
        ([2, 10**5000, 8, 10, 7], ValueError, "[1] must be 5 or 6"),
        (np.array([2, 1e300, 8, 10, 7]), ValueError, "[1] must be 5 or 6"),
        (np.array([2, 6.5, 8, 10, 7]), TypeError, "must be integers; got [2.0, 6.5, 8.0"),
        (np.array([2, np.nan, 8, 10, 7]), TypeError, "must be integers"),
        (np.array([2, np.inf, 8, 10, 7]), TypeError, "must be integers"),
        ([2.0, 6, 8, 10, 7], TypeError, "must be integers; got [2.0, 6, 8, 10, 7]."),
        ([2, None, 8, 10, 7], TypeError, "must be integers; got [2, None, 8, 10, 7]."),
        (None, TypeError, "must be integers; got None."),
        ("ab", TypeError, "must be integers; got 'ab'."),
        (["2", "6", "8", "10", "7"], TypeError, "must be integers"),
    ],
    ids=named,
)
def test_wrong_output_shapes(given, error, text):
    rejects(error, "output_shape", text, output_shape=given)


@pytest.mark.parametrize("given", ["same", "", "FULL", "EXPLICIT", b"same"])
def test_wrong_padding(given):
    rejects(ValueError, "padding must be 'SAME' or 'VALID'; got", padding=given)


@pytest.mark.parametrize("given", ["NHWC", "ndhwc", "", "NCHW"])
def test_wrong_data_format(given):
    rejects(ValueError, "data_format must be 'NDHWC' or 'NCDHW'; got", data_format=given)


@pytest.mark.parametrize("given", ["softmax", "ReLU", ""])
def test_wrong_activation(given):
    rejects(ValueError, "activation must be 'linear', 'relu', 'relu6', ", activation=given)


@pytest.mark.parametrize("name", ["padding", "data_format", "activation"])
@pytest.mark.parametrize("given", [1, ["SAME"], [[0, 0]], len, object(), np.zeros(3)])
def test_what_is_no_name(name, given):
    rejects(TypeError, f"{name} must be '", name, **{name: given})


def test_padding_is_required_and_data_format_is_no_bytes():
    rejects(TypeError, "padding must be 'SAME' or 'VALID'; got None.", padding=None)
    rejects(
        TypeError, "data_format must be 'NDHWC' or 'NCDHW'; got b'NDHWC'.", data_format=b"NDHWC"
    )


# ---- lengths -------------------------------------------------------------------------------------


def test_message_states_the_legal_lengths():
    message = (
        "conv3d_transpose: output_shape[1] must be 5 or 6 for depth 3, kernel 3, stride 2,"
        " dilation 1, padding 'SAME'; got 7."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        call_with(output_shape=[2, 7, 8, 10, 7])


def test_message_names_the_axis_in_the_order_of_data_format():
    wrong = [2, 7, 6, 9, 10]
    rejects(
        ValueError,
        "output_shape[3] must be 7 or 8 for height 4",
        **CHANNELS_FIRST | {"output_shape": wrong},
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("i", range(4))
def test_lengths_are_those_of_the_definition(i, padding):
    value = np.zeros((1, i, 1, 1, 1), np.float32)
    for k, s, d in itertools.product(range(4), range(1, 4), range(1, 3)):
        filters = np.zeros((k, 1, 1, 1, 1), np.float32)
        arguments = {
            "value": value,
            "filters": filters,
            "strides": (s, 1, 1),
            "dilations": (d, 1, 1),
            "padding": padding,
        }
        legal = oracle.legal_lengths(i, k, s, d, padding)
        for o in range(-1, 12):
            if o in legal:
                p = oracle.front_crop(i, k, s, d, o, padding) if i and k else None
                r = request_with(**arguments, output_shape=[1, o, 1, 1, 1])
                assert p in (r.p[0], None)
                continue
            words = [f"; got {o}.", f"depth {i}, kernel {k}, stride {s}, dilation {d}"]
            words.append("no output_shape[1] is legal" if not legal else str(legal[-1]))
            rejects(ValueError, *words, **arguments, output_shape=[1, o, 1, 1, 1])


@pytest.mark.parametrize(
    ("s", "text"), [(1, "must be 3 for"), (2, "must be 5 or 6 for"), (3, "must be from 7 to 9 for")]
)
def test_words_for_ranges(s, text):
    rejects(ValueError, text, strides=(s, 2, 2), output_shape=[2, 1, 8, 10, 7])


def test_empty_dimensions_are_legal():
    for n, i, ci, co, k in itertools.product((0, 1), repeat=5):
        r = request_with(
            value=np.zeros((n, i, 1, 1, ci), np.float32),
            filters=np.zeros((k, 1, 1, co, ci), np.float32),
            output_shape=[n, i, 1, 1, co],
            strides=1,
        )
        assert (r.n, r.i[0], r.ci, r.co, r.k[0]) == (n, i, ci, co, k)


# ---- shapes --------------------------------------------------------------------------------------


def test_ranks():
    rejects(
        ValueError,
        "input must have 5 dimensions (batch, depth, height, width, channels); got shape (3, 4).",
        value=np.zeros((3, 4), np.float32),
    )
    rejects(
        ValueError,
        "input must have 5 dimensions (batch, channels, depth, height, width); got shape ().",
        value=np.float32(3),
        data_format="NCDHW",
    )
    rejects(
        ValueError,
        "filters must have 5 dimensions (depth, height, width, output channels, input channels);",
        filters=np.zeros((3, 3, 3, 6), np.float32),
    )


def test_channels():
    rejects(
        ValueError,
        "input must have as many channels as the last dimension of filters, 6; got 5.",
        value=np.zeros((2, 3, 4, 5, 5), np.float32),
    )
    rejects(
        ValueError,
        "output_shape[1] must be 7, the output channels of filters (their fourth dimension);",
        **CHANNELS_FIRST | {"output_shape": [2, 3, 6, 8, 10]},
    )


def test_bias_shape():
    assert request_with(bias=np.zeros(7, np.float32)).bias
    for shape in [(), (6,), (1, 7), (1,)]:
        rejects(ValueError, "bias must have shape (7,)", bias=np.zeros(shape, np.float32))


def test_results_beyond_64_bits():
    value = np.broadcast_to(np.float32(0), (2**20, 2**20, 2**20, 1, 1))
    filters = np.zeros((1, 1, 1, 1, 1), np.float32)
    shape = [2**20, 2**20, 2**20, 4, 1]
    assert request_with(value=value, filters=filters, output_shape=[*shape[:3], 1, 1], strides=1)
    arguments = {"value": value, "filters": filters, "output_shape": shape, "strides": (1, 1, 4)}
    rejects(ValueError, "output must have at most 9223372036854775807 bytes", **arguments)
    long = np.broadcast_to(np.float32(0), (1, 2**40, 1, 1, 1))
    arguments = {"value": long, "filters": filters, "strides": (2**31 - 1, 1, 1)}
    rejects(
        ValueError, "at most 4611686018427387904 rows", **arguments, output_shape=[1, 1, 1, 1, 1]
    )
