"""What counts as an array, and which dtypes go together."""

import itertools

import numpy as np
import pytest

from conv3dt._call.arguments import as_call

SHAPE = (1, 4, 4, 4, 2)
DTYPES = ("float16", "float32", "float64")


def value(dtype="float32"):
    return np.arange(24).reshape(1, 2, 2, 2, 3).astype(dtype)


def filters(dtype="float32"):
    return np.arange(48).reshape(2, 2, 2, 2, 3).astype(dtype)


def call_with(x=None, w=None, function="conv3d_transpose", **options):
    x, w = value() if x is None else x, filters() if w is None else w
    return as_call(function, x, w, SHAPE, 2, "SAME", "NDHWC", None, **options)


def rejects(error, text, *arguments, **options):
    """The call fails with this error, whose message has this text; return the error."""
    with pytest.raises(error) as caught:
        call_with(*arguments, **options)
    assert type(caught.value) is error
    assert str(caught.value).startswith("conv3d_transpose: ")
    assert text in str(caught.value)
    return caught.value


class Wrapped:
    """Something with __array__ that is no ndarray."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class Capsule:
    """Something with DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Broken:
    """Something whose __array__ fails."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


# ---- dtypes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype):
    x, w = value(dtype), filters(dtype)
    call = call_with(x, w, bias=np.zeros(2, dtype))
    assert call.request.dtype == dtype
    assert call.value is x
    assert call.filters is w


@pytest.mark.parametrize("dtype", DTYPES)
def test_byte_order_is_no_difference(dtype):
    foreign = np.dtype(dtype).newbyteorder("S")
    for a, b, c in itertools.product((foreign, np.dtype(dtype)), repeat=3):
        call = call_with(value().astype(a), filters().astype(b), bias=np.zeros(2, c))
        assert call.request.dtype == dtype
        assert call.value.dtype == a


def test_bfloat16():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    call = call_with(value(bfloat16), filters(bfloat16), out=np.zeros(SHAPE, bfloat16))
    assert call.request.dtype == "bfloat16"
    rejects(TypeError, "filters must have the dtype of input, bfloat16;", value(bfloat16))


@pytest.mark.parametrize(
    "dtype", ["int32", "uint8", "bool", "complex64", "object", "U3", "S3", "V2", "M8[s]", "f4,f4"]
)
def test_other_dtypes(dtype):
    wrong = np.zeros((1, 2, 2, 2, 3), dtype)
    rejects(TypeError, "input must have dtype float16, bfloat16, float32 or float64; got", wrong)
    wrong = np.zeros((2, 2, 2, 2, 3), dtype)
    rejects(TypeError, "filters must have the dtype of input, float32; got", None, wrong)


@pytest.mark.skipif(np.dtype("longdouble").itemsize == 8, reason="it is float64 here")
def test_longdouble():
    rejects(TypeError, "input must have dtype float16", value("longdouble"))


def test_mixed_dtypes():
    text = "filters must have the dtype of input, float64; got float32."
    rejects(TypeError, text, value("float64"), filters("float32"))
    text = "bias must have the dtype of input, float32; got float64."
    rejects(TypeError, text, bias=np.zeros(2))


# ---- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*DTYPES, ">f4", "bfloat16"])
def test_lists_take_the_dtype_of_the_other(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    expected = np.dtype(dtype).newbyteorder("=")
    for number in ("int64", "float64"):
        call = call_with(value(number).tolist(), filters(dtype), bias=[1, 2.5])
        assert call.value.dtype == call.bias.dtype == expected
        assert call_with(value(dtype), filters(number).tolist()).filters.dtype == expected
    np.testing.assert_array_equal(call.value.astype(float), value())


def test_two_lists():
    call = call_with(value(float).tolist(), filters(float).tolist(), bias=[1, 2])
    assert call.value.dtype == call.filters.dtype == call.bias.dtype == np.float32
    assert call_with(value(int).tolist(), filters(float).tolist()).request.dtype == "float32"
    rejects(TypeError, "; got int", value(int).tolist(), filters(int).tolist())


def test_lists_of_arrays_have_their_dtype():
    x = value("float64")
    assert call_with(list(x), filters("float64")).request.dtype == "float64"
    rejects(TypeError, "the dtype of input, float64; got float32", list(x), filters())
    rejects(TypeError, "the dtype of input, float64; got float32", [[list(x[0, 0])] * 2], filters())


@pytest.mark.parametrize("element", [True, "1", 1j, None])
def test_lists_of_other_things(element):
    wrong = np.full((1, 2, 2, 2, 3), element, object).tolist()
    rejects(TypeError, "; got ", wrong)
    rejects(TypeError, "; got ", wrong, wrong)


def test_empty_list():
    x = np.zeros((1, 2, 2, 2, 0)).tolist()
    assert call_with(x, np.zeros((2, 2, 2, 2, 0), np.float16)).value.shape == (1, 2, 2, 2, 0)


def test_ragged_lists():
    rejects(ValueError, "input cannot be read as an array; ValueError:", [[1.0, 2.0], [3.0]])
    endless = []
    endless.append(endless)
    rejects(ValueError, "filters cannot be read as an array", None, endless)


# ---- protocols -----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [Wrapped, Capsule, memoryview])
def test_protocols_share_memory(wrap):
    x, w, b = value(), filters(), np.zeros(2, np.float32)
    call = call_with(wrap(x), wrap(w), bias=wrap(b))
    for given, got in ((x, call.value), (w, call.filters), (b, call.bias)):
        assert type(got) is np.ndarray
        assert np.shares_memory(given, got)


def test_subclasses_become_plain(tmp_path):
    x = np.ma.masked_array(value(), mask=False)
    w = np.memmap(tmp_path / "w", np.float32, "w+", shape=(2, 2, 2, 2, 3))
    call = call_with(x, w)
    assert type(call.value) is type(call.filters) is np.ndarray
    assert np.shares_memory(call.value, x.data)
    assert np.shares_memory(call.filters, w)
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0]], np.float32)
    rejects(ValueError, "input must have 5 dimensions", matrix)


def test_any_layout_is_passed_on():
    x = value()[:, ::-1, :, ::-2].repeat(2, axis=3).transpose(0, 3, 1, 2, 4)[..., ::-1]
    x.flags.writeable = False
    assert call_with(x).value is x


@pytest.mark.parametrize(
    "error", [TypeError("on another device"), RuntimeError("no"), ValueError("no"), KeyError(1)]
)
def test_failing_array_is_the_cause(error):
    found = rejects(TypeError, "input cannot be read as an array; ", Broken(error))
    assert found.__cause__ is error
    assert type(error).__name__ in str(found)


def test_memory_errors_and_interrupts_pass():
    for error in (MemoryError, KeyboardInterrupt):
        with pytest.raises(error):
            call_with(Broken(error()))


@pytest.mark.parametrize(
    "given", [None, 1.5, "abc", b"abc", object(), {}, {1.0}, (x for x in [1.0]), len, ..., np]
)
def test_what_is_no_array(given):
    with pytest.raises((TypeError, ValueError), match=r"^f: input must "):
        as_call("f", given, filters(), SHAPE, 2, "SAME", "NDHWC", None)
    with pytest.raises((TypeError, ValueError), match=r"^f: filters must "):
        as_call("f", value(), given, SHAPE, 2, "SAME", "NDHWC", None)


def test_none_is_no_array():
    with pytest.raises(TypeError, match=r"^f: filters must be an array; got None\.$"):
        as_call("f", value(), None, SHAPE, 2, "SAME", "NDHWC", None)


# ---- PyTorch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_torch_shares_memory(dtype):
    torch = pytest.importorskip("torch")
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x = torch.arange(24).to(getattr(torch, dtype)).reshape(1, 2, 3, 2, 2).permute(0, 1, 3, 4, 2)
    call = call_with(x, torch.ones(2, 2, 2, 2, 3, dtype=x.dtype))
    assert call.request.dtype == dtype
    call.value[0, 1, 0, 1, 2] = 99
    assert x[0, 1, 0, 1, 2] == 99


def test_torch_integers():
    torch = pytest.importorskip("torch")
    arguments = torch.tensor(SHAPE), torch.tensor(2), "SAME", None, torch.tensor([1, 1, 1])
    assert as_call("f", value(), filters(), *arguments).request == call_with().request


@pytest.mark.parametrize(
    ("options", "text"),
    [({"requires_grad": True}, "requires grad"), ({"device": "meta"}, "meta device")],
)
def test_torch_tensors_that_cannot_be_read(options, text):
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.bfloat16):
        error = rejects(TypeError, text, torch.ones(1, 2, 2, 2, 3, dtype=dtype, **options))
        assert error.__cause__ is not None
