"""Derivatives of activations as formulas in NumPy, for numbers in float64.

Those of y are of the activation's result, which suffices where it tells which way the activation
was going; those of x are of its argument. Where an activation has a kink its slope is TensorFlow's.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .formulas import SELU_ALPHA, SELU_SCALE, _decay, _normal
from .formulas import sigmoid as _sigmoid

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "gelu_tanh",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softplus",
    "softplus_of_x",
    "softsign",
    "softsign_of_x",
    "swish",
    "tanh",
]

Array = NDArray[Any]


# ---- of the result -------------------------------------------------------------------------------


def linear(y: Array) -> Array:
    """Return 1."""
    return np.ones_like(y)


def relu(y: Array) -> Array:
    """Return y > 0 ? 1 : 0."""
    return np.where(y > 0, 1.0, 0.0)


def relu6(y: Array) -> Array:
    """Return 0 < y < 6 ? 1 : 0."""
    return np.where((y > 0) & (y < 6), 1.0, 0.0)


def leaky_relu(y: Array) -> Array:
    """Return y > 0 ? 1 : 0.2."""
    return np.where(y > 0, 1.0, 0.2)


def elu(y: Array) -> Array:
    """Return y < 0 ? y + 1 : 1."""
    return np.where(y < 0, y + 1, 1.0)


def selu(y: Array) -> Array:
    """Return y < 0 ? y + 1.0507*1.67326 : 1.0507."""
    return np.where(y < 0, y + SELU_SCALE * SELU_ALPHA, SELU_SCALE)


def sigmoid(y: Array) -> Array:
    """Return y*(1 - y)."""
    return np.asarray(y * (1 - y))


def hard_sigmoid(y: Array) -> Array:
    """Return 0 < y < 1 ? 0.2 : 0."""
    return np.where((y > 0) & (y < 1), 0.2, 0.0)


def tanh(y: Array) -> Array:
    """Return 1 - y**2."""
    return np.asarray(1 - y * y)


def softplus(y: Array) -> Array:
    """Return 1 - exp(-y)."""
    return np.asarray(-np.expm1(-y))


def softsign(y: Array) -> Array:
    """Return (1 - abs(y))**2."""
    return np.asarray((1 - np.abs(y)) ** 2)


def exponential(y: Array) -> Array:
    """Return y."""
    return y


# ---- of the argument -----------------------------------------------------------------------------


def softplus_of_x(x: Array) -> Array:
    """Return sigmoid(x)."""
    return _sigmoid(x)


def softsign_of_x(x: Array) -> Array:
    """Return 1/(1 + abs(x))**2."""
    return np.asarray(1 / (1 + np.abs(x)) ** 2)


def _rising(x: Array, low: Array) -> Array:
    """Return x < 0 ? low : 1 - low, where low is the slope at -abs(x), and f(x) - f(-x) is x."""
    return np.where(x < 0, low, 1 - low)


def gelu(x: Array) -> Array:
    """Return Phi(x) + x*phi(x), the normal distribution function and its density."""
    a = np.minimum(np.abs(x), 40)
    density = np.exp(a * a / -2) / math.sqrt(2 * math.pi)
    return _rising(x, _normal(-a) - a * density)


def gelu_tanh(x: Array) -> Array:
    """Return s + x*s*(1 - s)*2v', with s = _sigmoid(2v), v = sqrt(2/pi) * (x + 0.044715*x**3)."""
    a = np.minimum(np.abs(x), 40)
    twice = 2 * math.sqrt(2 / math.pi)
    s = _sigmoid(-twice * (a + 0.044715 * a**3))
    return _rising(x, s * (1 - a * (1 - s) * twice * (1 + 3 * 0.044715 * a * a)))


def swish(x: Array) -> Array:
    """Return s + x*s*(1 - s), with s = _sigmoid(x)."""
    a = np.minimum(np.abs(x), 760)
    s = _sigmoid(-a)
    return _rising(x, s * (1 - a * (1 - s)))


def mish(x: Array) -> Array:
    """Return t + x*(1 - t**2)*sigmoid(x), with t = tanh(softplus(x))."""
    e = _decay(x)
    a = np.minimum(np.abs(x), 760)
    low, high = e * (e + 2) + 2, 1 + 2 * e + 2 * e * e
    below = (e * (e + 2) - 4 * a * e * (1 + e) / low) / low
    above = (1 + 2 * e + 4 * a * e * e * (1 + e) / high) / high
    return np.asarray(np.where(x < 0, below, above))
