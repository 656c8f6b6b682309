"""The version of the package, which is part of where compiled code is kept."""

__all__ = ["__version__"]

__version__ = "0.1.0"
