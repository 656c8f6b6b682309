"""Functions called from users' compiled code do what they do in Python."""

import importlib.metadata
import threading

import numpy as np
import pytest
from numba import njit, typed
from numba.core.errors import TypingError

import conv3dt
from conv3dt import conv3d, conv3d_transpose
from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import run

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")

RNG = np.random.default_rng(0)
SHAPE = (2, 6, 10, 8, 3)


def integers(*shape, dtype="f4"):
    return RNG.integers(-3, 4, shape).astype(dtype)


X, W, B = integers(2, 3, 5, 4, 4), integers(3, 3, 3, 3, 4), integers(3)


def same(function, *arguments):
    """Check that a function returns compiled what it returns in Python."""
    found, wanted = njit(function)(*arguments), function(*arguments)
    assert found.dtype == wanted.dtype
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, wanted)


# ---- calls ---------------------------------------------------------------------------------------


def test_numba_finds_it_by_itself():
    found = importlib.metadata.entry_points(group="numba_extensions")
    assert "conv3dt.functions.njit:init" in {point.value for point in found}


def test_positional_arguments():
    same(lambda x, w: conv3dt.conv3d_transpose(x, w, (2, 6, 10, 8, 3), 2, "SAME", "NDHWC"), X, W)
    same(lambda x, w: conv3dt.conv3d(x, w, 1, "VALID"), X, W.swapaxes(3, 4))


def test_every_option():
    def call(x, w, b):
        return conv3d_transpose(
            x, w, (2, 3, 7, 11, 9), strides=[1, 1, 2, 2, 2], padding="VALID", data_format="NCDHW",
            dilations=(1, 1, 1), name="up", bias=b, activation="relu", out=None, threads=1,
            algorithm="direct", region=None, whole=None,
        )  # fmt: skip

    same(call, X.transpose(0, 4, 1, 2, 3), W, B)


def test_a_part():
    whole = conv3d_transpose(X, W, SHAPE, 2)

    region = ((0, 2), (0, 10), (0, 8))

    @njit
    def part(x, w, region, whole):
        return conv3d_transpose(x, w, (2, 6, 10, 8, 3), 2, region=region, whole=whole)

    needed = conv3dt.needed(region, X, W, SHAPE, 2)
    np.testing.assert_array_equal(part(X[needed], W, region, X.shape), whole[:, :2])


@pytest.mark.parametrize(
    "strides",
    [2, (2,), (2, 2, 2), (1, 2, 2, 2, 1), np.array([2, 2, 2]), typed.List([2, 2, 2]), np.int32(2)],
    ids=str,
)
def test_integers_of_any_kind(strides):
    same(lambda x, w, shape, s: conv3d_transpose(x, w, shape, s), X, W, SHAPE, strides)
    same(lambda x, w, shape, s: conv3d_transpose(x, w, shape, s), X, W, np.array(SHAPE), strides)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_texts_that_are_no_constants(padding):
    same(lambda x, w, p: conv3d(x, w, 1, p), X, W.swapaxes(3, 4), padding)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("layout", ["C", "F", "A", "read-only"])
def test_any_layout(dtype, layout):
    x, w = X.astype(dtype), W.astype(dtype)
    if layout == "F":
        x, w = np.asfortranarray(x), np.asfortranarray(w)
    if layout == "A":
        x, w = np.repeat(x, 2, axis=4)[..., ::2], w[::-1, :, ::-1]
    x.flags.writeable = w.flags.writeable = layout != "read-only"
    same(lambda x, w: conv3d_transpose(x, w, (2, 6, 10, 8, 3), (2, 2, 2)), x, w)


def test_several_dimensions_of_batch():
    same(lambda x, w: conv3d(x, w, 2, "SAME"), X[None, None], W.swapaxes(3, 4))


@pytest.mark.parametrize("given", [True, False])
def test_what_may_be_none(given):
    def call(x, w, b, given):
        bias = b if given else None
        return conv3d_transpose(x, w, (2, 6, 10, 8, 3), 2, bias=bias)

    same(call, X, W, B, given)


@pytest.mark.parametrize("parallel", [False, True])
def test_out(parallel):
    """Also where nobody looks at what is returned: the call is not left out."""

    @njit(parallel=parallel)
    def returned(x, w, out):
        return conv3d_transpose(-x, -w, out.shape, 2, out=out)

    @njit(parallel=parallel)
    def dropped(x, w, out):
        conv3d_transpose(-x, -w, out.shape, 2, out=out)

    wanted = conv3d_transpose(X, W, SHAPE, 2)
    out = np.empty(SHAPE, np.float32)
    found = returned(X, W, out)
    assert np.shares_memory(found, out)
    np.testing.assert_array_equal(out, wanted)
    out[:] = np.nan
    dropped(X, W, out)
    np.testing.assert_array_equal(out, wanted)


