"""Projections of weights, as in `tf.keras.constraints`.

An optimizer applies them after a step; here `layer.apply_constraints()` does.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._call.arrays import as_array
from . import backend
from ._registry import Named, Registry

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "RadialConstraint",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "radial_constraint",
    "serialize",
    "unit_norm",
]


class Constraint(Named):
    """Base class: an object that is called with weights and returns the legal ones nearby."""

    def __call__(self, w: Any) -> Any:
        """Return the weights, projected; here as they are.

        Parameters
        ----------
        w : array_like
            Weights.

        Returns
        -------
        ndarray
            Of the same shape and dtype.
        """
        return as_array(type(self).__name__, "w", w)


def _norm(w: Any, axis: Any) -> Any:
    """Return sqrt(sum(w**2)) over axes, which are kept."""
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    return np.sqrt(np.square(w).sum(axes, keepdims=True, dtype=w.dtype))


def _scaled(w: Any, wanted: Any, norm: Any) -> Any:
    """Return w with another norm."""
    return (w * (wanted / (backend.epsilon() + norm))).astype(w.dtype, copy=False)


class MaxNorm(Constraint):
    """Norms of at most `max_value`: w * clip(n, 0, max_value) / (epsilon + n).

    Parameters
    ----------
    max_value : float, default 2
        The largest norm.
    axis : int or sequence of int, default 0
        Axes that a norm n is taken over; (0, 1, 2, 4) for each filter of a transposed convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from conv3dt.keras import constraints
    >>> constraints.MaxNorm(1.0)(np.float32([[3.0], [4.0]])).ravel()
    array([0.6, 0.8], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """Return the weights, projected."""
        w = as_array(type(self).__name__, "w", w)
        norm = _norm(w, self.axis)
        return _scaled(w, np.clip(norm, 0, self.max_value), norm)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """No weight below zero: w * (w >= 0)."""

    def __call__(self, w: Any) -> Any:
        """Return the weights, projected."""
        w = as_array(type(self).__name__, "w", w)
        return w * (w >= 0)


class UnitNorm(Constraint):
    """Norms of 1: w / (epsilon + n).

    Parameters
    ----------
    axis : int or sequence of int, default 0
        Axes that a norm n is taken over.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """Return the weights, projected."""
        w = as_array(type(self).__name__, "w", w)
        return _scaled(w, 1, _norm(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """Return the axes."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms in a range: w * (rate*clip(n, min_value, max_value) + (1 - rate)*n) / (epsilon + n).

    Parameters
    ----------
    min_value, max_value : float, default 0 and 1
        The range.
    rate : float, default 1
        How far to go: 1 into the range at once.
    axis : int or sequence of int, default 0
        Axes that a norm n is taken over.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """Return the weights, projected."""
        w = as_array(type(self).__name__, "w", w)
        norm = _norm(w, self.axis)
        inside = np.clip(norm, self.min_value, self.max_value)
        return _scaled(w, self.rate * inside + (1 - self.rate) * norm, norm)

    def get_config(self) -> dict[str, Any]:
        """Return the parameters."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


class RadialConstraint(Constraint):
    """Kernels that look the same in all directions; for 2-D convolutions only.

    It exists so that a layer can be given it; a 5-D kernel is a ValueError, as in Keras.
    """

    def __call__(self, w: Any) -> Any:
        """Reject weights that are not 4-D, and those that are: there is no such layer here."""
        shape = np.shape(w)
        if len(shape) != 4:
            raise ValueError(
                f"The weight tensor must have rank 4. Received weight tensor with shape: {shape}"
            )
        raise NotImplementedError("RadialConstraint is for 2-D convolutions, of which none is here")


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
radial_constraint = RadialConstraint

_registry = Registry(
    "constraint",
    "constraint function",
    "keras.constraints",
    {
        **dict.fromkeys(("MaxNorm", "max_norm", "maxnorm"), MaxNorm),
        **dict.fromkeys(("NonNeg", "non_neg", "nonneg"), NonNeg),
        **dict.fromkeys(("UnitNorm", "unit_norm", "unitnorm"), UnitNorm),
        **dict.fromkeys(("MinMaxNorm", "min_max_norm"), MinMaxNorm),
        **dict.fromkeys(("RadialConstraint", "radial_constraint"), RadialConstraint),
    },
)


def get(identifier: Any) -> Any:
    """Return the constraint that a name, a description, a class or a callable stands for.

    Parameters
    ----------
    identifier : str, dict, callable or None
        'max_norm', 'non_neg', 'unit_norm', 'min_max_norm', 'radial_constraint' or the name of a
        class; or what `serialize` returned.

    Returns
    -------
    callable or None

    Raises
    ------
    ValueError
        If the name is unknown or the argument is none of these.

    Examples
    --------
    >>> from conv3dt.keras import constraints
    >>> constraints.get("non_neg")([-1.0, 2.0])
    array([-0.,  2.])
    """
    return _registry.get(identifier)


def serialize(constraint: Any) -> Any:
    """Return a constraint as plain values, which `deserialize` and JSON understand.

    Parameters
    ----------
    constraint : Constraint or callable or None
        What `get` returned.

    Returns
    -------
    dict or str or None
    """
    return _registry.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint of a name or of what `serialize` returned.

    Parameters
    ----------
    config : dict or str
        The name or description.
    custom_objects : dict, optional
        Classes or functions of your own, by name.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    return _registry.deserialize(config, custom_objects)
