"""Which spellings of a call mean the same."""

from types import SimpleNamespace

import numpy as np
import pytest

from conv3dt._call.arguments import as_shaped_call, as_threads
from conv3dt._runtime import team
from tests.helpers.activation_formulas import FORMULAS
from tests.helpers.plain_call import (
    CHANNELS_FIRST,
    FILTERS,
    SHAPE,
    VALUE,
    call_with,
    named,
    rejects,
    request_with,
)


def test_plain_call():
    call = call_with()
    r = call.request
    assert (r.n, r.ci, r.co) == (2, 6, 7)
    assert (r.i, r.k, r.o) == ((3, 4, 5), (3, 3, 3), (6, 8, 10))
    assert (r.s, r.d, r.p) == ((2, 2, 2), (1, 1, 1), (0, 0, 0))
    assert (r.data_format, r.dtype, r.bias, r.activation) == ("NDHWC", "float32", False, "linear")
    assert r.function == "conv3d_transpose"
    assert call.value is VALUE
    assert call.filters is FILTERS
    assert (call.bias, call.out, call.threads) == (None, None, team.available())
    assert r.output_shape == tuple(SHAPE)


def test_channels_first():
    assert request_with(**CHANNELS_FIRST) == request_with()._replace(data_format="NCDHW")
    assert request_with(**CHANNELS_FIRST).output_shape == (2, 7, 6, 8, 10)
    assert request_with(**CHANNELS_FIRST | {"strides": [1, 1, 2, 2, 2]}).s == (2, 2, 2)


def test_equal_requests_are_one_key():
    assert hash(request_with(strides=2)) == hash(request_with(strides=np.array([2, 2, 2])))
    assert request_with(strides=(2,)) is request_with(strides=[2])


class Two:
    def __index__(self):
        return 2


class Sized(SimpleNamespace):
    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)


@pytest.mark.parametrize(
    "strides",
    [
        2,
        [2],
        (2, 2, 2),
        [1, 2, 2, 2, 1],
        np.int64(2),
        np.uint8(2),
        np.array(2),
        np.array([2]),
        np.array([2, 2, 2], np.int8),
        (1, np.int32(2), 2, Two(), True),
        Two(),
        {2},
        {2: None},
        range(2, 3),
        Sized(items=[2, 2, 2]),
    ],
    ids=named,
)
def test_spellings_of_strides_and_dilations(strides):
    assert request_with(strides=strides) == request_with()
    given = {"strides": 1, "output_shape": [2, 3, 4, 5, 7]}
    assert request_with(**given, dilations=strides).d == (2, 2, 2)


def test_integers_become_pythons_own():
    r = request_with(strides=(True, np.int64(2), Two(), 2, 1), dilations=True)
    assert {type(number) for number in (*r.s, *r.d, *r.o)} == {int}


def test_none_is_one():
    r = request_with(strides=None, dilations=None, output_shape=[2, 3, 4, 5, 7])
    assert r.s == r.d == (1, 1, 1)


def test_strides_and_dilations_differ_by_axis():
    r = request_with(strides=(2, 3, 1), dilations=(1, 2, 4), output_shape=[-1, 5, 10, 5, 7])
    assert (r.s, r.d, r.p) == ((2, 3, 1), (1, 2, 4), (1, 2, 4))


@pytest.mark.parametrize(
    "output_shape",
    [
        tuple(SHAPE),
        [-1, *SHAPE[1:]],
        np.array(SHAPE),
        np.array(SHAPE, np.uint8),
        np.array(SHAPE, np.float64),
        np.array(SHAPE, np.float16),
        [np.int64(2), np.array(6), 8, 10, 7],
        Sized(items=SHAPE),
    ],
    ids=named,
)
def test_spellings_of_output_shape(output_shape):
    assert request_with(output_shape=output_shape) == request_with()


