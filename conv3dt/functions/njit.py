"""Functions that users' compiled code may call: what Numba loads before it compiles anything."""

import sys
from collections.abc import Callable
from typing import Any

from .._runtime import compiled

# No __all__: this is for Numba, which finds `init` by the entry point numba_extensions.


def _gradients(name: str, given: dict[str, Any]) -> Any:
    """Return the type of gradients."""
    from .gradients import Gradients

    return compiled.named(Gradients, {"bias": 1}, name, given)


# Public functions, and what type their result has.
_RESULTS: dict[str, compiled.Result] = {
    "conv3d": compiled.array,
    "conv3d_transpose": compiled.array,
    "conv3d_backprop_filter": compiled.array,
    "conv3d_backprop": _gradients,
    "conv3d_transpose_backprop": _gradients,
}


def init() -> None:
    """Join the functions that have been loaded; the others join when they are.

    Loading them takes 0.1 s, for which compiled code that calls none of them need not wait.
    """
    for name, found in [*vars(sys.modules["conv3dt"]).items()]:
        join(name, found)


def join(name: str, found: Callable[..., Any]) -> None:
    """Let compiled code call what a public name stands for, if it may."""
    if name in _RESULTS:
        compiled.join(found, _RESULTS[name])
