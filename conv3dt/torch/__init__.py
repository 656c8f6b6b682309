"""PyTorch's 3-D convolutions on CPUs, computed by conv3dt: for models that exist already.

`accelerate(model)` makes its convolutions ours, in place; `conv_transpose3d` and `conv3d` have the
signatures of `torch.nn.functional`, the modules are subclasses of PyTorch's. The operators
`torch.ops.conv3dt` can be differentiated, compiled and exported.
"""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"conv3dt.torch needs PyTorch ({error}): pip install 'conv3dt[torch]'"
    ) from error

from .functions import conv3d, conv_transpose3d
from .modules import Conv3d, ConvTranspose3d, LazyConv3d, LazyConvTranspose3d
from .reporting import report
from .swapping import accelerate, restore

__all__ = [
    "Conv3d",
    "ConvTranspose3d",
    "LazyConv3d",
    "LazyConvTranspose3d",
    "accelerate",
    "conv3d",
    "conv_transpose3d",
    "report",
    "restore",
]
