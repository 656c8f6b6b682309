"""Initializers with the names and defaults of TensorFlow 1."""

from typing import Any

from ...keras import initializers

__all__ = [
    "constant_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "ones_initializer",
    "orthogonal_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "truncated_normal_initializer",
    "variance_scaling_initializer",
    "zeros_initializer",
]


def zeros_initializer(dtype: Any = None) -> initializers.Zeros:
    """Return `keras.initializers.Zeros()`; the type is the variable's."""
    return initializers.Zeros()


def ones_initializer(dtype: Any = None) -> initializers.Ones:
    """Return `keras.initializers.Ones()`; the type is the variable's."""
    return initializers.Ones()


def constant_initializer(value: Any = 0, dtype: Any = None) -> initializers.Constant:
    """Return `keras.initializers.Constant(value)`; the type is the variable's."""
    return initializers.Constant(value)


def random_uniform_initializer(
    minval: float = 0.0, maxval: float = 1.0, seed: int | None = None, dtype: Any = None
) -> initializers.RandomUniform:
    """Return `keras.initializers.RandomUniform`, by default between 0 and 1."""
    return initializers.RandomUniform(minval, maxval, seed)


def random_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = None
) -> initializers.RandomNormal:
    """Return `keras.initializers.RandomNormal`, by default of standard deviation 1."""
    return initializers.RandomNormal(mean, stddev, seed)


def truncated_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = None
) -> initializers.TruncatedNormal:
    """Return `keras.initializers.TruncatedNormal`, by default of standard deviation 1."""
    return initializers.TruncatedNormal(mean, stddev, seed)


variance_scaling_initializer = initializers.VarianceScaling
glorot_uniform_initializer = initializers.GlorotUniform
glorot_normal_initializer = initializers.GlorotNormal
orthogonal_initializer = initializers.Orthogonal
