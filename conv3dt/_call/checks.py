"""Whether shapes and options fit together: every rule is here once, with its error."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

from .._geometry.formats import FORMATS
from .._geometry.integers import effective, forward_length, legal_lengths
from .._geometry.storages import OPERANDS
from .scalars import shown

__all__ = [
    "AxisAsked", "Triple", "check_channels", "check_groups", "check_length", "check_output",
    "check_rank_of_output", "check_ranks", "check_size", "forward_length_of", "groups_of", "split",
    "three", "triple",
]  # fmt: skip

Triple: TypeAlias = tuple[int, int, int]

DIMENSIONS = {"N": "batch", "D": "depth", "H": "height", "W": "width", "C": "channels"}
LARGEST_STEP = 2**31 - 1  # of strides and dilations: their products with extents fit in 64 bits
_LENGTHS = {"conv3d_transpose_backprop": "out_backprop.shape"}  # which has the output's lengths
LONGEST_AXIS = 2**62  # before cropping, for the same reason
MOST_BYTES = 2**63 - 1


class AxisAsked(NamedTuple):
    """What the lengths of one axis depend on."""

    i: int
    k: int
    s: int
    d: int
    padding: str

    def described(self, number: int) -> str:
        """Return the axis in words."""
        what = DIMENSIONS["DHW"[number]]
        return f"{what} {self.i}, kernel {self.k}, stride {self.s}, dilation {self.d}"


def check_ranks(
    function: str,
    value: tuple[int, ...],
    filters: tuple[int, ...],
    data_format: str,
    forward: bool = False,
) -> None:
    """Reject an input or filters that do not have five dimensions."""
    order = ", ".join(DIMENSIONS[letter] for letter in data_format)
    channels = ("input", "output") if forward else ("output", "input")
    inner = "depth, height, width, {} channels, {} channels".format(*channels)
    rank = "5 dimensions or more" if forward else "5 dimensions"
    for name, shape, ranks, names in (
        ("input", value, rank, order),
        ("filters", filters, "5 dimensions", inner),
    ):
        if len(shape) != 5:
            raise ValueError(
                f"{function}: {name} must have {ranks} ({names}); got shape {shown(shape)}."
            )


def check_rank_of_output(function: str, output_shape: tuple[int, ...], data_format: str) -> None:
    """Reject an output_shape that is not five integers."""
    order = ", ".join(DIMENSIONS[letter] for letter in data_format)
    if len(output_shape) != 5:
        raise ValueError(
            f"{function}: output_shape must be 5 integers ({order}); got {shown(output_shape)}."
        )


def groups_of(groups: int | None, channels: int, of_a_group: int) -> int:
    """Return how many groups there are: as asked, or as many as channels of one make all."""
    if groups is not None:
        return groups
    fit = of_a_group > 0 and channels > 0 and channels % of_a_group == 0
    return channels // of_a_group if fit else 1


def check_channels(
    function: str, filters: tuple[int, ...], ci: int, groups: int | None, forward: bool = False
) -> None:
    """Reject an input whose channels are not those of the filters."""
    channels = filters[3 if forward else 4]
    wanted = channels * (groups_of(groups, ci, channels) if forward else 1)
    if ci == wanted:
        return
    what = f"the {'fourth' if forward else 'last'} dimension of filters, {channels}"
    if forward and groups is None:
        what += ", or a multiple of that, a group each"
    elif forward and groups != 1:
        what = f"groups times {what}: {groups}*{channels} = {wanted}"
    raise ValueError(f"{function}: input must have as many channels as {what}; got {ci}.")


def check_groups(
    function: str,
    filters: tuple[int, ...],
    groups: int,
    bias: tuple[int, ...] | None,
    forward: bool = False,
) -> int:
    """Return the output channels; reject filters that cannot be divided, a bias of other length."""
    if filters[4] % groups:
        kind = "output" if forward else "input"
        raise ValueError(
            f"{function}: the last dimension of filters, the {kind} channels, must be divisible by"
            f" groups, {groups}; got {filters[4]}."
        )
    co = filters[4] if forward else filters[3] * groups
    if bias is not None and bias != (co,):
        raise ValueError(
            f"{function}: bias must have shape {(co,)}, the output channels of filters"
            f"{' in all groups' if groups > 1 and not forward else ''}; got shape {shown(bias)}."
        )
    return co


def check_output(
    function: str,
    batch: int,
    channels: int,
    n: int,
    co: int,
    data_format: str,
    groups: int | None = 1,
) -> None:
    """Reject a batch or channels in output_shape that input or filters do not have."""
    if batch not in (n, -1):
        raise ValueError(
            f"{function}: output_shape[0] must be {n}, the batch of input, or -1;"
            f" got {shown(batch)}."
        )
    if channels != co:
        what = "the output channels of filters (their fourth dimension)"
        if groups is None:
            what += ", or a multiple of that, a group each"
        elif groups > 1:
            what = f"groups, {groups}, times the fourth dimension of filters"
        raise ValueError(
            f"{function}: output_shape[{data_format.index('C')}] must be {co}, {what};"
            f" got {shown(channels)}."
        )


def check_length(function: str, number: int, axis: AxisAsked, o: int, data_format: str) -> None:
    """Reject an output length from which the forward convolution would not make the input's."""
    what = axis.described(number)
    if (axis.i - 1) * axis.s + effective(axis.k, axis.d) > LONGEST_AXIS:
        raise ValueError(f"{function}: at most {LONGEST_AXIS} rows can be made; got {what}.")
    legal = legal_lengths(*axis)
    if o in legal:
        return
    where = f"{_LENGTHS.get(function, 'output_shape')}[{data_format.index('D') + number}]"
    what = f"for {what}, padding {axis.padding!r}; got {shown(o)}"
    if not legal:
        raise ValueError(f"{function}: no {where} is legal {what}.")
    raise ValueError(f"{function}: {where} must be {_listed(legal)} {what}.")


