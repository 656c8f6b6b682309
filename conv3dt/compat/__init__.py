"""The signatures of earlier TensorFlow versions."""

from . import v1

__all__ = ["v1"]
