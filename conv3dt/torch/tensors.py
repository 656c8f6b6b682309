"""Tensors as arrays and the other way round, without a copy."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DTYPES", "array_of", "lies_channels_last", "new", "tensor_of"]

# What conv3dt computes with, by its own names; NumPy gets bfloat16 from ml_dtypes.
DTYPES = {
    torch.float32: "float32",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
    torch.float64: "float64",
}
LAST = torch.channels_last_3d


def lies_channels_last(x: Tensor) -> bool:
    """Return whether the channels of a position lie together, as part of such a tensor, too."""
    if x.is_contiguous():
        return False
    if x.is_contiguous(memory_format=LAST):
        return True
    least = 1
    for axis in (1, 4, 3, 2, 0):
        step, extent = x.stride(axis), x.shape[axis]
        if step < least or (axis == 1 and step != 1):
            return False
        least = step * extent if extent > 1 else step
    return bool(x.shape[1] > 1)


def array_of(x: Tensor) -> NDArray[Any]:
    """Return the numbers of a tensor where they lie."""
    if x.dtype is torch.bfloat16:
        from ml_dtypes import bfloat16

        found: NDArray[Any] = x.detach().view(torch.int16).numpy(force=True).view(bfloat16)
        return found
    array: NDArray[Any] = x.numpy(force=True)
    return array


def tensor_of(array: NDArray[Any], dtype: torch.dtype) -> Tensor:
    """Return an array as a tensor of its dtype."""
    if dtype is torch.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def new(shape: Any, like: Tensor, last: bool) -> Tensor:
    """Return a tensor for a result, uninitialised; of unknown extents, too."""
    layout = LAST if last else torch.contiguous_format
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=layout)
