"""Activations as formulas in NumPy, for numbers in float64; NaN stays NaN."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SELU_ALPHA",
    "SELU_SCALE",
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
    "softsign",
    "swish",
    "tanh",
]

Array = NDArray[Any]

# The fixed point of mean 0 and variance 1: Klambauer et al., Self-Normalizing Neural Networks.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _decay(x: Array) -> Array:
    """Return exp(-|x|), which does not overflow."""
    return np.exp(-np.abs(x))


def _expm1(x: Array) -> Array:
    """Return expm1(min(x, 0))."""
    return np.expm1(np.minimum(x, 0))


def _normal(x: Array) -> Array:
    """Return the distribution function of the normal distribution, exact in its lower tail."""
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    return np.asarray(erfc(x * -math.sqrt(0.5)) / 2)


def linear(x: Array) -> Array:
    """Return x."""
    return x


def relu(x: Array) -> Array:
    """Return max(x, 0)."""
    return np.where(x < 0, 0, x)


def relu6(x: Array) -> Array:
    """Return min(max(x, 0), 6)."""
    return np.where(x < 0, 0, np.where(x > 6, 6, x))


def leaky_relu(x: Array) -> Array:
    """Return x > 0 ? x : 0.2*x."""
    return np.where(x < 0, 0.2 * x, x)


def elu(x: Array) -> Array:
    """Return x > 0 ? x : exp(x) - 1."""
    return np.where(x < 0, _expm1(x), x)


def selu(x: Array) -> Array:
    """Return 1.0507 * (x > 0 ? x : 1.67326*(exp(x) - 1)). Klambauer et al., NIPS 2017."""
    return np.asarray(SELU_SCALE * np.where(x < 0, SELU_ALPHA * _expm1(x), x))


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    e = _decay(x)
    return np.asarray(np.where(x < 0, e, np.where(np.isnan(x), x, 1.0)) / (1 + e))


def hard_sigmoid(x: Array) -> Array:
    """Return 0.2*x + 0.5 between 0 and 1. Keras 3 calls relu6(x + 3)/6 so."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent of x."""
    return np.tanh(x)


def gelu(x: Array) -> Array:
    """Return x times the normal distribution function of x. Hendrycks and Gimpel, 2016."""
    return x * _normal(x)


def gelu_tanh(x: Array) -> Array:
    """Return x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x**3))).

    Without its cancellation below zero: x * sigmoid(2*v) is the same.
    """
    cubic = x + 0.044715 * x**3
    return x * sigmoid(2 * math.sqrt(2 / math.pi) * cubic)


def swish(x: Array) -> Array:
    """Return x * sigmoid(x), also called silu. Ramachandran et al., 2017."""
    return x * sigmoid(x)


def mish(x: Array) -> Array:
    """Return x * tanh(softplus(x)). Misra, 2019."""
    e = _decay(x)
    low = e * (e + 2) / (e * (e + 2) + 2)
    return np.asarray(x * np.where(x < 0, low, (1 + 2 * e) / (1 + 2 * e + 2 * e * e)))


def softplus(x: Array) -> Array:
    """Return log(1 + exp(x))."""
    return np.maximum(x, 0) + np.log1p(_decay(x))


def softsign(x: Array) -> Array:
    """Return x / (1 + abs(x))."""
    return np.asarray(x / (1 + np.abs(x)))


def exponential(x: Array) -> Array:
    """Return exp(x)."""
    return np.exp(x)
