"""Transposed 3-D convolution on CPUs, with TensorFlow's functions.

`conv3dt.conv3d_transpose` computes, `conv3dt.prepare` packs filters for many calls,
`conv3dt.explain` says how a call is computed; `conv3dt.conv3d` is the forward convolution;
`conv3d_transpose_backprop` and `conv3d_backprop` are their gradients. `conv3dt.nn`,
`conv3dt.raw_ops` and `conv3dt.compat.v1` have TensorFlow's signatures, `conv3dt.keras` its layers;
`conv3dt.torch` has PyTorch's functions and modules. Everything is loaded when it is first used.
"""

import sys

from ._compiler.version import __version__

TYPE_CHECKING = False  # type checkers know it by its name; importing typing takes milliseconds
if TYPE_CHECKING:
    from . import compat, keras, nn, raw_ops, weights
    from .functions.filter_gradient import conv3d_backprop_filter, explain_conv3d_backprop_filter
    from .functions.forward import conv3d, explain_conv3d
    from .functions.gradients import Gradients, conv3d_backprop, conv3d_transpose_backprop
    from .functions.needs import needed, needed_conv3d
    from .functions.prepared import Prepared, prepare
    from .functions.settings import clear_cache, set_recycling, show_config, threads
    from .functions.transposed import conv3d_transpose, explain
    from .functions.warmup import warmup

__all__ = [
    "Gradients",
    "Prepared",
    "__version__",
    "clear_cache",
    "compat",
    "conv3d",
    "conv3d_backprop",
    "conv3d_backprop_filter",
    "conv3d_transpose",
    "conv3d_transpose_backprop",
    "explain",
    "explain_conv3d",
    "explain_conv3d_backprop_filter",
    "keras",
    "needed",
    "needed_conv3d",
    "nn",
    "prepare",
    "raw_ops",
    "set_recycling",
    "show_config",
    "threads",
    "warmup",
    "weights",
]

# Which module has a public name.
_HOMES = {
    "Gradients": "functions.gradients",
    "Prepared": "functions.prepared",
    "clear_cache": "functions.settings",
    "conv3d": "functions.forward",
    "conv3d_backprop": "functions.gradients",
    "conv3d_backprop_filter": "functions.filter_gradient",
    "conv3d_transpose": "functions.transposed",
    "conv3d_transpose_backprop": "functions.gradients",
    "explain": "functions.transposed",
    "explain_conv3d": "functions.forward",
    "explain_conv3d_backprop_filter": "functions.filter_gradient",
    "needed": "functions.needs",
    "needed_conv3d": "functions.needs",
    "prepare": "functions.prepared",
    "set_recycling": "functions.settings",
    "show_config": "functions.settings",
    "threads": "functions.settings",
    "warmup": "functions.warmup",
}


class _Moved(type(sys)):  # type: ignore[misc]
    """A module that stands for another one, which is loaded when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        from .functions import array_activations

        return getattr(array_activations, name)


# Where layers that were pickled by earlier versions look for their activations.
sys.modules[f"{__name__}._activation_functions"] = _Moved("_activation_functions")


def __getattr__(name: str) -> object:
    """Load a public name."""
    from importlib import import_module

    if name in ("compat", "dask", "keras", "nn", "raw_ops", "torch", "weights"):
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found  # the next access does not come here
        join = getattr(sys.modules.get(f"{__name__}.functions.njit"), "join", None)
        if join:  # Numba is at work, and wants to know
            join(name, found)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
