"""The canonical request, and whether shapes and options fit together."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple, TypeAlias

from .._geometry.formats import FORMATS
from .._geometry.integers import crop, effective, forward_length, legal_lengths, natural_length
from .._geometry.storages import OPERANDS
from .scalars import shown

__all__ = ["Request", "Triple", "check_ranks", "make_forward_request", "make_request"]

Triple: TypeAlias = tuple[int, int, int]

DIMENSIONS = {"N": "batch", "D": "depth", "H": "height", "W": "width", "C": "channels"}
LARGEST_STEP = 2**31 - 1  # of strides and dilations: their products with extents fit in 64 bits
LONGEST_AXIS = 2**62  # before cropping, for the same reason
MOST_BYTES = 2**63 - 1
_LENGTHS = {"conv3d_transpose_backprop": "out_backprop.shape"}  # which has the output's lengths


class Request(NamedTuple):
    """One convolution, transposed or forward, in canonical form, without its arrays; hashable."""

    n: int  # batch
    i: Triple  # input extents: depth, height, width
    ci: int
    co: int
    k: Triple  # kernel extents
    s: Triple  # strides
    d: Triple  # dilations
    o: Triple  # output extents
    p: Triple  # rows cropped in front; of a forward convolution, zeros in front of the input
    data_format: str  # a row of _geometry.formats
    dtype: str  # a row of _geometry.storages
    bias: bool
    activation: str  # a row of _compiler.activations.table
    forward: bool = False
    algorithm: str = "auto"  # one of `arguments.ALGORITHMS`
    prepared: bool = False  # 'minimal' only: filters are kept, which may be large for that
    # Of a part of a whole, for each axis: where it lies on the grid of tiles, and how many inputs
    # lie before and behind its own, as far as it matters.
    frame: tuple[Triple, Triple, Triple] | None = None

    @property
    def function(self) -> str:
        """Name of the public function that computes it."""
        return "conv3d" if self.forward else "conv3d_transpose"

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output in the order of data_format."""
        return FORMATS[self.data_format].ordered(self.n, self.o, self.co)

    @property
    def output_bytes(self) -> int:
        """Bytes of the output."""
        return self.n * prod(self.o) * self.co * OPERANDS[self.dtype].item


class _Axis(NamedTuple):
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


@lru_cache(maxsize=1024)
def make_request(
    function: str,
    value: tuple[int, ...],
    filters: tuple[int, ...],
    bias: tuple[int, ...] | None,
    dtype: str,
    output_shape: tuple[int, ...] | None,
    strides: tuple[int, ...],
    padding: str,
    data_format: str,
    dilations: tuple[int, ...],
    activation: str,
    algorithm: str = "auto",
    prepared: bool = False,
) -> Request:
    """Return the request of arguments that are each of the right kind.

    Without `output_shape` every axis gets its natural length.
    """
    check_ranks(function, value, filters, data_format)
    if output_shape is not None:
        _check_rank_of_output(function, output_shape, data_format)
    n, ci, i = _split(value, data_format)
    k, co = _triple(filters[:3]), filters[3]
    _check_channels(function, filters, ci, bias)
    s = _three(function, "strides", strides, data_format)
    d = _three(function, "dilations", dilations, data_format)
    if output_shape is None:
        o = _triple([natural_length(*axis, padding) for axis in zip(i, k, s, d, strict=True)])
    else:
        batch, channels, o = _split(output_shape, data_format)
        _check_output(function, batch, channels, n, co, data_format)
    for number, axis in enumerate(zip(i, k, s, d, strict=True)):
        _check_length(function, number, _Axis(*axis, padding), o[number], data_format)
    p = _triple([crop(*axis, padding) for axis in zip(i, k, s, d, o, strict=True)])
    kept = prepared and algorithm == "minimal"
    request = Request(
        n, i, ci, co, k, s, d, o, p, data_format, dtype, bias is not None, activation,
        algorithm=algorithm, prepared=kept,
    )  # fmt: skip
    _check_size(function, request)
    return request


