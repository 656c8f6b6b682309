"""Layers with the interface of Keras 2, and what is named in their options."""

from . import activations, backend, constraints, initializers, layers, mixed_precision, regularizers

__all__ = [
    "activations",
    "backend",
    "constraints",
    "initializers",
    "layers",
    "mixed_precision",
    "regularizers",
]
