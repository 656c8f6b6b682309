"""What the operators compute, on tensors of a CPU."""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from .._call.arguments import Call, usual_algorithm
from .._call.request import Request
from .._run import grouped
from .._run.filter_groups import correlate_groups
from .._run.known import again, kind_of
from .._run.run import known_of
from .._run.turning import taps_together
from .._runtime import team
from .._runtime.recycle import address
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
    options = tuple(stride), tuple(padding), tuple(dilation), groups
    return _convolution(_forward, input, weight, bias, options)


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
    options = tuple(stride), tuple(padding), tuple(output_padding), tuple(dilation), groups
    return _convolution(_transposed, input, weight, bias, options)


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
    _check_dtypes("conv3d_weight", big, small, None)
    axes: Any = tuple(kernel), tuple(stride), tuple(dilation), tuple(padding)
    _check_weight(big.shape, small.shape, axes, groups)
    last, threads = lies_channels_last(big), _threads()
    b, s = (array_of(x.permute(0, 2, 3, 4, 1) if last else x) for x in (big, small))
    how: Any = {"threads": threads, "algorithm": usual_algorithm()}
    made = correlate_groups(b, s, axes, last, groups, **how)
    return tensor_of(taps_together(made, threads), big.dtype)


@lru_cache(maxsize=1024)
def _check_weight(big: torch.Size, small: torch.Size, axes: Any, groups: int) -> None:
    """Refuse what has no gradient of a weight."""
    kernel, stride, dilation, padding = axes
    weight_shape(big, small, kernel, stride, padding, dilation, groups)


def _check_dtypes(function: str, x: Tensor, w: Tensor, bias: Tensor | None) -> None:
    """Refuse dtypes that differ, or that nothing is computed in."""
    if x.dtype is not w.dtype or not (bias is None or bias.dtype is x.dtype):
        names = [str(t.dtype) for t in (x, w, bias) if t is not None]
        raise ArgumentError(
            f"{function}: all tensors must have the same dtype; got {', '.join(names)}."
        )
    if x.dtype not in DTYPES:
        legal = ", ".join(map(str, DTYPES))
        raise ArgumentError(f"{function}: the dtype must be one of {legal}; got {x.dtype}.")


def _known(
    function: str, x: Tensor, w: Tensor, bias: Tensor | None
) -> tuple[torch.Size, torch.Size, torch.Size | None, torch.dtype, bool]:
    """Return what a request is made of: shapes, the dtype, whether channels lie last."""
    _check_dtypes(function, x, w, bias)
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


def _convolution(
    read: Any, input: Tensor, weight: Tensor, bias: Tensor | None, options: tuple[Any, ...]
) -> Tensor:
    """Return the result of a convolution, `read` being what makes its request.

    Its memory is the engine's, which is used again: as PyTorch gets it, the pages of 67 MB take
    35 ms, as long as their convolution.
    """
    at, weight_at, threads = input.data_ptr(), weight.data_ptr(), _threads()
    kind = kind_of(
        read, options, threads, usual_algorithm(),
        input.dtype, input.shape, input.stride(), weight.dtype, weight.shape, weight.stride(),
        None if bias is None else (bias.dtype, bias.shape),
        (at | weight_at) % 8, 0 in (at, weight_at), input.is_neg(), weight.is_neg(),
    )  # fmt: skip
    known, made = kind.known, None
    if known is not None:
        request, biases = known.plan.request, None if bias is None else array_of(bias)
        made = again(known, at, weight_at, biases, None, None, input, weight)
    if made is None:
        call = _call(read, input, weight, bias, options, threads)
        request, made = call.request, grouped.run(call)
        if (address(call.value), address(call.filters)) == (at, weight_at):  # no copies
            kind.known = known_of(call)
    # Not a view of a tensor: of these some that are made without gradients cannot be written to.
    made = made.transpose(0, 4, 1, 2, 3) if request.data_format == "NDHWC" else made
    return tensor_of(made, input.dtype)


def _call(
    read: Any,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    options: tuple[Any, ...],
    threads: int,
) -> Call:
    """Return the call that computes a convolution, in the layout that its result has."""
    transposed = read is _transposed
    name = "conv_transpose3d" if transposed else "conv3d"
    request = read(*_known(name, input, weight, bias), *options, usual_algorithm())
    value, filters = array_of(input), array_of(weight)
    return Call(
        request,
        value.transpose(0, 2, 3, 4, 1) if request.data_format == "NDHWC" else value,
        filters.transpose(2, 3, 4, 1, 0) if transposed else filters.transpose(2, 3, 4, 0, 1),
        None if bias is None else array_of(bias),
        None,
        threads,
    )


def _threads() -> int:
    """Return how many threads may work: as many as both libraries are told."""
    return min(team.default(), int(torch.get_num_threads()))
