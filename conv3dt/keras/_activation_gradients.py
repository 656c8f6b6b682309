"""Gradients of any activation that is known here."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_floats
from .._call.scalars import shown
from .._compiler.activations.table import ACTIVATIONS, apply
from ..functions.activation_gradients import through
from ._slopes import JACOBIANS, SLOPES

__all__ = ["gradient_of"]

Array = NDArray[Any]


def gradient_of(activation: Any, fused: str | None, dy: Any, z: Any, y: Any) -> Array:
    """Return the gradient in front of an activation; `fused` is the kernels' name of it."""
    dy = as_floats(dy)
    if fused is not None:
        return _through_kernels(fused, dy, z, y)
    z = _argument(activation, z)
    if z.dtype != dy.dtype:
        raise TypeError(f"gradient: z must have the dtype of dy, {dy.dtype}; got {z.dtype}.")
    function = getattr(activation, "gradient", None) or _known(activation)
    with np.errstate(all="ignore"):
        found = function(dy.astype(np.float64), z.astype(np.float64))
        return np.asarray(found).astype(dy.dtype, copy=False)


def _through_kernels(name: str, dy: Array, z: Any, y: Any) -> Array:
    """Return the gradient in front of an activation of the table."""
    if ACTIVATIONS[name].slope.of == "x":
        return through("gradient", name, dy=dy, z=_argument(name, z))
    if name == "linear":
        return dy
    result = apply(name, _argument(name, z)) if y is None else as_floats(y)
    return through("gradient", name, dy=dy, y=result)


def _argument(activation: Any, z: Any) -> Array:
    """Return the argument of an activation whose slope is of it."""
    if z is None:
        raise ValueError(f"gradient: z must be given for {shown(activation)}; got None.")
    return as_floats(z)


def _known(activation: Any) -> Callable[[Array, Array], Array]:
    """Return how the gradient goes back through a function, with parameters or without."""
    function, named = activation, {}
    if isinstance(activation, partial) and not activation.args:
        function, named = activation.func, activation.keywords
    try:
        jacobian, slope = JACOBIANS.get(function), SLOPES.get(function)
    except TypeError:  # not hashable
        jacobian = slope = None
    if jacobian is not None:
        return partial(jacobian, **named)
    if slope is not None:
        known = partial(slope, **named)
        return lambda dy, z: dy * known(z)
    raise TypeError(
        f"gradient: activation must be one of conv3dt, or have a method gradient(dy, z);"
        f" got {shown(activation)}."
    )