def test_python_threads_without_the_gil():
    call = njit(nogil=True)(lambda x, w, shape: conv3d_transpose(x, w, shape, 2))
    wanted, found = call(X, W, SHAPE), {}

    def work(number):
        found[number] = [call(X, W, SHAPE) for _ in range(20)]

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(np.array_equal(y, wanted) for ys in found.values() for y in ys)
    assert len(found) == 4


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "strides", "padding", "bias"),
    [
        ((2, 7, 10, 8, 3), 2, "SAME", None),
        (SHAPE, 2.5, "SAME", None),
        (SHAPE, 2, "same", None),
        (SHAPE, (2, 2), "SAME", None),
        (SHAPE, 2, "SAME", integers(4)),
        (SHAPE, 2, "SAME", B.astype("f8")),
    ],
)
def test_errors_are_those_of_python(shape, strides, padding, bias):
    def call(*arguments):
        x, w, shape, strides, padding, bias = arguments
        return conv3d_transpose(x, w, shape, strides, padding, bias=bias)

    arguments = X, W, shape, strides, padding, bias
    with pytest.raises((ValueError, TypeError)) as wanted:
        call(*arguments)
    with pytest.raises(wanted.type) as found:
        njit(call)(*arguments)
    assert str(found.value) == str(wanted.value)


def test_arrays_that_cannot_be_computed_with():
    call = njit(lambda x, w: conv3d(x, w, 1, "SAME"))
    with pytest.raises(TypeError, match="conv3d: input must have dtype"):
        call(X.astype("i4"), W)
    with pytest.raises(ValueError, match="conv3d: input must have 5 dimensions or more"):
        call(X[0], W)


def test_an_input_that_is_no_array():
    with pytest.raises(TypingError, match=r"conv3d: input must be an array in compiled code; got "):
        njit(lambda w: conv3d(1.5, w, 1, "SAME"))(W)


def test_wrong_calls():
    with pytest.raises(TypingError, match="conv3d: missing a required argument: 'padding'"):
        njit(lambda x, w: conv3d(x, w, 1))(X, W)
    with pytest.raises(TypingError, match="conv3d: got an unexpected keyword argument 'stride'"):
        njit(lambda x, w: conv3d(x, w, stride=1))(X, W)
    with pytest.raises(TypingError, match="conv3d: too many positional arguments"):
        njit(lambda x, w, b: conv3d(x, w, 1, "SAME", "NDHWC", None, None, b))(X, W, B)


# ---- processes -----------------------------------------------------------------------------------

CALL = """
import sys
import numpy as np
from numba import njit
x, w = np.ones((1, 1, 1, 1, 1), "f4"), np.ones((1, 1, 1, 1, 1), "f4")
"""


def test_who_calls_nothing_of_it_loads_none_of_it():
    program = """
assert njit(lambda x: x + 1)(1) == 2
print("conv3dt.functions.njit" in sys.modules, "conv3dt._call.arguments" in sys.modules)
"""
    assert run(program, begin=CALL) == "True False\n"


def test_loaded_before_and_after_numba_compiles():
    program = """
from conv3dt import conv3d
assert njit(lambda x, w: conv3d(x, w, 1, "SAME"))(x, w).shape == x.shape
import conv3dt
assert "conv3dt.functions.transposed" not in sys.modules
assert njit(lambda x, w: conv3dt.conv3d_transpose(x, w, x.shape, 1))(x, w).shape == x.shape
"""
    run(program, begin=CALL)


def test_arguments_are_given_back():
    program = """
import conv3dt
@njit
def call(x, w, shape, out):
    conv3dt.conv3d_transpose(x, w, shape, 1, out=out)
    return conv3dt.conv3d_transpose(x, w, shape, 1).sum()
def counts():
    return [sys.getrefcount(x) for x in (x, w, out)]
out = np.empty_like(x)
call(x, w, x.shape, out)
before = counts()
for _ in range(100):
    call(x, w, x.shape, out)
assert counts() == before
"""
    run(program, begin=CALL)


# ---- gradients -----------------------------------------------------------------------------------

DY = integers(2, 6, 10, 8, 3)


def check_gradients(function, *arguments):
    found, wanted = njit(function)(*arguments), function(*arguments)
    for x, y in zip(found, wanted, strict=True):
        assert (x is None) == (y is None)
        if y is not None:
            np.testing.assert_array_equal(x, y)


def test_the_gradient_of_the_filters():
    same(lambda x, dy: conv3dt.conv3d_backprop_filter(dy, (3, 3, 3, 3, 4), x, 2, "SAME"), X, DY)


def test_gradients_of_layers():
    def transposed(dy, x, w):
        return conv3dt.conv3d_transpose_backprop(dy, x, w, 2)

    def forward(dy, x, w):
        return conv3dt.conv3d_backprop(x, dy, w, 2, "SAME", wrt=("filters", "bias"))

    check_gradients(transposed, DY, X, W)
    check_gradients(forward, DY, X, W)


def test_which_gradients_must_be_known():
    function = njit(lambda dy, x, w, wrt: conv3dt.conv3d_transpose_backprop(dy, x, w, 2, wrt=wrt))
    with pytest.raises(TypingError, match="wrt must be constant"):
        function(DY, X, W, "bias")
