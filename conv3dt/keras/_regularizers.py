"""Penalties on weights or outputs, and their gradients."""

import math
from typing import Any

import numpy as np

from .._call.arrays import as_array
from . import backend
from ._registry import Named

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer"]


class Regularizer(Named):
    """Base class: an object that is called with an array and returns its penalty."""

    def __call__(self, x: Any) -> Any:
        """Return the penalty of an array: 0.

        Parameters
        ----------
        x : array_like
            Weights or outputs.

        Returns
        -------
        number
            Of the array's type.
        """
        return as_array(type(self).__name__, "x", x).dtype.type(0)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of the penalty with respect to an array: zeros.

        Parameters
        ----------
        x : array_like
            Weights or outputs.

        Returns
        -------
        ndarray
            Of the array's shape and type.
        """
        return np.zeros_like(as_array(type(self).__name__, "x", x))


def _factor(x: Any) -> float:
    """Return a factor, rounded to `floatx` as Keras does."""
    if type(x) not in (int, float):
        raise ValueError(
            f"Value {x} is not a valid regularization penalty number, expected an int or float"
            " value."
        )
    if not math.isfinite(x):
        raise ValueError(
            f"Value {x} is not a valid regularization penalty number, an infinite number or NaN"
            " are not valid values."
        )
    return float(np.asarray(x, np.dtype(backend.floatx())))


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x**2).

    Parameters
    ----------
    l1, l2 : float, default 0
        The factors. None is 0.

    Raises
    ------
    ValueError
        If a factor is no finite number.

    Examples
    --------
    >>> from conv3dt.keras import regularizers
    >>> float(regularizers.L1L2(l1=1.0, l2=0.5)([1.0, -2.0]))
    5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(0.0 if l1 is None else l1)
        self.l2 = _factor(0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """Return the penalty of an array."""
        x = as_array(type(self).__name__, "x", x)
        total = x.dtype.type(0)
        if self.l1:
            total = total + x.dtype.type(self.l1) * np.abs(x).sum()
        if self.l2:
            total = total + x.dtype.type(self.l2) * np.square(x).sum()
        return total

    def gradient(self, x: Any) -> Any:
        """Return the gradient of the penalty: l1*sign(x) + 2*l2*x, of 0 with l1 alone 0."""
        x = as_array(type(self).__name__, "x", x)
        l1, l2 = x.dtype.type(self.l1), x.dtype.type(2 * self.l2)
        return l1 * np.sign(x) + l2 * x

    def get_config(self) -> dict[str, Any]:
        """Return the factors."""
        return {"l1": self.l1, "l2": self.l2}


class _OneFactor(L1L2):
    """L1 or L2, whose factor may also be called `l`."""

    _name = ""

    def _read(self, given: Any, others: dict[str, Any]) -> None:
        """Take the factor, 0.01 for None."""
        given = others.pop("l", given)
        if others:
            raise TypeError(f"Argument(s) not recognized: {others}")
        super().__init__(**{self._name: 0.01 if given is None else given})

    def get_config(self) -> dict[str, Any]:
        """Return the factor."""
        return {self._name: getattr(self, self._name)}


class L1(_OneFactor):
    """l1 * sum(abs(x)).

    Parameters
    ----------
    l1 : float, default 0.01
        The factor; also called `l`.

    Raises
    ------
    ValueError
        If the factor is no finite number.
    """

    _name = "l1"

    def __init__(self, l1: float | None = 0.01, **kwargs: Any) -> None:
        self._read(l1, kwargs)


class L2(_OneFactor):
    """l2 * sum(x**2).

    Parameters
    ----------
    l2 : float, default 0.01
        The factor; also called `l`.

    Raises
    ------
    ValueError
        If the factor is no finite number.
    """

    _name = "l2"

    def __init__(self, l2: float | None = 0.01, **kwargs: Any) -> None:
        self._read(l2, kwargs)


class OrthogonalRegularizer(Regularizer):
    """factor * mean(abs(dot product)) of all pairs of rows (or columns), each of length 1.

    Parameters
    ----------
    factor : float, default 0.01
        The factor.
    mode : {'rows', 'columns'}, default 'rows'
        Which are to be orthogonal.

    Raises
    ------
    ValueError
        If an argument is illegal; when called, if the array is not a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                'Invalid value for argument `mode`. Expected one of {"rows", "columns"}.'
                f" Received: mode={mode}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        """Return the penalty of a matrix."""
        x, rows, _ = self._rows(x)
        dots = np.abs(np.triu(rows @ rows.T, 1))
        pairs = len(rows) * (len(rows) - 1) / 2
        return x.dtype.type(self.factor * dots.sum() / pairs)

    def gradient(self, x: Any) -> Any:
        """Return the gradient of the penalty with respect to a matrix."""
        x, rows, length = self._rows(x)
        signs = np.triu(np.sign(rows @ rows.T), 1)
        pairs = len(rows) * (len(rows) - 1) / 2
        of_rows = (signs + signs.T) @ rows * (self.factor / pairs)
        along = (of_rows * rows).sum(1, keepdims=True) * (length > 1e-6)
        found = (of_rows - along * rows) / length
        return (found if self.mode == "rows" else found.T).astype(x.dtype)

    def _rows(self, x: Any) -> tuple[Any, Any, Any]:
        """Return a matrix, what is to be orthogonal as rows of length 1, and their lengths."""
        x = as_array(type(self).__name__, "x", x)
        if x.ndim != 2:
            raise ValueError(
                f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape =="
                f" {x.shape}"
            )
        rows = x if self.mode == "rows" else x.T
        length = np.sqrt(np.maximum(np.square(rows).sum(1, keepdims=True), 1e-12))
        return x, rows / length, length

    def get_config(self) -> dict[str, Any]:
        """Return factor and mode."""
        return {"factor": self.factor, "mode": self.mode}
