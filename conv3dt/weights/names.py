"""How Keras names layers, and where it stores them, after their class."""

import re

__all__ = ["snake_case"]


def snake_case(name: str) -> str:
    """Conv3DTranspose -> conv3d_transpose."""
    parted = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower()
