"""Activations that Keras has as layers: callables with parameters."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..functions import array_activations

__all__ = ["ELU", "LAYERS", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]


class _Activation:
    """A function of `activations` with parameters; `name`, `trainable`, `dtype` mean nothing."""

    _function = "relu"
    _defaults: ClassVar[dict[str, Any]] = {}
    _as: ClassVar[dict[str, str]] = {}  # what the function calls a parameter

    def __init__(self, **parameters: Any) -> None:
        given = {k: v for k, v in parameters.items() if k not in ("name", "trainable", "dtype")}
        if unknown := set(given) - set(self._defaults):
            raise TypeError("Keyword argument not understood:", min(unknown))
        self._parameters = {**self._defaults, **given}

    def __call__(self, x: Any) -> NDArray[Any]:
        function = getattr(array_activations, self._function)
        named = {self._as.get(key, key): value for key, value in self._parameters.items()}
        return np.asarray(function(x, **named))

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return dict(self._parameters)


class ReLU(_Activation):
    """`activations.relu` with max_value, negative_slope and threshold."""

    _defaults: ClassVar[dict[str, Any]] = {
        "max_value": None,
        "negative_slope": 0.0,
        "threshold": 0.0,
    }
    _as: ClassVar[dict[str, str]] = {"negative_slope": "alpha"}


class LeakyReLU(_Activation):
    """x > 0 ? x : alpha*x, alpha 0.3."""

    _defaults: ClassVar[dict[str, Any]] = {"alpha": 0.3}


class PReLU(_Activation):
    """`LeakyReLU` whose slopes are learnt, and 0 as long as nobody does."""


class ELU(_Activation):
    """`activations.elu` with alpha."""

    _function = "elu"
    _defaults: ClassVar[dict[str, Any]] = {"alpha": 1.0}


class ThresholdedReLU(_Activation):
    """x > theta ? x : 0, theta 1."""

    _defaults: ClassVar[dict[str, Any]] = {"theta": 1.0}
    _as: ClassVar[dict[str, str]] = {"theta": "threshold"}


class Softmax(_Activation):
    """`activations.softmax` over an axis."""

    _function = "softmax"
    _defaults: ClassVar[dict[str, Any]] = {"axis": -1}


LAYERS: dict[str, type] = {
    kind.__name__: kind for kind in (ReLU, LeakyReLU, PReLU, ELU, ThresholdedReLU, Softmax)
}
