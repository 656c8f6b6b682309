"""The way round PyTorch's dispatcher, which takes longer than a small convolution.

It is for numbers here that nobody watches: then all that the dispatcher would find is the kernel.
"""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from . import kernels
from . import schemas as schemas  # they are defined
from .tensors import DTYPES

__all__ = ["conv3d", "conv3d_weight", "conv_transpose3d", "is_differentiated", "is_here"]

OPS = torch.ops.conv3dt
PLAIN = Tensor, Parameter


def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None, *options: Any) -> Tensor:
    """Return the convolution, from the kernel itself or from the operator."""
    return _of(kernels.conv3d, OPS.conv3d, (input, weight, bias), options)


def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None, *options: Any) -> Tensor:
    """Return the transposed convolution, likewise."""
    return _of(kernels.conv_transpose3d, OPS.conv_transpose3d, (input, weight, bias), options)


def conv3d_weight(big: Tensor, small: Tensor, *options: Any) -> Tensor:
    """Return the gradient of a weight, likewise."""
    return _of(kernels.conv3d_weight, OPS.conv3d_weight, (big, small), options)


def _of(kernel: Any, operator: Any, tensors: tuple[Any, ...], options: tuple[Any, ...]) -> Tensor:
    direct = is_here(*tensors) and not is_differentiated(*tensors)
    made: Tensor = (kernel if direct else operator)(*tensors, *options)
    return made


def is_here(input: Any, weight: Any, bias: Any = None) -> bool:
    """Return whether these are numbers of a CPU, and nobody watches what is made of them."""
    if torch.compiler.is_compiling() or not (type(input) in PLAIN and type(weight) in PLAIN):
        return False
    dtype = input.dtype
    if bias is not None and not (type(bias) in PLAIN and bias.is_cpu and bias.dtype is dtype):
        return False
    return (
        input.is_cpu
        and weight.is_cpu
        and input.layout is weight.layout is torch.strided
        and dtype in DTYPES
        and weight.dtype is dtype
        and input.dim() == 5
        and not _is_watched()
    )


def is_differentiated(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    """Return whether derivatives may be asked for."""
    return torch.is_grad_enabled() and (
        input.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    )


def _is_watched() -> bool:
    """Return whether PyTorch does more for an operator than to compute it."""
    return bool(
        torch._C._len_torch_dispatch_stack()
        or torch._C._is_torch_function_mode_enabled()
        or torch._C._are_functorch_transforms_active()
        or torch._C._get_tracing_state()
        or forward_ad._current_level >= 0
        or torch.is_autocast_enabled("cpu")
        or torch.autograd._profiler_enabled()
    )
