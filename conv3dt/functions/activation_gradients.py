"""Gradients of activations and of the bias alone, on arrays of any shape."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arguments import as_threads
from .._call.arrays import as_alike
from .._call.scalars import as_name, shown
from .._compiler.activations import slopes
from .._run.slopes import backward

# No __all__: this is for other modules, not for users.

Array = NDArray[Any]
CHANNELS = "NHWC", "NCHW"


def through(function: str, activation: str, **operands: Any) -> Array:
    """Return the first operand times an activation's slope at the second: result or argument."""
    dy, v = _alike(function, operands)
    columns = backward(
        dy.reshape(-1, 1),
        v.reshape(-1, 1),
        activation,
        True,
        as_threads(function, None),
        bias=False,
    )
    return columns.dz.reshape(dy.shape)


def through_argument(function: str, activation: str, **operands: Any) -> Array:
    """Return the same for an activation whose kernels take the slope of the result."""
    dy, x = _alike(function, operands)
    with np.errstate(all="ignore"):
        slope = getattr(slopes, f"{activation}_of_x")(x.astype(np.float64))
        return np.asarray(dy * slope).astype(dy.dtype)


def leaky_gradient(function: str, alpha: float, **operands: Any) -> Array:
    """Return the same for a rectifier of any slope."""
    dy, x = _alike(function, operands)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(x > 0, dy, dy * dy.dtype.type(alpha)), dy.dtype)


def bias_gradient(function: str, out_backprop: Any, data_format: Any) -> Array:
    """Return the sum over all dimensions but the channels."""
    arrays, _ = as_alike(function, {"out_backprop": out_backprop})
    dy, order = arrays["out_backprop"], as_name(function, "data_format", data_format, CHANNELS)
    if dy.ndim < 2:
        raise ValueError(
            f"{function}: out_backprop must have 2 dimensions or more; got shape {dy.shape}."
        )
    last = order == "NHWC"
    shape = (prod(dy.shape[:-1]), dy.shape[-1]) if last else dy.shape
    found = backward(dy.reshape(shape), None, "linear", last, as_threads(function, None)).bias
    assert found is not None
    return found


def _alike(function: str, operands: dict[str, Any]) -> tuple[Array, Array]:
    """Return two arrays of one dtype and shape."""
    (first, other), (arrays, _) = operands, as_alike(function, operands)
    dy, v = arrays[first], arrays[other]
    if dy.shape != v.shape:
        raise ValueError(
            f"{function}: {other} must have the shape of {first}, {dy.shape}; got {shown(v.shape)}."
        )
    return dy, v
