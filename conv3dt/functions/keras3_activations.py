"""Activations that Keras 3 has besides, on arrays: computed in float64, rounded once.

NaN stays NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_floats
from .array_activations import sigmoid, softplus

__all__ = [
    "KERAS3",
    "celu",
    "glu",
    "hard_shrink",
    "hard_sigmoid_v3",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
    "threshold",
]

Array = NDArray[Any]


def _rounded(x: Any, formula: Callable[[Array], Any]) -> Array:
    """Return a formula of x in float64 as x's type."""
    x = as_floats(x)
    wide = x.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(np.isnan(wide), wide, formula(wide)), x.dtype)


def celu(x: Any, alpha: float = 1.0) -> Array:
    """Return max(x, 0) + min(alpha*(exp(x/alpha) - 1), 0). Barron, 2017."""
    return _rounded(x, lambda x: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha))


def glu(x: Any, axis: int = -1) -> Array:
    """Return a * sigmoid(b), where a and b are the halves of x along an axis. Dauphin et al., 2017.

    Parameters
    ----------
    x : array_like
        The argument.
    axis : int, default -1
        What is halved; its extent must be even.

    Returns
    -------
    ndarray
        Half as long along the axis.

    Raises
    ------
    ValueError
        If the extent is odd.
    """
    x = as_floats(x)
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu: axis {axis} must have an even extent; got an array of shape {x.shape}."
        )
    a, b = np.split(x.astype(np.float64), 2, axis)
    with np.errstate(all="ignore"):
        return np.asarray(a * sigmoid(b), x.dtype)


def hard_shrink(x: Any, threshold: float = 0.5) -> Array:
    """Return abs(x) > threshold ? x : 0."""
    return _rounded(x, lambda x: np.where(np.abs(x) > threshold, x, 0))


def hard_sigmoid_v3(x: Any) -> Array:
    """Return relu6(x + 3) / 6, which Keras 3 calls hard_sigmoid."""
    return _rounded(x, _hard_sigmoid)


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(x / 6 + 0.5, 0, 1)


def hard_silu(x: Any) -> Array:
    """Return x * relu6(x + 3) / 6, also called hard_swish. Howard et al., ICCV 2019."""
    return _rounded(x, lambda x: x * _hard_sigmoid(x))


hard_swish = hard_silu


def hard_tanh(x: Any) -> Array:
    """Return min(max(x, -1), 1)."""
    return _rounded(x, lambda x: np.clip(x, -1, 1))


def log_sigmoid(x: Any) -> Array:
    """Return log(1 / (1 + exp(-x)))."""
    return _rounded(x, lambda x: -softplus(-x))


def soft_shrink(x: Any, threshold: float = 0.5) -> Array:
    """Return x moved towards 0 by the threshold, and 0 within it."""

    def formula(x: Array) -> Array:
        return np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, 0))

    return _rounded(x, formula)


def sparse_plus(x: Any) -> Array:
    """Return x <= -1 ? 0 : x < 1 ? (x + 1)**2 / 4 : x."""
    return _rounded(x, lambda x: np.where(x < 1, np.square(np.maximum(x, -1) + 1) / 4, x))


def sparse_sigmoid(x: Any) -> Array:
    """Return (x + 1) / 2 between 0 and 1."""
    return _rounded(x, lambda x: np.clip((x + 1) / 2, 0, 1))


def sparsemax(x: Any, axis: int = -1) -> Array:
    """Return the point of the probability simplex that is closest to x. Martins, Astudillo, 2016.

    Parameters
    ----------
    x : array_like
        The argument.
    axis : int, default -1
        What sums to 1.

    Returns
    -------
    ndarray
        Of the shape and dtype of x.
    """
    x = as_floats(x)
    z = np.moveaxis(x.astype(np.float64), axis, -1)
    if not z.size:
        return np.asarray(x.copy())
    ordered = np.sort(z, -1)[..., ::-1]
    sums, count = np.cumsum(ordered, -1), np.arange(1, z.shape[-1] + 1)
    inside = np.sum(ordered * count > sums - 1, -1, keepdims=True)
    limit = (np.take_along_axis(sums, np.maximum(inside - 1, 0), -1) - 1) / np.maximum(inside, 1)
    return np.asarray(np.moveaxis(np.maximum(z - limit, 0), -1, axis), x.dtype)


def squareplus(x: Any, b: float = 4) -> Array:
    """Return (x + sqrt(x**2 + b)) / 2. Barron, 2021."""

    def formula(x: Array) -> Array:
        root = np.sqrt(x * x + b)
        return np.asarray(np.where(x < 0, b / (root - x), x + root) / 2)  # nothing cancels

    return _rounded(x, formula)


def tanh_shrink(x: Any) -> Array:
    """Return x - tanh(x)."""
    return _rounded(x, lambda x: x - np.tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Array:
    """Return x > threshold ? x : default_value."""
    return _rounded(x, lambda x: np.where(x > threshold, x, default_value))


KERAS3: dict[str, Callable[..., Any]] = {
    name: globals()[name] for name in __all__ if name not in ("KERAS3", "hard_swish")
}
