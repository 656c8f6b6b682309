"""The functions of `torch.nn.functional`, computed by conv3dt."""

from __future__ import annotations  # PyTorch may be a stand-in that knows no |

from collections.abc import Sequence
from operator import index
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function

from . import kernels
from . import operators as operators  # they register themselves
from .derivatives import differentiable_conv3d, differentiable_conv_transpose3d
from .direct import is_differentiated, is_here
from .lengths import ArgumentError
from .tensors import DTYPES

__all__ = ["conv3d", "conv_transpose3d"]

OPS = torch.ops.conv3dt
Three: TypeAlias = tuple[int, int, int]


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Compute what `torch.nn.functional.conv_transpose3d` does.

    Derivatives are taken as usual, of any order; so is `torch.compile`, `torch.export`,
    `torch.func` but for forward-mode differentiation, and autocast. What conv3dt does not compute
    is left to PyTorch: other devices, complex numbers, integers, sparse tensors.

    Parameters
    ----------
    input : Tensor, shape (batch, in_channels, depth, height, width)
        Or without the batch; contiguous, channels_last_3d or any view. float32, float64, bfloat16
        or float16.
    weight : Tensor, shape (in_channels, out_channels / groups, depth, height, width)
        Of the same dtype.
    bias : Tensor, shape (out_channels,), optional
        Added to the result.
    stride, padding, output_padding, dilation : int or sequence of 3 int
        As PyTorch has them; output_padding is less than stride or dilation.
    groups : int, default 1
        Into which the channels fall.

    Returns
    -------
    Tensor, shape (batch, out_channels, depth, height, width)
        channels_last_3d if input or weight is, else contiguous.

    Raises
    ------
    ValueError, RuntimeError
        If arguments do not fit together: an error that is both.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> x, w = torch.ones(1, 2, 4, 4, 4), torch.ones(2, 3, 2, 2, 2)
    >>> conv3dt.torch.conv_transpose3d(x, w, stride=2).shape
    torch.Size([1, 3, 8, 8, 8])
    """
    tensors = input, weight, bias
    here = is_here(*tensors)
    if not (here or _is_ours(*tensors)):
        given = *tensors, stride, padding, output_padding, groups, dilation
        return _elsewhere(conv_transpose3d, F.conv_transpose3d, given)
    steps, apart = _three("stride", stride), _three("dilation", dilation)
    more = _three("output_padding", output_padding)
    _check_output_padding(more, steps, apart)
    options = steps, _three("padding", padding), more, apart, groups
    if here:
        differentiable = differentiable_conv_transpose3d
        return _directly(kernels.conv_transpose3d, differentiable, tensors, options)
    return _dispatched(OPS.conv_transpose3d.default, tensors, options)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Compute what `torch.nn.functional.conv3d` does.

    The same holds as for `conv_transpose3d`.

    Parameters
    ----------
    input : Tensor, shape (batch, in_channels, depth, height, width)
        Or without the batch; contiguous, channels_last_3d or any view. float32, float64, bfloat16
        or float16.
    weight : Tensor, shape (out_channels, in_channels / groups, depth, height, width)
        Of the same dtype.
    bias : Tensor, shape (out_channels,), optional
        Added to the result.
    stride, padding, dilation : int or sequence of 3 int
        As PyTorch has them; padding may be 'valid', and for stride 1 'same'.
    groups : int, default 1
        Into which the channels fall.

    Returns
    -------
    Tensor, shape (batch, out_channels, depth, height, width)
        channels_last_3d if input or weight is, else contiguous.

    Raises
    ------
    ValueError, RuntimeError
        If arguments do not fit together: an error that is both.

    Examples
    --------
    >>> import torch, conv3dt.torch
    >>> x, w = torch.ones(1, 2, 8, 8, 8), torch.ones(3, 2, 3, 3, 3)
    >>> conv3dt.torch.conv3d(x, w, padding="same").shape
    torch.Size([1, 3, 8, 8, 8])
    """
    here = is_here(input, weight, bias)
    if not (here or _is_ours(input, weight, bias)):
        given = input, weight, bias, stride, padding, dilation, groups
        return _elsewhere(conv3d, F.conv3d, given)
    steps, apart = _three("stride", stride), _three("dilation", dilation)
    if isinstance(padding, str):
        input, padding = _padded(input, weight, padding, steps, apart)
    tensors, options = (input, weight, bias), (steps, _three("padding", padding), apart, groups)
    if here:
        return _directly(kernels.conv3d, differentiable_conv3d, tensors, options)
    return _dispatched(OPS.conv3d.default, tensors, options)


