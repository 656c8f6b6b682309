"""`conv3dt.keras` under the name that `tf.compat.v1` has for it."""

from ....keras import (
    activations,
    backend,
    constraints,
    initializers,
    mixed_precision,
    optimizers,
    regularizers,
)
from . import layers

__all__ = [
    "activations",
    "backend",
    "constraints",
    "initializers",
    "layers",
    "mixed_precision",
    "optimizers",
    "regularizers",
]
