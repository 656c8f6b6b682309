"""Derivatives of activations: finite differences, TensorFlow's at kinks, kernels as formulas."""

import ml_dtypes
import numpy as np
import pytest

from conv3dt._compiler.activations import slopes
from conv3dt._compiler.activations.table import ACTIVATIONS, apply, slope
from conv3dt._run.slopes import backward
from tests.helpers.activation_formulas import FORMULAS
from tests.helpers.checks import every_dtype

every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
X = np.linspace(-12, 12, 4001)  # no kink lies within a step of one
KINKS = {"relu": (0,), "relu6": (0, 6), "leaky_relu": (0,), "elu": (0,), "selu": (0,)}
KINKS |= {"hard_sigmoid": (-2.5, 2.5), "softsign": (0,)}  # the latter is curved there


def operand(activation, x):
    """What a slope is of: the result or the argument."""
    return apply(activation, x) if ACTIVATIONS[activation].slope.of == "y" else x


def without_kinks(activation):
    """The arguments further from a kink than a step."""
    kinks = np.array(KINKS.get(activation, (99,)))
    return X[np.abs(X[:, None] - kinks).min(1) > 1e-4]


def differences(activation, x):
    x, step = x.astype(np.longdouble), np.longdouble(1e-5)
    with np.errstate(all="ignore"):
        ends = [FORMULAS[activation](x + s) for s in (step, -step)]
    return ((ends[0] - ends[1]) / (2 * step)).astype(np.float64)


@every_activation
def test_finite_differences(activation):
    x = without_kinks(activation)
    expected = differences(activation, x)
    found = slope(activation, operand(activation, x))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("activation", ["softplus", "softsign"])
def test_slopes_of_the_argument_too(activation):
    x = without_kinks(activation)
    of_x = getattr(slopes, f"{activation}_of_x")(x)
    np.testing.assert_allclose(of_x, differences(activation, x), rtol=1e-8, atol=1e-9)


def test_at_kinks_and_not_a_number_as_tensorflow():
    v = np.array([-0.0, 0.0, 1.0, 6.0, np.nan])
    for activation, expected in {
        "relu": [0, 0, 1, 1, 0],
        "relu6": [0, 0, 1, 0, 0],
        "leaky_relu": [0.2, 0.2, 1, 1, 0.2],
        "elu": [1, 1, 1, 1, 1],
    }.items():
        np.testing.assert_array_equal(slope(activation, v), expected)
    for activation in ("gelu", "gelu_tanh", "swish", "mish", "tanh", "softplus"):
        assert np.isnan(slope(activation, v)[-1])


@every_dtype
@every_activation
def test_kernels_are_the_formulas(activation, dtype):
    """In units of the largest slope: a small one is often a difference of larger numbers."""
    x = np.concatenate([X, X / 100, X * 9, [np.inf, -np.inf, np.nan, 0.0, -0.0]])
    x = x if activation != "exponential" else np.minimum(x, 10)
    with np.errstate(all="ignore"):
        v = operand(activation, x.astype(dtype))
    dy = np.ones_like(v)
    found = backward(dy.reshape(-1, 1), v.reshape(-1, 1), activation, True, 1).dz.ravel()
    expected = slope(activation, v)
    info, halves = ml_dtypes.finfo(dtype), dtype not in ("float32", "float64")
    bound = float(info.eps) * (np.abs(expected) + (2.0**-16 if halves else 4))
    bound += float(info.smallest_subnormal)
    found = found.astype(np.float64)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(all="ignore"):
        assert np.all(same | (np.abs(found - expected) <= bound))
