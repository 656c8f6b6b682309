"""PyTorch's rules for shapes and options: which fit together, and what length comes out.

Shapes may have unknown extents, as compilers of models have them; nothing here is cached.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

__all__ = [
    "ArgumentError",
    "Ints",
    "check_options",
    "forward_shape",
    "remainder",
    "transposed_shape",
]

Ints: TypeAlias = Sequence[int]

LARGEST = 2**31 - 1  # of options: their products with extents fit in 64 bits


class ArgumentError(ValueError, RuntimeError):
    """An illegal argument: a ValueError as everywhere in conv3dt, a RuntimeError as in PyTorch."""


def check_options(function: str, groups: int, **options: tuple[Ints, int]) -> None:
    """Refuse options that are not three integers from their least legal value on."""
    for name, (given, least) in options.items():
        if len(given) != 3 or not all(least <= number <= LARGEST for number in given):
            raise ArgumentError(
                f"{function}: {name} must be 3 integers from {least} to {LARGEST}; got {[*given]}."
            )
    if groups < 1:
        raise ArgumentError(f"{function}: groups must be 1 or more; got {groups}.")


def forward_shape(
    x: Ints, w: Ints, bias: Ints | None, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> tuple[Any, ...]:
    """Return the shape of what conv3d makes."""
    _check_ranks("conv3d", x, w)
    _check_channels("conv3d", "input channels", x[1], w[1] * groups)
    if w[0] % groups:
        raise ArgumentError(
            f"conv3d: weight must have a multiple of groups, {groups}, output channels; got {w[0]}."
        )
    _check_bias("conv3d", bias, w[0])
    axes = zip(x[2:], w[2:], stride, padding, dilation, strict=True)
    return _made("conv3d", (x[0], w[0]), [_forward(*axis) for axis in axes], x, w)


def transposed_shape(
    x: Ints,
    w: Ints,
    bias: Ints | None,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    dilation: Ints,
    groups: int,
) -> tuple[Any, ...]:
    """Return the shape of what conv_transpose3d makes."""
    _check_ranks("conv_transpose3d", x, w)
    _check_channels("conv_transpose3d", "input channels", x[1], w[0])
    if w[0] % groups:
        raise ArgumentError(
            f"conv_transpose3d: weight must have a multiple of groups, {groups}, input channels;"
            f" got {w[0]}."
        )
    _check_bias("conv_transpose3d", bias, w[1] * groups)
    axes = zip(x[2:], w[2:], stride, padding, dilation, strict=True)
    lengths = [_transposed(*axis) + e for axis, e in zip(axes, output_padding, strict=True)]
    return _made("conv_transpose3d", (x[0], w[1] * groups), lengths, x, w)


def weight_shape(
    big: Ints, small: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> tuple[Any, ...]:
    """Return the shape of what conv3d_weight makes."""
    check_options(
        "conv3d_weight", groups,
        kernel=(kernel, 1), stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1),
    )  # fmt: skip
    if len(big) != 5 or len(small) != 5 or big[0] != small[0]:
        raise ArgumentError(
            "conv3d_weight: big and small must have 5 axes and the same batch;"
            f" got shapes {tuple(big)} and {tuple(small)}."
        )
    if big[1] % groups or small[1] % groups:
        raise ArgumentError(
            f"conv3d_weight: big and small must have multiples of groups, {groups}, as channels;"
            f" got {big[1]} and {small[1]}."
        )
    if not all(n >= 0 for n in remainder(big[2:], small[2:], kernel, stride, padding, dilation)):
        raise ArgumentError(
            "conv3d_weight: small must be no longer than what conv3d makes of big;"
            f" got shapes {tuple(small)} and {tuple(big)}."
        )
    return (small[1], big[1] // groups, *kernel)


def remainder(
    big: Ints, small: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints
) -> list[Any]:
    """Return how much longer `big` is than the least from which conv3d makes `small`."""
    axes = zip(small, kernel, stride, padding, dilation, strict=True)
    return [long - _transposed(*axis) for long, axis in zip(big, axes, strict=True)]


def _forward(i: int, k: int, s: int, p: int, d: int) -> int:
    return (i + 2 * p - d * (k - 1) - 1) // s + 1


def _transposed(i: int, k: int, s: int, p: int, d: int) -> int:
    return (i - 1) * s - 2 * p + d * (k - 1) + 1


def _check_ranks(function: str, x: Ints, w: Ints) -> None:
    """Refuse shapes that are not of five axes, or are empty though there is a batch."""
    for name, shape in (("input", x), ("weight", w)):
        # Lengths of an empty batch may be zero: asked last, for compilers note all that is asked.
        if len(shape) != 5 or not (
            all(extent > 0 for extent in shape[1:])
            or (name == "input" and shape[1] > 0 and shape[0] == 0)
        ):
            raise ArgumentError(
                f"{function}: {name} must have 5 axes, none of them empty but the batch;"
                f" got shape {tuple(shape)}."
            )


def _check_channels(function: str, what: str, found: int, wanted: int) -> None:
    """Refuse channels that are not those of the weight."""
    if found != wanted:
        raise ArgumentError(
            f"{function}: input must have the {what} of weight and groups, {wanted}; got {found}."
        )


def _check_bias(function: str, bias: Ints | None, channels: int) -> None:
    """Refuse a bias that is not a number for each output channel."""
    if bias is not None and (len(bias) != 1 or bias[0] != channels):
        raise ArgumentError(f"{function}: bias must have shape ({channels},); got {tuple(bias)}.")


def _made(function: str, head: Ints, lengths: Ints, x: Ints, w: Ints) -> tuple[Any, ...]:
    """Return the shape of a result, once it has a row, or no batch."""
    if not (all(n > 0 for n in lengths) or (x[0] == 0 and all(n >= 0 for n in lengths))):
        raise ArgumentError(
            f"{function}: depth, height and width of the result must be positive;"
            f" got {[*lengths]} for input {tuple(x)} and weight {tuple(w)}."
        )
    return (*head, *lengths)
