"""Arrays of dask are computed by `conv3dt.dask`, lazily: the rule, in one place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._call.scalars import shown

# No __all__: this is for functions, not for who uses them.


def is_lazy(x: Any) -> bool:
    """Return whether an input is an array of dask; dask is not imported to find out."""
    kind = type(x)
    if kind is np.ndarray:  # 40 ns
        return False
    return any(base.__module__.startswith("dask.array.") for base in kind.__mro__)


def lazily(
    function: str, *arguments: Any, excluded: dict[str, Any], **options: Any
) -> NDArray[Any]:
    """Return what a function of `conv3dt.dask` returns; what it does not take must be None.

    To type checkers arrays of dask are what the eager functions return.
    """
    for name, given in excluded.items():
        if given is not None:
            raise TypeError(
                f"{function}: {name} must be None for a dask array, whose result is computed later;"
                f" got {shown(given)}. {_INSTEAD[name]}"
            )
    from ..dask import functions

    found: NDArray[Any] = getattr(functions, function.lower())(*arguments, **options)
    return found


def several(groups: Any) -> Any:
    """Return how many groups of channels were asked for; None for one, or for as many as fit."""
    return None if groups is None or groups == 1 else groups


_INSTEAD = {
    "groups": "Lazy results have one group of channels.",
    "out": "dask.array.store writes a result somewhere.",
    "region": "Slices of a result are computed alone.",
    "autotune": "It may sum the whole in another order than its parts.",
    "whole": "It is the input's own shape.",
}
