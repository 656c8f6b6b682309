"""Versions: the package's, which is part of where compiled code is kept, and those of others."""

__all__ = ["__version__", "installed"]

__version__ = "0.1.0"


def installed(name: str) -> str:
    """Return the version of a package, 'missing' if there is none.

    Frozen applications and slimmed images have packages whose description is left out: they are
    imported and asked.
    """
    from importlib import import_module, metadata

    try:
        if found := metadata.version(name):
            return found
    except Exception:  # it is missing, or damaged in one of several ways
        pass
    try:
        return str(getattr(import_module(name), "__version__", "unknown"))
    except ImportError:
        return "missing"