@pytest.mark.parametrize(
    "padding", ["VALID", b"VALID", np.str_("VALID"), type("S", (str,), {})("VALID")]
)
def test_spellings_of_padding(padding):
    r = request_with(padding=padding, output_shape=[2, 7, 9, 11, 7])
    assert (r.o, r.p) == ((7, 9, 11), (0, 0, 0))


def test_data_format_none_is_channels_last():
    assert request_with(data_format=None) is request_with()


@pytest.mark.parametrize("activation", [name for name in FORMULAS if name])
def test_activations(activation):
    assert request_with(activation=activation).activation == activation


def test_threads():
    most = team.available()
    assert call_with(threads=np.int64(most)).threads == most
    for wrong in (0, -1, most + 1, 2**70):
        rejects(ValueError, f"threads must be from 1 to {most}; got {wrong}.", threads=wrong)
    rejects(TypeError, "threads must be an integer; got 1.0.", threads=1.0)
    rejects(TypeError, "threads must be an integer; got 'all'.", threads="all")
    assert as_threads("explain", None) == most


# ---- shapes instead of arrays --------------------------------------------------------------------


def request_of(value, filters, **options):
    call = as_shaped_call("explain", value, filters, SHAPE, 2, "SAME", "NDHWC", None, **options)
    return call.request


def test_shapes_in_place_of_arrays():
    value, filters = VALUE.shape, list(FILTERS.shape)
    assert request_of(value, filters) == request_of(VALUE, FILTERS) == request_with()
    assert request_of(np.array(value).tolist(), tuple(np.array(filters))) == request_with()
    assert request_of(value, filters, dtype="float64").dtype == "float64"
    assert request_of(value, FILTERS.astype(np.float16)).dtype == "float16"
    after = request_of(value, filters, bias=(7,), activation="relu")
    assert (after.bias, after.activation) == (True, "relu")
    assert request_of(value, filters, bias=[0.5] * 7).bias
    assert request_of(value, filters, out=np.zeros(SHAPE, np.float32)) == request_with()


def test_shapes_of_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for dtype in ("bfloat16", ml_dtypes.bfloat16):
        assert request_of(VALUE.shape, FILTERS.shape, dtype=dtype).dtype == "bfloat16"


def test_shapes_larger_than_memory():
    r = as_shaped_call(
        "explain", (1, 2**14, 2**14, 2**14, 1), (1, 1, 1, 1, 1), (1, 2**14, 2**14, 2**14, 1), 1,
        "SAME", None, None,
    ).request  # fmt: skip
    assert r.o == (2**14,) * 3


@pytest.mark.parametrize(
    ("value", "options", "error", "text"),
    [
        ((2, 3, 4), {}, ValueError, r"input must have 5 dimensions .*; got shape \(2, 3, 4\)"),
        ((), {}, ValueError, r"input must have 5 dimensions .*; got shape \(\)"),
        ((2, -3, 4, 5, 6), {}, ValueError, r"input cannot have shape \(2, -3, 4, 5, 6\)"),
        ((2**40,) * 5, {}, ValueError, "input cannot have shape"),
        ((2**70, 3, 4, 5, 6), {}, ValueError, "input cannot have shape"),
        ((1,) * 80, {}, ValueError, "input cannot have shape"),
        (VALUE.shape, {"dtype": "int32"}, TypeError, "dtype must be float16, .*; got int32"),
        (VALUE.shape, {"dtype": "nothing"}, TypeError, "dtype must be .*; got 'nothing'"),
        (VALUE.shape, {"dtype": 7}, TypeError, "dtype must be .*; got 7"),
        (VALUE, {"dtype": "float64"}, TypeError, "filters must have the dtype of input"),
        (None, {}, TypeError, "input must be an array; got None"),
    ],
)
def test_wrong_shapes(value, options, error, text):
    with pytest.raises(error, match=f"^explain: {text}"):
        request_of(value, FILTERS.shape, **options)


def test_dtype_contradicts_arrays():
    with pytest.raises(TypeError, match="dtype must be that of the arrays, float32; got float64"):
        request_of(VALUE, FILTERS, dtype=float)
