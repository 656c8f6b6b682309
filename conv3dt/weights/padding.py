"""PyTorch's padding as a call of conv3dt."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .._call.scalars import as_integers, shown
from .._geometry.integers import effective

__all__ = ["TorchCall", "like_torch"]

AXES = ("depth", "height", "width")


class TorchCall(NamedTuple):
    """A call that computes what a `ConvTranspose3d` does.

    Attributes
    ----------
    arguments : dict
        Of `conv3dt.conv3d_transpose` and `conv3dt.nn.conv3d_transpose`, but for the arrays.
    crop : tuple of slice
        The part of the result that is PyTorch's.
    """

    arguments: dict[str, Any]
    crop: tuple[slice, ...]


def like_torch(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
) -> TorchCall:
    """Return the call that computes what `torch.nn.functional.conv_transpose3d` does.

    PyTorch cuts `padding` rows off both ends of the full result, and puts `output_padding` rows
    at the end, which lie beyond it or are cut less. The call is 'VALID' and makes those rows too;
    what it returns beyond PyTorch's result has to be cropped.

    Parameters
    ----------
    input_shape : sequence of 5 int
        (batch, in_channels, depth, height, width).
    weight_shape : sequence of 5 int
        (in_channels, out_channels, depth, height, width), of PyTorch's weight.
    stride, padding, output_padding, dilation : int or sequence of 3 int
        As PyTorch has them.

    Returns
    -------
    TorchCall
        For `filters = weight.permute(2, 3, 4, 1, 0)` and an input in PyTorch's order.

    Raises
    ------
    TypeError
        If an argument is no integer or sequence of integers.
    ValueError
        If an argument has an illegal value: stride and dilation must be positive, padding must not
        be negative and must leave a row of the result, output_padding must be less than stride or
        dilation, and here less than stride + padding. An input without a batch needs an axis of 1.

    See Also
    --------
    load : PyTorch's weights as filters.

    Examples
    --------
    >>> import numpy as np
    >>> import conv3dt
    >>> x, weight = np.ones((1, 2, 3, 3, 3), "f4"), np.ones((2, 4, 3, 3, 3), "f4")
    >>> call = conv3dt.weights.like_torch(x.shape, weight.shape, 2, padding=1, output_padding=1)
    >>> filters = weight.transpose(2, 3, 4, 1, 0)
    >>> conv3dt.conv3d_transpose(x, filters, **call.arguments)[call.crop].shape
    (1, 4, 6, 6, 6)
    """
    inputs, weight = _shapes(input_shape, weight_shape)
    strides, dilations = _three("stride", stride, 1), _three("dilation", dilation, 1)
    paddings, extras = _three("padding", padding, 0), _three("output_padding", output_padding, 0)
    given = zip(inputs[2:], weight[2:], strides, paddings, extras, dilations, strict=True)
    axes = [_axis(name, *axis) for name, axis in zip(AXES, given, strict=True)]
    arguments = {
        "output_shape": (inputs[0], weight[1], *(length for length, _ in axes)),
        "strides": strides,
        "padding": "VALID",
        "data_format": "NCDHW",
        "dilations": dilations,
    }
    return TorchCall(arguments, (slice(None), slice(None), *(crop for _, crop in axes)))


def _shapes(input_shape: Any, weight_shape: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return both shapes, once they fit."""
    inputs = as_integers("like_torch", "input_shape", input_shape)
    weight = as_integers("like_torch", "weight_shape", weight_shape)
    hint = "; an input without a batch needs one: x[None]" if len(inputs) == 4 else ""
    for name, words, sizes, more in (
        ("input_shape", "batch, in_channels", inputs, hint),
        ("weight_shape", "in_channels, out_channels", weight, ""),
    ):
        if len(sizes) != 5:
            raise ValueError(
                f"like_torch: {name} must be 5 integers, ({words}, depth, height, width);"
                f" got {shown(sizes)}{more}."
            )
        if min(sizes[1:]) < 1 or sizes[0] < (name == "weight_shape"):
            raise ValueError(f"like_torch: {name} must have positive sizes; got {shown(sizes)}.")
    if inputs[1] != weight[0]:
        raise ValueError(
            "like_torch: input_shape and weight_shape must have the same in_channels;"
            f" got {inputs[1]} and {weight[0]}."
        )
    return inputs, weight


def _axis(name: str, i: int, k: int, s: int, padding: int, extra: int, d: int) -> tuple[int, slice]:
    """Return the length to compute and the part of it that PyTorch returns."""
    if not extra < max(s, d) or extra - padding >= s:
        raise ValueError(
            f"like_torch: output_padding must be from 0 to {min(max(s, d), s + padding) - 1} for"
            f" stride {s}, dilation {d}, padding {padding}; got {extra}."
        )
    full = (i - 1) * s + effective(k, d)
    end = full - padding + extra
    if end <= padding:
        raise ValueError(
            f"like_torch: padding must be from 0 to {(full + extra - 1) // 2} for {name}, whose"
            f" full result has {full} rows and output_padding {extra}; got {padding}."
        )
    return max(full, end), slice(padding, end)


def _three(name: str, given: Any, least: int) -> tuple[int, ...]:
    """Return three integers of one or three."""
    numbers = as_integers("like_torch", name, given)
    if len(numbers) not in (1, 3):
        raise ValueError(f"like_torch: {name} must be 1 or 3 integers; got {shown(given)}.")
    _at_least(name, numbers, least)
    return numbers * 3 if len(numbers) == 1 else numbers


def _at_least(name: str, numbers: Iterable[int], least: int) -> None:
    """Refuse what is less than the least legal value."""
    for number in numbers:
        if number < least:
            raise ValueError(f"like_torch: {name} must be at least {least}; got {number}.")