def _directly(
    kernel: Any, differentiable: Any, tensors: tuple[Any, ...], options: tuple[Any, ...]
) -> Tensor:
    """Return what a kernel makes of numbers here, as something that can be differentiated."""
    compute = differentiable if is_differentiated(*tensors) else kernel
    made: Tensor = compute(*tensors, *options)
    return made


def _is_ours(input: Any, weight: Any, bias: Any) -> bool:
    """Return whether conv3dt computes with these; the rest is PyTorch's, as are its errors."""
    tensors = [x for x in (input, weight, bias) if x is not None]
    if has_torch_function(tensors) or not all(isinstance(x, Tensor) for x in tensors):
        return False
    return (
        all(x.is_cpu or x.is_meta for x in tensors)
        and all(x.layout is torch.strided and x.dtype in DTYPES for x in tensors)
        and input.dim() in (4, 5)
    )


def _elsewhere(function: Any, other: Any, given: tuple[Any, ...]) -> Tensor:
    """Return what a class of tensors makes of a function of ours, or PyTorch's own function."""
    tensors = given[:3]
    made: Tensor
    if has_torch_function(tensors):
        made = handle_torch_function(function, tensors, *given)
    else:
        made = other(*given)
    return made


def _padded(
    input: Tensor, weight: Tensor, padding: str, stride: Three, dilation: Three
) -> tuple[Tensor, Any]:
    """Return the input and the padding in numbers; what differs by one is put behind the input."""
    if padding == "valid":
        return input, 0
    if padding != "same" or stride != (1, 1, 1):
        raise ArgumentError(
            "conv3d: padding must be integers, 'valid', or 'same' with stride 1;"
            f" got {padding!r} with stride {stride}."
        )
    both = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(rows % 2 for rows in both):
        input = F.pad(input, [n for rows in reversed(both) for n in (0, rows % 2)])
    return input, [rows // 2 for rows in both]


def _three(name: str, given: Any) -> Three:
    """Return three integers of one or of a sequence."""
    if type(given) is int:
        return given, given, given
    if type(given) is tuple and len(given) == 3:
        a, b, c = given
        if type(a) is type(b) is type(c) is int:
            return given
    try:
        numbers = [index(x) for x in (given if isinstance(given, Sequence) else [given])]
    except TypeError as error:
        raise ArgumentError(f"conv3dt.torch: {name} must be integers; got {given!r}.") from error
    if len(numbers) not in (1, 3):
        raise ArgumentError(f"conv3dt.torch: {name} must be 1 or 3 integers; got {given!r}.")
    a, b, c = numbers * 3 if len(numbers) == 1 else numbers
    return a, b, c


def _check_output_padding(more: Three, stride: Three, dilation: Three) -> None:
    """Refuse more rows than PyTorch makes."""
    for e, s, d in zip(more, stride, dilation):  # noqa: B905 - all are three
        if e >= s and e >= d:
            raise ArgumentError(
                "conv_transpose3d: output_padding must be less than stride or dilation;"
                f" got {more} for stride {stride} and dilation {dilation}."
            )


def _dispatched(
    operator: Any, tensors: tuple[Tensor, Tensor, Tensor | None], options: tuple[Any, ...]
) -> Tensor:
    """Return the result of an operator, in the dtype of autocast, which leaves float64 alone."""
    input, weight, bias = tensors
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        input, weight, bias = (
            x if x is None or x.dtype is torch.float64 else x.to(dtype) for x in tensors
        )
    if input.dim() == 5:
        made: Tensor = operator(input, weight, bias, *options)
        return made
    return operator(input[None], weight, bias, *options)[0]
