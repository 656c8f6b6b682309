"""The activations that kernels know, as formulas in NumPy.

They are what the plain kernels compute and what `conv3dt.keras.activations` offers on arrays. All
work in float64 and round once; NaN stays NaN.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMULAS", "SELU_ALPHA", "SELU_SCALE", "apply"]

Array = NDArray[Any]

# The fixed point of mean 0 and variance 1: Klambauer et al., Self-Normalizing Neural Networks.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _decay(x: Array) -> Array:
    """Return exp(-|x|), which does not overflow."""
    return np.exp(-np.abs(x))


def _sigmoid(x: Array) -> Array:
    e = _decay(x)
    return np.asarray(np.where(x < 0, e, np.where(np.isnan(x), x, 1.0)) / (1 + e))


def _expm1(x: Array) -> Array:
    """Return expm1(min(x, 0))."""
    return np.expm1(np.minimum(x, 0))


def _normal(x: Array) -> Array:
    """Return the distribution function of the normal distribution, exact in its lower tail."""
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    return np.asarray(erfc(x * -math.sqrt(0.5)) / 2)


def _gelu_tanh(x: Array) -> Array:
    """x/2 * (1 + tanh(v)), without its cancellation below zero."""
    cubic = x + 0.044715 * x**3
    return x * _sigmoid(2 * math.sqrt(2 / math.pi) * cubic)


def _mish(x: Array) -> Array:
    """Return x * tanh(softplus(x))."""
    e = _decay(x)
    low = e * (e + 2) / (e * (e + 2) + 2)
    return np.asarray(x * np.where(x < 0, low, (1 + 2 * e) / (1 + 2 * e + 2 * e * e)))


FORMULAS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.where(x < 0, 0, x),
    "relu6": lambda x: np.where(x < 0, 0, np.where(x > 6, 6, x)),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "elu": lambda x: np.where(x < 0, _expm1(x), x),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "selu": lambda x: SELU_SCALE * np.where(x < 0, SELU_ALPHA * _expm1(x), x),
    "gelu": lambda x: x * _normal(x),
    "gelu_tanh": _gelu_tanh,
    "swish": lambda x: x * _sigmoid(x),
    "mish": _mish,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(_decay(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
}


def apply(name: str, x: Array) -> Array:
    """Return the activation of x in x's type."""
    if name == "linear":
        return x
    with np.errstate(all="ignore"):
        return FORMULAS[name](x.astype(np.float64)).astype(x.dtype)
