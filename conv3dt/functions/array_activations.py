"""Activation functions on arrays: those of `nn` and of `keras.activations`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_floats
from .._compiler.activations.table import ACTIVATIONS, apply

__all__ = [
    "FUNCTIONS",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

Array = NDArray[Any]


def _of_array(name: str) -> Callable[[Any], Array]:
    """Return an activation of the table as a function of anything array-like."""

    def function(x: Any) -> Array:
        return apply(name, as_floats(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = ACTIVATIONS[name].formula.__doc__
    return function


exponential = _of_array("exponential")
hard_sigmoid = _of_array("hard_sigmoid")
mish = _of_array("mish")
relu6 = _of_array("relu6")
selu = _of_array("selu")
sigmoid = _of_array("sigmoid")
silu = swish = _of_array("swish")
softplus = _of_array("softplus")
softsign = _of_array("softsign")
tanh = _of_array("tanh")


def linear(x: Any) -> Any:
    """Return x."""
    return x


def relu(
    x: Any,
    alpha: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    negative_slope: float | None = None,
) -> Array:
    """Return x above the threshold, at most max_value, and alpha*(x - threshold) below.

    Parameters
    ----------
    x : array_like
        The argument.
    alpha : float, default 0
        Slope below the threshold.
    max_value : float, optional
        The largest result; default none.
    threshold : float, default 0
        Where the result begins; the threshold itself gives 0.
    negative_slope : float, optional
        Another name of alpha.

    Returns
    -------
    ndarray
        Of the shape and dtype of x.
    """
    x, alpha = as_floats(x), alpha if negative_slope is None else negative_slope
    if (alpha, max_value, threshold) == (0, None, 0):
        return apply("relu", x)
    y = np.where(x > threshold, x, alpha * (x - threshold))
    if max_value is not None:
        y = np.where(x >= max_value, max_value, y)
    return np.asarray(np.where(np.isnan(x), x, y), x.dtype)


def leaky_relu(x: Any, alpha: float = 0.2, *, negative_slope: float | None = None) -> Array:
    """Return x > 0 ? x : alpha*x; alpha is also called negative_slope."""
    return relu(x, alpha=alpha, negative_slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Array:
    """Return x > 0 ? x : alpha*(exp(x) - 1). Clevert et al., ICLR 2016."""
    x = as_floats(x)
    y = apply("elu", x)
    return y if alpha == 1 else np.where(x < 0, alpha * y, y).astype(x.dtype)


def gelu(x: Any, approximate: bool = False) -> Array:
    """Return x times the normal distribution function of x. Hendrycks and Gimpel, 2016.

    Parameters
    ----------
    x : array_like
        The argument.
    approximate : bool, default False
        Whether to return x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x**3))) instead.

    Returns
    -------
    ndarray
        Of the shape and dtype of x.
    """
    return apply("gelu_tanh" if approximate else "gelu", as_floats(x))


def softmax(x: Any, axis: Any = -1) -> Array:
    """Return exp(x) / sum(exp(x)).

    Parameters
    ----------
    x : array_like, of at least 2 dimensions
        The argument.
    axis : int or tuple of int, default -1
        What is summed over; in layers the last axis, even for 'channels_first'.

    Returns
    -------
    ndarray
        Of the shape and dtype of x.

    Raises
    ------
    ValueError
        If x has fewer than 2 dimensions.

    Examples
    --------
    >>> from conv3dt.keras import activations
    >>> activations.softmax([[0.0, 0.0]])
    array([[0.5, 0.5]])
    """
    x = as_floats(x)
    if x.ndim < 2:
        raise ValueError(
            f"Cannot apply softmax to a tensor that is {x.ndim}D. Received input shape: {x.shape}"
        )
    return np.asarray(np.exp(log_softmax(x, axis)), x.dtype)


def log_softmax(x: Any, axis: Any = -1) -> Array:
    """Return the logarithm of softmax, over the last axis by default."""
    x = as_floats(x)
    wide = x.astype(np.float64)
    wide = wide - wide.max(axis, keepdims=True, initial=-np.inf)  # there may be no numbers
    with np.errstate(divide="ignore"):
        return np.asarray(wide - np.log(np.exp(wide).sum(axis, keepdims=True)), x.dtype)


# All of the table: those that have no function above, with parameters or without, get one.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: globals().get(name) or _of_array(name) for name in ACTIVATIONS if name != "gelu_tanh"
}
