"""The operators `torch.ops.conv3dt`: what compilers, exporters and transforms of PyTorch see.

All three are linear in each of their tensors, and the derivatives of each are the others: so they
can be differentiated as often as one likes.
"""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

import torch
from torch import Tensor

from . import batching, derivatives, kernels
from .lengths import Ints, check_options, forward_shape, transposed_shape, weight_shape
from .schemas import LIBRARY, SCHEMAS
from .tensors import lies_channels_last, new

__all__ = ["LIBRARY"]


def _conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return what a convolution makes, without its numbers."""
    check_options(
        "conv3d", groups, stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1)
    )
    made = forward_shape(
        input.shape, weight.shape, None if bias is None else bias.shape,
        stride, padding, dilation, groups,
    )  # fmt: skip
    return new(made, input, lies_channels_last(input) or lies_channels_last(weight))


def _conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return what a transposed convolution makes, without its numbers."""
    check_options(
        "conv_transpose3d", groups,
        stride=(stride, 1), padding=(padding, 0), output_padding=(output_padding, 0),
        dilation=(dilation, 1),
    )  # fmt: skip
    made = transposed_shape(
        input.shape, weight.shape, None if bias is None else bias.shape,
        stride, padding, output_padding, dilation, groups,
    )  # fmt: skip
    return new(made, input, lies_channels_last(input) or lies_channels_last(weight))


def _conv3d_weight(
    big: Tensor,
    small: Tensor,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return what the gradient of a weight makes, without its numbers."""
    shape = weight_shape(big.shape, small.shape, kernel, stride, padding, dilation, groups)
    return new(shape, big, False)


for name, fake in zip(SCHEMAS, (_conv3d, _conv_transpose3d, _conv3d_weight), strict=True):
    LIBRARY.impl(name, getattr(kernels, name), "CPU")
    LIBRARY.impl(name, getattr(derivatives, name), "Autograd")
    torch.library.register_fake(f"conv3dt::{name}", fake, lib=LIBRARY)
    torch.library.register_vmap(f"conv3dt::{name}", getattr(batching, name), lib=LIBRARY)
