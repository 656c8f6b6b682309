"""Activations that Keras has as layers: callables with parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._call.arrays import as_floats
from ..functions import array_activations
from . import constraints, initializers, regularizers
from ._registry import plain
from ._slopes import JACOBIANS, SLOPES

__all__ = ["ELU", "LAYERS", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]


class _Activation:
    """A function of `activations` with parameters.

    `name`, `trainable` and `dtype` are kept; the type is that of what it is called with.
    """

    _function = "relu"
    _defaults: ClassVar[dict[str, Any]] = {}
    _as: ClassVar[dict[str, str]] = {}  # what the function calls a parameter
    _also: ClassVar[dict[str, str]] = {}  # what else a parameter is called
    _idle = "name", "trainable", "dtype"

    def __init__(self, *values: Any, **parameters: Any) -> None:
        if len(values) > len(self._defaults):
            raise TypeError(
                f"{type(self).__name__}: there must be at most {len(self._defaults)} positional"
                f" arguments; got {len(values)}."
            )
        given = dict(zip(self._defaults, values, strict=False))
        for key, value in parameters.items():
            name = self._also.get(key, key)
            if name not in self._defaults and name not in self._idle:
                raise TypeError("Keyword argument not understood:", key)
            if name in given:
                raise TypeError(f"{type(self).__name__}: {name} must be given once; got it twice.")
            given[name] = plain(value)
        self._parameters = {name: given.get(name, value) for name, value in self._defaults.items()}
        self._kept = {name: given[name] for name in self._idle if name in given}

    def __getattr__(self, name: str) -> Any:
        for values in (self.__dict__.get("_parameters", {}), self.__dict__.get("_kept", {})):
            if self._also.get(name, name) in values:
                return values[self._also.get(name, name)]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __call__(self, x: Any) -> NDArray[Any]:
        function = getattr(array_activations, self._function)
        named = {self._as.get(key, key): value for key, value in self._parameters.items()}
        return np.asarray(function(x, **named))

    def gradient(self, dy: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of the argument, both arrays being of float64."""
        function = getattr(array_activations, self._function)
        named = {self._as.get(key, key): value for key, value in self._parameters.items()}
        if function in JACOBIANS:
            return JACOBIANS[function](dy, z, **named)
        return np.asarray(dy * SLOPES[function](z, **named))

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {**self._kept, **self._parameters}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Return an activation with these parameters."""
        return cls(**config)


class ReLU(_Activation):
    """`activations.relu` with max_value, negative_slope and threshold."""

    _defaults: ClassVar[dict[str, Any]] = {
        "max_value": None,
        "negative_slope": 0.0,
        "threshold": 0.0,
    }
    _as: ClassVar[dict[str, str]] = {"negative_slope": "alpha"}


class LeakyReLU(_Activation):
    """x > 0 ? x : alpha*x, alpha 0.3; Keras 3 calls it negative_slope."""

    _defaults: ClassVar[dict[str, Any]] = {"alpha": 0.3}
    _also: ClassVar[dict[str, str]] = {"negative_slope": "alpha"}


class PReLU(_Activation):
    """`LeakyReLU` whose slopes are learnt, and the initializer's as long as nobody does: 0."""

    _defaults: ClassVar[dict[str, Any]] = {
        "alpha_initializer": "zeros",
        "alpha_regularizer": None,
        "alpha_constraint": None,
        "shared_axes": None,
    }

    def __init__(self, *values: Any, **parameters: Any) -> None:
        super().__init__(*values, **parameters)
        found = self._parameters
        self._initializer = initializers.get(found["alpha_initializer"])
        regularizers.get(found["alpha_regularizer"])  # what is none is an error now
        constraints.get(found["alpha_constraint"])
        self._slopes: NDArray[Any] | None = None

    def __call__(self, x: Any) -> NDArray[Any]:
        x = as_floats(x)
        shared = self._parameters["shared_axes"] or ()
        shared = {shared} if isinstance(shared, int) else {*shared}
        shape = tuple(1 if axis in shared else x.shape[axis] for axis in range(1, x.ndim))
        if self._slopes is None or self._slopes.shape != shape:
            self._slopes = np.asarray(self._initializer(shape, dtype="float32"))
        y = np.where(x > 0, x, self._slopes.astype(np.float64) * x)
        return np.asarray(y, x.dtype)

    def gradient(self, dy: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient of the argument; the slopes have none, for nobody learns them."""
        self(z[:0])
        assert self._slopes is not None
        return np.asarray(np.where(z > 0, dy, self._slopes * dy))

    def get_config(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        families = {"initializer": initializers, "regularizer": regularizers}
        families["constraint"] = constraints
        written = {
            f"alpha_{word}": family.serialize(family.get(self._parameters[f"alpha_{word}"]))
            for word, family in families.items()
        }
        return {**super().get_config(), **written}


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
