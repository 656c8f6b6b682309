"""The signatures of TensorFlow 1, and what code that uses its layers needs besides."""

from . import keras, layers, nn
from ._initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from ._scopes import (
    AUTO_REUSE,
    global_variables,
    reset_default_graph,
    trainable_variables,
    variable_scope,
)

__all__ = [
    "AUTO_REUSE",
    "constant_initializer",
    "global_variables",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "keras",
    "layers",
    "nn",
    "ones_initializer",
    "orthogonal_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "reset_default_graph",
    "trainable_variables",
    "truncated_normal_initializer",
    "variable_scope",
    "variance_scaling_initializer",
    "zeros_initializer",
]
