"""Derivatives of activations that the kernels do not know, of the argument, in float64.

At a kink it is the lower slope, as TensorFlow's gradients have it, and NaN counts as below.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._compiler.activations import formulas, slopes
from ..functions import array_activations, keras3_activations

__all__ = ["JACOBIANS", "SLOPES"]

Array = NDArray[Any]


def _where(condition: Any, yes: Any, no: Any = 0.0) -> Array:
    return np.asarray(np.where(condition, yes, no), np.float64)


def _relu(
    x: Array,
    alpha: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    negative_slope: float | None = None,
) -> Array:
    slope = _where(x > threshold, 1.0, alpha if negative_slope is None else negative_slope)
    return slope if max_value is None else _where(x < max_value, slope)


def _leaky_relu(x: Array, alpha: float = 0.2, *, negative_slope: float | None = None) -> Array:
    return _relu(x, alpha, negative_slope=negative_slope)


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return _where(x < 0, alpha * np.exp(np.minimum(x, 0)), 1.0)


def _gelu(x: Array, approximate: bool = False) -> Array:
    return slopes.gelu_tanh(x) if approximate else slopes.gelu(x)


def _celu(x: Array, alpha: float = 1.0) -> Array:
    return _where(x > 0, 1.0, np.exp(np.minimum(x, 0) / alpha))


def _outside(x: Array, threshold: float = 0.5) -> Array:
    return _where(np.abs(x) > threshold, 1.0)


def _hard_silu(x: Array) -> Array:
    return _where(np.abs(x) < 3, x / 3 + 0.5, _where(x > 0, 1.0))


def _squareplus(x: Array, b: float = 4) -> Array:
    return np.asarray((1 + x / np.sqrt(x * x + b)) / 2)


def _threshold(x: Array, threshold: float, default_value: float) -> Array:
    return _where(x > threshold, 1.0)


# By function: the slope at x, with the parameters of the function.
SLOPES: dict[Any, Callable[..., Array]] = {
    array_activations.relu: _relu,
    array_activations.leaky_relu: _leaky_relu,
    array_activations.elu: _elu,
    array_activations.gelu: _gelu,
    keras3_activations.celu: _celu,
    keras3_activations.hard_shrink: _outside,
    keras3_activations.hard_sigmoid_v3: lambda x: _where(np.abs(x) < 3, 1 / 6),
    keras3_activations.hard_silu: _hard_silu,
    keras3_activations.hard_tanh: lambda x: _where(np.abs(x) < 1, 1.0),
    keras3_activations.log_sigmoid: lambda x: formulas.sigmoid(-x),
    keras3_activations.soft_shrink: _outside,
    keras3_activations.sparse_plus: lambda x: np.clip((x + 1) / 2, 0, 1),
    keras3_activations.sparse_sigmoid: lambda x: _where(np.abs(x) < 1, 0.5),
    keras3_activations.squareplus: _squareplus,
    keras3_activations.tanh_shrink: lambda x: np.asarray(np.tanh(x) ** 2),
    keras3_activations.threshold: _threshold,
}


# ---- what mixes numbers --------------------------------------------------------------------------


def _softmax(dy: Array, x: Array, axis: Any = -1) -> Array:
    y = array_activations.softmax(x, axis)
    return np.asarray(y * (dy - (dy * y).sum(axis, keepdims=True)))


def _log_softmax(dy: Array, x: Array, axis: Any = -1) -> Array:
    return np.asarray(dy - array_activations.softmax(x, axis) * dy.sum(axis, keepdims=True))


def _glu(dy: Array, x: Array, axis: int = -1) -> Array:
    a, b = np.split(x, 2, axis)
    s = formulas.sigmoid(b)
    return np.concatenate([dy * s, dy * a * s * (1 - s)], axis)


def _sparsemax(dy: Array, x: Array, axis: int = -1) -> Array:
    """Numbers that are zero stay so; of the others only the differences count."""
    inside = keras3_activations.sparsemax(x, axis) > 0
    count = np.maximum(inside.sum(axis, keepdims=True), 1)
    mean = (dy * inside).sum(axis, keepdims=True) / count
    return np.asarray((dy - mean) * inside)


# By function: the gradient of x from that of the result, both in float64.
JACOBIANS: dict[Any, Callable[..., Array]] = {
    array_activations.softmax: _softmax,
    array_activations.log_softmax: _log_softmax,
    keras3_activations.glu: _glu,
    keras3_activations.sparsemax: _sparsemax,
}
