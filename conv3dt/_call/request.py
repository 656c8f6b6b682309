"""The canonical request, made of shapes and options that fit together."""

from functools import lru_cache
from math import prod
from typing import NamedTuple

from .._geometry.formats import FORMATS
from .._geometry.integers import crop, natural_length
from .._geometry.storages import OPERANDS
from .checks import (
    AxisAsked,
    Triple,
    check_channels,
    check_groups,
    check_length,
    check_output,
    check_rank_of_output,
    check_ranks,
    check_size,
    forward_length_of,
    groups_of,
    split,
    three,
    triple,
)

__all__ = ["Request", "Triple", "make_forward_request", "make_request"]


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
    # lie before and behind its own, as far as it matters. Then the output channels of the whole.
    frame: tuple[Triple, Triple, Triple, int] | None = None
    groups: int = 1  # of channels: each output has the inputs of its own group only
    among: int = 0  # channels of the output array, where `co` of them are written; 0: all are
    scattered: bool = False  # the input's positions are no single row in memory

    @property
    def function(self) -> str:
        """Name of the public function that computes it."""
        return "conv3d" if self.forward else "conv3d_transpose"

    @property
    def frames(self) -> tuple[Triple, Triple, Triple]:
        """Where it lies in its whole along each axis, as `frame` has it; a whole has nothing."""
        return self.frame[:3] if self.frame else ((0, 0, 0),) * 3

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output in the order of data_format."""
        return FORMATS[self.data_format].ordered(self.n, self.o, self.co)

    @property
    def input_bytes(self) -> int:
        """Bytes of the input."""
        return self.n * prod(self.i) * self.ci * OPERANDS[self.dtype].item

    @property
    def output_bytes(self) -> int:
        """Bytes of the output."""
        return self.n * prod(self.o) * self.co * OPERANDS[self.dtype].item

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Shape of the array that the output lies in: more channels, where it is `among` others."""
        return FORMATS[self.data_format].ordered(self.n, self.o, self.among or self.co)


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
    groups: int | None = 1,
) -> Request:
    """Return the request of arguments that are each of the right kind.

    Without `output_shape` every axis gets its natural length; without `groups` there are as many
    as the channels say.
    """
    check_ranks(function, value, filters, data_format)
    if output_shape is not None:
        check_rank_of_output(function, output_shape, data_format)
    n, ci, i = split(value, data_format)
    made = None if output_shape is None else split(output_shape, data_format)
    check_channels(function, filters, ci, groups)
    count = groups_of(groups, made[1] if made else filters[3], filters[3])
    k, co = triple(filters[:3]), check_groups(function, filters, count, bias)
    s = three(function, "strides", strides, data_format)
    d = three(function, "dilations", dilations, data_format)
    if made is None:
        o = triple([natural_length(*axis, padding) for axis in zip(i, k, s, d, strict=True)])
    else:
        batch, channels, o = made
        check_output(function, batch, channels, n, co, data_format, groups)
    for number, axis in enumerate(zip(i, k, s, d, strict=True)):
        check_length(function, number, AxisAsked(*axis, padding), o[number], data_format)
    p = triple([crop(*axis, padding) for axis in zip(i, k, s, d, o, strict=True)])
    kept = prepared and algorithm == "minimal"
    request = Request(
        n, i, ci, co, k, s, d, o, p, data_format, dtype, bias is not None, activation,
        algorithm=algorithm, prepared=kept, groups=count,
    )  # fmt: skip
    check_size(function, request.output_shape, dtype)
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
    groups: int | None = 1,
) -> Request:
    """Return the request of a forward convolution; its filters have input channels first."""
    check_ranks(function, value, filters, data_format, forward=True)
    n, ci, i = split(value, data_format)
    check_channels(function, filters, ci, groups, forward=True)
    count = groups_of(groups, ci, filters[3])
    k, co = triple(filters[:3]), check_groups(function, filters, count, bias, forward=True)
    s = three(function, "strides", strides, data_format)
    d = three(function, "dilations", dilations, data_format)
    axes = [AxisAsked(*axis, padding) for axis in zip(i, k, s, d, strict=True)]
    o = triple([forward_length_of(function, *axis) for axis in enumerate(axes)])
    crops = (crop(made, *axis[1:4], axis.i, padding) for made, axis in zip(o, axes, strict=True))
    p, has_bias = triple([*crops]), bias is not None
    request = Request(
        n, i, ci, co, k, s, d, o, p, data_format, dtype, has_bias, activation, True, algorithm,
        groups=count,
    )  # fmt: skip
    check_size(function, request.output_shape, dtype)
    return request
