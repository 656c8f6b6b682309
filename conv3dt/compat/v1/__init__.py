"""The signatures of TensorFlow 1."""

from . import nn

__all__ = ["nn"]
