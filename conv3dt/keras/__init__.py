"""Layers with the interface of Keras 2, and what is named in their options."""

from . import (
    activations,
    backend,
    constraints,
    initializers,
    layers,
    mixed_precision,
    optimizers,
    regularizers,
)
from ._variables import Variable

__all__ = [
    "Variable",
    "activations",
    "backend",
    "constraints",
    "initializers",
    "layers",
    "mixed_precision",
    "optimizers",
    "regularizers",
]
