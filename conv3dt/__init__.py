"""Transposed 3-D convolution on CPUs, with TensorFlow's functions.

`conv3dt.conv3d_transpose` computes, `conv3dt.explain` says how; `conv3dt.nn` and
`conv3dt.compat.v1.nn` have TensorFlow's signatures. Everything is loaded when it is first used.
"""

TYPE_CHECKING = False  # type checkers know it by its name; importing typing takes milliseconds
if TYPE_CHECKING:
    from . import compat, nn
    from ._api import conv3d_transpose, explain

__version__ = "0.1.0"
__all__ = ["__version__", "compat", "conv3d_transpose", "explain", "nn"]


def __getattr__(name: str) -> object:
    """Load a public name."""
    from importlib import import_module

    if name in ("compat", "nn"):
        return import_module(f"{__name__}.{name}")
    if name in ("conv3d_transpose", "explain"):
        found: object = getattr(import_module(f"{__name__}._api"), name)
        globals()[name] = found  # the next access does not come here
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
