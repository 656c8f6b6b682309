"""The operators under `torch.func.vmap`: one more axis of some of their tensors."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import schemas as schemas  # they are defined

__all__ = ["conv3d", "conv3d_weight", "conv_transpose3d"]

OPS = torch.ops.conv3dt


def _convolution(operator: Any) -> Callable[..., tuple[Tensor, int]]:
    """Return the rule of an operator of which only the first tensor has a batch."""

    def rule(info: Any, in_dims: Any, input: Tensor, *rest: Any) -> tuple[Tensor, int]:
        if in_dims[0] is None or in_dims[1] is not None or in_dims[2] is not None:
            return _one_by_one(operator, info.batch_size, in_dims, (input, *rest))
        made = operator(input.movedim(in_dims[0], 0).flatten(0, 1), *rest)
        return made.unflatten(0, (info.batch_size, -1)), 0

    return rule


def conv3d_weight(info: Any, in_dims: Any, *arguments: Any) -> tuple[Tensor, int]:
    """Return gradients of a weight, each for an item of the batch."""
    return _one_by_one(OPS.conv3d_weight, info.batch_size, in_dims, arguments)


def _one_by_one(
    operator: Any, size: int, in_dims: Any, arguments: tuple[Any, ...]
) -> tuple[Tensor, int]:
    """Return the results of an operator for each item of the batch."""
    of_tensors = [
        given.unbind(axis) if isinstance(axis, int) else [given] * size
        for given, axis in zip(arguments, in_dims, strict=True)
    ]
    return torch.stack([operator(*item) for item in zip(*of_tensors, strict=True)]), 0


conv3d = _convolution(OPS.conv3d)
conv_transpose3d = _convolution(OPS.conv_transpose3d)
