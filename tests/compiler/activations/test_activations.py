"""Activations of the kernels against their formulas, over all exponents of every type."""

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np
import pytest

import conv3dt
from conv3dt._compiler.activations.table import ACTIVATIONS, apply
from tests.helpers import activation_formulas, oracle
from tests.helpers.checks import every_dtype

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
STRIDE = 8009  # every so many of the bit patterns of float32: half a million numbers
SPECIALS = [np.nan, np.inf, -np.inf, 0.0]


def numbers(dtype):
    """All numbers of a half type; of others every exponent, and those near zero once more."""
    if dtype in ("float16", "bfloat16"):
        return np.arange(2**16, dtype=np.uint16).view(dtype)
    everyday = np.linspace(-110, 110, 200_000)
    if dtype == "float32":
        patterns = np.arange(0, 2**32, STRIDE).astype(np.uint32).view(np.float32)
    else:
        random = np.random.default_rng(0).integers(0, 2**64, 100_000, dtype=np.uint64)
        patterns = np.concatenate([random.view(np.float64), everyday * 7])
    patterns = patterns[~np.isnan(patterns)]  # the signalling ones warn
    return np.concatenate([patterns, everyday, everyday / 100, SPECIALS]).astype(dtype)


def through_kernel(x, activation):
    """One tap of weight 1, so that only the activation itself rounds."""
    one = np.ones((1,) * 5, x.dtype)
    value = x.reshape(1, 1, 1, -1, 1)
    return conv3dt.conv3d_transpose(value, one, value.shape, 1, activation=activation).ravel()


def formula(x, activation):
    with np.errstate(all="ignore"):
        return activation_formulas.FORMULAS[activation](oracle.wide(x))


@every_dtype
@every_activation
def test_within_4_ulps_over_the_whole_range(activation, dtype):
    x = numbers(dtype)
    with np.errstate(all="ignore"):
        unit = np.zeros(x.shape) if activation != "hard_sigmoid" else np.ones(x.shape)
        actual, expected = through_kernel(x, activation), formula(x, activation)
        oracle.assert_close(actual, expected, unit, dtype, activation=activation)


@pytest.mark.parametrize("dtype", ["float32", "float64"])  # what kernels compute in
@every_activation
def test_the_sign_of_zero(activation, dtype):
    """From a bias of -0.0: a sum of products that begins with 0.0 is never -0.0."""
    none, minus = np.zeros((1,) * 5, dtype), np.array([-0.0], dtype)
    actual = conv3dt.conv3d_transpose(
        -none, none + np.ones(1, dtype), none.shape, 1, bias=minus, activation=activation
    ).astype(np.float64)
    assert np.signbit(actual).item() == (formula(minus, activation).item() == 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_activation
def test_formulas_in_numpy(activation, dtype):
    """Those that keras.activations and plain kernels use."""
    x = np.concatenate([np.linspace(-20, 20, 2001), SPECIALS]).astype(dtype)
    actual = apply(activation, x)
    assert actual.dtype == x.dtype
    rtol = {"float32": 4 * 2.0**-23, "float64": 1e-12}[dtype]  # nothing rounds x**3 away in float64
    atol = 2.0**-52 if activation == "hard_sigmoid" else 0
    np.testing.assert_allclose(actual, formula(x, activation).astype(dtype), rtol, atol)
