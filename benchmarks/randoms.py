"""Numbers for all libraries alike. Imports NumPy only: other interpreters have no conv3dt."""

import numpy as np

__all__ = ["numbers"]

_DIFFERENT = 1_000_003  # before they repeat: drawing takes longer than computing with them


def numbers(shape):
    """Return an array of normally distributed float32."""
    return np.resize(np.random.default_rng(0).standard_normal(_DIFFERENT, np.float32), shape)