def forward_length_of(function: str, number: int, axis: AxisAsked) -> int:
    """Return the length of the forward convolution, if it has one."""
    if axis.i + effective(axis.k, axis.d) + axis.s > LONGEST_AXIS:
        raise ValueError(
            f"{function}: input and kernel must have at most {LONGEST_AXIS} rows together;"
            f" got {axis.described(number)}."
        )
    length = forward_length(*axis)
    if length < 0:
        raise ValueError(
            f"{function}: {DIMENSIONS['DHW'[number]]} of input must be at least"
            f" {effective(axis.k, axis.d) - axis.s} with padding {axis.padding!r};"
            f" got {axis.described(number)}."
        )
    return length


def check_size(function: str, shape: tuple[int, ...], dtype: str) -> None:
    """Reject more bytes than 64 bits can count; empty dimensions count as 1, as in NumPy."""
    numbers = prod(max(1, extent) for extent in shape)
    if numbers * OPERANDS[dtype].item > MOST_BYTES:
        raise ValueError(
            f"{function}: the output must have at most {MOST_BYTES} bytes;"
            f" got output_shape {shape} of {dtype}."
        )


def _listed(lengths: range) -> str:
    """Return a range as words."""
    first, last = lengths[0], lengths[-1]
    if last - first < 2:
        return " or ".join(map(str, lengths))
    return f"from {first} to {last}"


def three(function: str, name: str, given: tuple[int, ...], data_format: str) -> Triple:
    """Return strides or dilations as three positive integers."""
    if len(given) not in (1, 3, 5):
        raise ValueError(f"{function}: {name} must be 1, 3 or 5 integers; got {shown(given)}.")
    if not all(1 <= number <= LARGEST_STEP for number in given):
        raise ValueError(
            f"{function}: {name} must be from 1 to {LARGEST_STEP}; got {shown(given)}."
        )
    if len(given) < 5:
        return triple(given if len(given) == 3 else given * 3)
    batch, channels, space = split(given, data_format)
    if (batch, channels) != (1, 1):
        raise ValueError(
            f"{function}: {name}[0] and {name}[{data_format.index('C')}], for batch and channels"
            f" of {data_format}, must be 1; got {given}."
        )
    return space


def split(shape: Sequence[int], data_format: str) -> tuple[int, int, Triple]:
    """Return batch, channels and space."""
    n, d, h, w, channels = FORMATS[data_format].sorted(shape)
    return n, channels, (d, h, w)


def triple(numbers: Sequence[int]) -> Triple:
    d, h, w = numbers
    return d, h, w
