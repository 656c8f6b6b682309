"""The activations, one row each: everything that knows them by name reads this table."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import formulas, slope_vectors, slopes, vectors

__all__ = ["ACTIVATIONS", "Activation", "Slope", "activate", "apply", "slope"]

Array = NDArray[Any]


class Slope(NamedTuple):
    """The derivative of an activation: of its result, or of its argument."""

    of: str  # "y" or "x"
    formula: Callable[[Array], Array]  # in NumPy, for float64
    vectors: Callable[[Any, Any], Any]  # of words and a vector: the vector of slopes


class Activation(NamedTuple):
    """What an activation is, as a formula and as instructions."""

    formula: Callable[[Array], Array]  # in NumPy, for float64; its docstring is the public one
    vectors: Callable[[Any, Any], Any]  # of words and a vector: the vector of results
    slope: Slope
    # Few enough instructions to be applied to every sum where it is; others run in a loop.
    in_registers: bool = False


def _row(name: str, slope_of: str, in_registers: bool = False) -> Activation:
    """Return the row of an activation, whose functions have its name in each of the modules."""
    slope = Slope(slope_of, getattr(slopes, name), getattr(slope_vectors, name))
    return Activation(getattr(formulas, name), getattr(vectors, name), slope, in_registers)


_ROWS = (
    ("linear", "y", True),
    ("relu", "y", True),
    ("relu6", "y", True),
    ("leaky_relu", "y", True),
    ("elu", "y"),
    ("sigmoid", "y"),
    ("tanh", "y"),
    ("selu", "y"),
    ("gelu", "x"),
    ("gelu_tanh", "x"),
    ("swish", "x"),
    ("mish", "x"),
    ("softplus", "y"),
    ("softsign", "y"),
    ("exponential", "y"),
    ("hard_sigmoid", "y"),
)
ACTIVATIONS: dict[str, Activation] = {row[0]: _row(*row) for row in _ROWS}


def apply(name: str, x: Array) -> Array:
    """Return the activation of x in x's type: computed in float64, rounded once."""
    if name == "linear":
        return x
    with np.errstate(all="ignore"):
        return ACTIVATIONS[name].formula(x.astype(np.float64)).astype(x.dtype)


def slope(name: str, v: Array) -> Array:
    """Return the derivative at v, the activation's result or argument, as its row says."""
    with np.errstate(all="ignore"):
        return ACTIVATIONS[name].slope.formula(v.astype(np.float64))


def activate(words: Any, name: str, x: Any) -> Any:
    """Return the activation of the vector x."""
    return ACTIVATIONS[name].vectors(words, x)
