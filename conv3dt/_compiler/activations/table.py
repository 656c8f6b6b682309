"""The activations, one row each: everything that knows them by name reads this table."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import formulas, vectors

__all__ = ["ACTIVATIONS", "Activation", "activate", "apply"]

Array = NDArray[Any]


class Activation(NamedTuple):
    """What an activation is, as a formula and as instructions."""

    formula: Callable[[Array], Array]  # in NumPy, for float64; its docstring is the public one
    vectors: Callable[[Any, Any], Any]  # of words and a vector: the vector of results
    # Few enough instructions to be applied to every sum where it is; others run in a loop.
    in_registers: bool = False


ACTIVATIONS = {
    "linear": Activation(formulas.linear, vectors.linear, in_registers=True),
    "relu": Activation(formulas.relu, vectors.relu, in_registers=True),
    "relu6": Activation(formulas.relu6, vectors.relu6, in_registers=True),
    "leaky_relu": Activation(formulas.leaky_relu, vectors.leaky_relu, in_registers=True),
    "elu": Activation(formulas.elu, vectors.elu),
    "sigmoid": Activation(formulas.sigmoid, vectors.sigmoid),
    "tanh": Activation(formulas.tanh, vectors.tanh),
    "selu": Activation(formulas.selu, vectors.selu),
    "gelu": Activation(formulas.gelu, vectors.gelu),
    "gelu_tanh": Activation(formulas.gelu_tanh, vectors.gelu_tanh),
    "swish": Activation(formulas.swish, vectors.swish),
    "mish": Activation(formulas.mish, vectors.mish),
    "softplus": Activation(formulas.softplus, vectors.softplus),
    "softsign": Activation(formulas.softsign, vectors.softsign),
    "exponential": Activation(formulas.exponential, vectors.exponential),
    "hard_sigmoid": Activation(formulas.hard_sigmoid, vectors.hard_sigmoid),
}


def apply(name: str, x: Array) -> Array:
    """Return the activation of x in x's type: computed in float64, rounded once."""
    if name == "linear":
        return x
    with np.errstate(all="ignore"):
        return ACTIVATIONS[name].formula(x.astype(np.float64)).astype(x.dtype)


def activate(words: Any, name: str, x: Any) -> Any:
    """Return the activation of the vector x."""
    return ACTIVATIONS[name].vectors(words, x)
