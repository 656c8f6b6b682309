"""The names and arguments of the operators `torch.ops.conv3dt`."""

import torch

__all__ = ["LIBRARY", "SCHEMAS"]

_OPTIONS = "int[] stride, int[] padding, int[] dilation, int groups"
SCHEMAS = {
    "conv3d": f"(Tensor input, Tensor weight, Tensor? bias, {_OPTIONS}) -> Tensor",
    # Lengths of inputs that a compiler does not know yet are in the output_padding of derivatives.
    "conv_transpose3d": (
        "(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding,"
        " SymInt[] output_padding, int[] dilation, int groups) -> Tensor"
    ),
    "conv3d_weight": f"(Tensor big, Tensor small, int[] kernel, {_OPTIONS}) -> Tensor",
}

LIBRARY = torch.library.Library("conv3dt", "DEF")  # what it has registered goes with it
for name, schema in SCHEMAS.items():
    LIBRARY.define(name + schema, tags=(torch.Tag.pt2_compliant_tag,))
