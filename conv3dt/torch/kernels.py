"""What the operators compute, on tensors of a CPU."""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from .._call.arguments import Call, usual_algorithm
from .._call.request import Request, Triple
from .._run import grouped
from .._run.filter_groups import correlate_groups
from .._run.turning import taps_together
from .._runtime import team
from .lengths import (
    ArgumentError,
    Ints,
    check_options,
    forward_shape,
    transposed_shape,
    weight_shape,
)
from .tensors import DTYPES, array_of, lies_channels_last, tensor_of

__all__ = ["conv3d", "conv3d_weight", "conv_transpose3d"]

Array = NDArray[Any]


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return the convolution."""
    request = _forward(
        *_known("conv3d", input, weight, bias),
        tuple(stride), tuple(padding), tuple(dilation), groups, usual_algorithm(),
    )  # fmt: skip
    return _made(request, input, weight, bias, (2, 3, 4, 0, 1))


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return the transposed convolution."""
    request = _transposed(
        *_known("conv_transpose3d", input, weight, bias),
        tuple(stride), tuple(padding), tuple(output_padding), tuple(dilation), groups,
        usual_algorithm(),
    )  # fmt: skip
    return _made(request, input, weight, bias, (2, 3, 4, 1, 0))


def conv3d_weight(
    big: Tensor,
    small: Tensor,
    kernel: Ints,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    groups: int,
) -> Tensor:
    """Return the gradient of a weight whose convolution makes `small` of `big`."""
    _known("conv3d_weight", big, small, None)
    weight_shape(big.shape, small.shape, kernel, stride, padding, dilation, groups)
    last = lies_channels_last(big)
    b, s = (array_of(x.permute(0, 2, 3, 4, 1) if last else x) for x in (big, small))
    axes = _three(kernel), _three(stride), _three(dilation), _three(padding)
    made = correlate_groups(b, s, axes, last, groups, threads=_threads())
    return tensor_of(taps_together(made, _threads()), big.dtype)


def _known(
    function: str, x: Tensor, w: Tensor, bias: Tensor | None
) -> tuple[torch.Size, torch.Size, torch.Size | None, torch.dtype, bool]:
    """Return what a request is made of: shapes, the dtype, whether channels lie last."""
    if x.dtype is not w.dtype or not (bias is None or bias.dtype is x.dtype):
        names = [str(t.dtype) for t in (x, w, bias) if t is not None]
        raise ArgumentError(
            f"{function}: all tensors must have the same dtype; got {', '.join(names)}."
        )
    if x.dtype not in DTYPES:
        legal = ", ".join(map(str, DTYPES))
        raise ArgumentError(f"{function}: the dtype must be one of {legal}; got {x.dtype}.")
    last = lies_channels_last(x) or lies_channels_last(w)
    return x.shape, w.shape, None if bias is None else bias.shape, x.dtype, last


@lru_cache(maxsize=1024)
def _forward(
    x: torch.Size,
    w: torch.Size,
    bias: torch.Size | None,
    dtype: torch.dtype,
    last: bool,
    s: Any,
    p: Any,
    d: Any,
    groups: int,
    algorithm: str,
) -> Request:
    """Return the request of a convolution."""
    check_options("conv3d", groups, stride=(s, 1), padding=(p, 0), dilation=(d, 1))
    shape = forward_shape(x, w, bias, s, p, d, groups)
    order = "NDHWC" if last else "NCDHW"
    return Request(
        x[0], tuple(x[2:]), x[1], w[0], tuple(w[2:]), s, d, shape[2:], p, order,
        DTYPES[dtype], bias is not None, "linear", True, algorithm, groups=groups,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _transposed(
    x: torch.Size,
    w: torch.Size,
    bias: torch.Size | None,
    dtype: torch.dtype,
    last: bool,
    s: Any,
    p: Any,
    more: Any,
    d: Any,
    groups: int,
    algorithm: str,
) -> Request:
    """Return the request of a transposed convolution."""
    check_options(
        "conv_transpose3d", groups,
        stride=(s, 1), padding=(p, 0), output_padding=(more, 0), dilation=(d, 1),
    )  # fmt: skip
    shape = transposed_shape(x, w, bias, s, p, more, d, groups)
    order = "NDHWC" if last else "NCDHW"
    return Request(
        x[0], tuple(x[2:]), x[1], shape[1], tuple(w[2:]), s, d, shape[2:], p, order,
        DTYPES[dtype], bias is not None, "linear", False, algorithm, groups=groups,
    )  # fmt: skip


def _made(
    request: Request,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    axes: tuple[int, ...],
) -> Tensor:
    """Return the result of a request, in the layout that it says.

    Its memory is the engine's, which is used again: as PyTorch gets it, the pages of 67 MB take
    35 ms, as long as their convolution.
    """
    last, value = request.data_format == "NDHWC", array_of(input)
    value = value.transpose(0, 2, 3, 4, 1) if last else value
    call = Call(
        request,
        value,
        array_of(weight).transpose(axes),
        None if bias is None else array_of(bias),
        None,
        _threads(),
    )
    result = grouped.run(call)
    # Not a view of a tensor: of these some that are made without gradients cannot be written to.
    return tensor_of(result.transpose(0, 4, 1, 2, 3) if last else result, input.dtype)


def _threads() -> int:
    """Return how many threads may work: as many as both libraries are told."""
    return min(team.default(), int(torch.get_num_threads()))


def _three(numbers: Ints) -> Triple:
    d, h, w = numbers
    return d, h, w
