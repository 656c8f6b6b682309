"""What a layer does with what the kernels have computed, of arrays and of arrays of dask."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..functions.lazy import is_lazy
from . import _activation_layers as layers

__all__ = ["finished", "refuse_lazy"]

_ELEMENTWISE = layers.ELU, layers.LeakyReLU, layers.ReLU, layers.ThresholdedReLU


def finished(name: str, y: Any, part: Any, activation: Callable[..., Any] | None) -> NDArray[Any]:
    """Return a part of a result, None is all, after an activation."""
    if is_lazy(y):
        part_of_y: NDArray[Any] = y if part is None else y[part]
        return part_of_y if activation is None else _activated(name, part_of_y, activation)
    result: NDArray[Any] = y if part is None else np.ascontiguousarray(y[part])
    if activation is not None:
        result = np.asarray(activation(result)).astype(result.dtype, copy=False)
    return result


def _activated(name: str, y: Any, activation: Callable[..., Any]) -> Any:
    """Return an array of dask after an activation, which sees a chunk at a time."""
    if not isinstance(activation, _ELEMENTWISE):
        axis = _axis_of(name, activation)
        y = y.rechunk({axis: -1})

    def activated(block: Any) -> Any:
        return np.asarray(activation(block)).astype(block.dtype, copy=False)

    return y.map_blocks(activated, dtype=y.dtype, meta=y._meta)


def _axis_of(name: str, activation: Any) -> int:
    """Return the axis along which an activation has to see all numbers; most need none."""
    if isinstance(activation, layers.Softmax) and isinstance(activation.axis, int):
        return int(activation.axis)
    if isinstance(activation, FunctionType) and activation.__module__.startswith("conv3dt."):
        return -1
    raise TypeError(
        f"{name}: activation of a dask array must be a function of conv3dt, for others may need"
        f" more than a chunk; got {activation!r}. Let it be linear, and apply it to the result."
    )


def refuse_lazy(name: str, what: str, y: Any) -> None:
    """Raise TypeError for what would compute all of an array of dask."""
    if is_lazy(y):
        raise TypeError(f"{name}: with {what} the input must not be a dask array; got one.")
