"""PyTorch's modules with our functions inside: parameters, names and checkpoints are the same."""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from typing import Any

import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from .functions import conv3d, conv_transpose3d

__all__ = ["Conv3d", "ConvTranspose3d", "LazyConv3d", "LazyConvTranspose3d"]


class Conv3d(nn.Conv3d):
    """`torch.nn.Conv3d`, computed by `conv3dt.torch.conv3d`.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> layer = conv3dt.torch.Conv3d(2, 3, kernel_size=3, padding=1)
    >>> layer(torch.ones(1, 2, 8, 8, 8)).shape
    torch.Size([1, 3, 8, 8, 8])
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            around = self._reversed_padding_repeated_twice
            input, padding = F.pad(input, around, mode=self.padding_mode), 0
        return conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class ConvTranspose3d(nn.ConvTranspose3d):
    """`torch.nn.ConvTranspose3d`, computed by `conv3dt.torch.conv_transpose3d`.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> layer = conv3dt.torch.ConvTranspose3d(2, 3, kernel_size=2, stride=2)
    >>> layer(torch.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 3, 8, 8, 8])
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Return the result, of output_size if that is given."""
        more = self.output_padding
        if output_size is not None:
            more = self._output_padding(
                input, output_size, self.stride, self.padding, self.kernel_size, 3, self.dilation
            )
        return conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups,
            self.dilation,
        )  # fmt: skip


class LazyConv3d(nn.LazyConv3d):
    """`torch.nn.LazyConv3d`, which becomes our `Conv3d`."""

    cls_to_become = Conv3d


class LazyConvTranspose3d(nn.LazyConvTranspose3d):
    """`torch.nn.LazyConvTranspose3d`, which becomes our `ConvTranspose3d`."""

    cls_to_become = ConvTranspose3d