@lru_cache(maxsize=1024)
def make_forward_request(
    function: str,
    value: tuple[int, ...],
    filters: tuple[int, ...],
    bias: tuple[int, ...] | None,
    dtype: str,
    strides: tuple[int, ...],
    padding: str,
    data_format: str,
    dilations: tuple[int, ...],
    activation: str,
    algorithm: str = "auto",
) -> Request:
    """Return the request of a forward convolution; its filters have input channels first."""
    check_ranks(function, value, filters, data_format, forward=True)
    n, ci, i = _split(value, data_format)
    k, co = _triple(filters[:3]), filters[4]
    _check_channels(function, filters, ci, bias, forward=True)
    s = _three(function, "strides", strides, data_format)
    d = _three(function, "dilations", dilations, data_format)
    axes = [_Axis(*axis, padding) for axis in zip(i, k, s, d, strict=True)]
    o = _triple([_forward_length(function, *axis) for axis in enumerate(axes)])
    crops = (crop(made, *axis[1:4], axis.i, padding) for made, axis in zip(o, axes, strict=True))
    p, has_bias = _triple([*crops]), bias is not None
    request = Request(
        n, i, ci, co, k, s, d, o, p, data_format, dtype, has_bias, activation, True, algorithm
    )  # fmt: skip
    _check_size(function, request)
    return request


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


def _check_rank_of_output(function: str, output_shape: tuple[int, ...], data_format: str) -> None:
    """Reject an output_shape that is not five integers."""
    order = ", ".join(DIMENSIONS[letter] for letter in data_format)
    if len(output_shape) != 5:
        raise ValueError(
            f"{function}: output_shape must be 5 integers ({order}); got {shown(output_shape)}."
        )


def _check_channels(
    function: str,
    filters: tuple[int, ...],
    ci: int,
    bias: tuple[int, ...] | None,
    forward: bool = False,
) -> None:
    """Reject an input or a bias that does not fit the filters."""
    channels, co = filters[3:] if forward else filters[:2:-1]
    if ci != channels:
        raise ValueError(
            f"{function}: input must have as many channels as the"
            f" {'fourth' if forward else 'last'} dimension of filters, {channels}; got {ci}."
        )
    if bias is not None and bias != (co,):
        raise ValueError(
            f"{function}: bias must have shape {(co,)}, the output channels of filters;"
            f" got shape {shown(bias)}."
        )


def _check_output(
    function: str, batch: int, channels: int, n: int, co: int, data_format: str
) -> None:
    """Reject a batch or channels in output_shape that input or filters do not have."""
    if batch not in (n, -1):
        raise ValueError(
            f"{function}: output_shape[0] must be {n}, the batch of input, or -1;"
            f" got {shown(batch)}."
        )
    if channels != co:
        raise ValueError(
            f"{function}: output_shape[{data_format.index('C')}] must be {co}, the output channels"
            f" of filters (their fourth dimension); got {shown(channels)}."
        )


def _check_length(function: str, number: int, axis: _Axis, o: int, data_format: str) -> None:
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


def _forward_length(function: str, number: int, axis: _Axis) -> int:
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


def _check_size(function: str, request: Request) -> None:
    """Reject more bytes than 64 bits can count; empty dimensions count as 1, as in NumPy."""
    numbers = prod(max(1, extent) for extent in request.output_shape)
    if numbers * OPERANDS[request.dtype].item > MOST_BYTES:
        raise ValueError(
            f"{function}: the output must have at most {MOST_BYTES} bytes;"
            f" got output_shape {request.output_shape} of {request.dtype}."
        )


def _listed(lengths: range) -> str:
    """Return a range as words."""
    first, last = lengths[0], lengths[-1]
    if last - first < 2:
        return " or ".join(map(str, lengths))
    return f"from {first} to {last}"


def _three(function: str, name: str, given: tuple[int, ...], data_format: str) -> Triple:
    """Return strides or dilations as three positive integers."""
    if len(given) not in (1, 3, 5):
        raise ValueError(f"{function}: {name} must be 1, 3 or 5 integers; got {shown(given)}.")
    if not all(1 <= number <= LARGEST_STEP for number in given):
        raise ValueError(
            f"{function}: {name} must be from 1 to {LARGEST_STEP}; got {shown(given)}."
        )
    if len(given) < 5:
        return _triple(given if len(given) == 3 else given * 3)
    batch, channels, space = _split(given, data_format)
    if (batch, channels) != (1, 1):
        raise ValueError(
            f"{function}: {name}[0] and {name}[{data_format.index('C')}], for batch and channels"
            f" of {data_format}, must be 1; got {given}."
        )
    return space


def _split(shape: Sequence[int], data_format: str) -> tuple[int, int, Triple]:
    """Return batch, channels and space."""
    n, d, h, w, channels = FORMATS[data_format].sorted(shape)
    return n, channels, (d, h, w)


def _triple(numbers: Sequence[int]) -> Triple:
    d, h, w = numbers
    return d, h, w
