"""The pass over gradients: every cut into runs, pieces, rounds and rests gives the same sums."""

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np
import pytest

from conv3dt._run import slopes
from conv3dt._runtime import team
from tests.helpers.checks import every_dtype

CHANNELS = (1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 320)
LENGTHS = (1, 2, 5, 15, 16, 17, 33, 127, 128, 129, 1000)


THREADS = min(2, team.available())


def expected(dy, y, channels_last):
    dz = np.where(y > 0, dy, dy * 0)
    axes = tuple(range(dy.ndim - 1)) if channels_last else (0, *range(2, dy.ndim))
    return dz, dz.astype(np.float64).sum(axes).astype(dz.dtype)


def drawn(rng, shape, dtype="float32"):
    return rng.integers(-3, 4, shape).astype(dtype), rng.integers(-1, 3, shape).astype(dtype)


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_sizes(channels, channels_last):
    rng = np.random.default_rng(channels)
    for length in LENGTHS:
        shape = (2, 1, 1, length, channels) if channels_last else (2, channels, 1, 1, length)
        dy, y = drawn(rng, shape)
        found = slopes.backward(dy, y, "relu", channels_last, THREADS)
        for actual, exact in zip(found, expected(dy, y, channels_last), strict=True):
            np.testing.assert_array_equal(actual, exact)


@every_dtype
@pytest.mark.parametrize("channels_last", [True, False])
def test_several_pieces(channels_last, dtype):
    """More numbers than a piece has, with a rest; small integers, whose sums are exact."""
    rng = np.random.default_rng(0)
    shape = (1, 11, 40, 31, 9) if channels_last else (1, 3, 31, 40, 41)
    dy, y = drawn(rng, shape, dtype)
    found = slopes.backward(dy, y, "relu", channels_last, THREADS)
    for actual, exact in zip(found, expected(dy, y, channels_last), strict=True):
        np.testing.assert_array_equal(actual, exact)


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_same_bits_for_any_number_of_threads(channels_last):
    rng = np.random.default_rng(0)
    dy, y = rng.standard_normal((2, 2, 30, 40, 50, 7)).astype("f4")
    found = [
        slopes.backward(dy, y, "tanh", channels_last, n) for n in range(1, team.available() + 1)
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].dz, other.dz)
        np.testing.assert_array_equal(found[0].bias, other.bias)


def test_one_of_both_is_what_it_is_in_both():
    rng = np.random.default_rng(0)
    dy, y = rng.standard_normal((2, 2, 3, 4, 5, 7)).astype("f4")
    both = slopes.backward(dy, y, "elu", True, 1)
    alone = slopes.backward(dy, y, "elu", True, 1, dz=False)
    np.testing.assert_array_equal(alone.bias, both.bias)
    alone = slopes.backward(dy, y, "elu", True, 1, bias=False)
    np.testing.assert_array_equal(alone.dz, both.dz)
    assert alone.bias is None


def test_linear_copies_nothing():
    dy = np.ones((1, 2, 3, 4, 5), "f4")
    assert slopes.backward(dy, None, "linear", True, 1).dz is dy


@pytest.mark.parametrize("channels_last", [True, False])
def test_millions_of_terms(channels_last):
    """Of one sign, where the errors of a running sum would grow."""
    dy = np.random.default_rng(0).random((1, 128, 128, 128, 1), np.float32)
    dy = dy if channels_last else dy.reshape(1, 1, 128, 128, 128)
    found = slopes.backward(dy, None, "linear", channels_last, 1).bias
    exact = dy.sum(dtype=np.float64)
    assert abs(found[0] - exact) < 1e-6 * exact


def test_layouts_and_byte_orders():
    rng = np.random.default_rng(0)
    dy, y = drawn(rng, (2, 5, 6, 7, 8))
    exact = expected(dy, y, True)
    bytes_ = np.zeros(dy.nbytes + 1, np.uint8)
    shifted = bytes_[1:].view("f4").reshape(dy.shape)
    shifted[:] = dy
    for odd in (
        np.asfortranarray(dy), dy[::-1][::-1], np.repeat(dy, 2, 3)[:, :, :, ::2],
        dy.astype(">f4"), shifted,
    ):  # fmt: skip
        found = slopes.backward(odd, y, "relu", True, 1)
        np.testing.assert_array_equal(found.dz, exact[0])
        np.testing.assert_array_equal(found.bias, exact[1])


@pytest.mark.parametrize("shape", [(0, 2, 3, 4, 5), (2, 0, 3, 4, 5), (2, 2, 3, 4, 0)])
@pytest.mark.parametrize("channels_last", [True, False])
def test_nothing(shape, channels_last):
    empty = np.zeros(shape, "f4")
    found = slopes.backward(empty, empty, "relu", channels_last, 1)
    assert found.dz.shape == shape
    np.testing.assert_array_equal(found.bias, np.zeros(shape[4 if channels_last else 1]))
