"""Requests in other forms: what is taken for channels, for rows, or for a transposed layer."""

from math import prod

from ..._call.request import Request
from ..._geometry.formats import FORMATS
from ..._geometry.storages import OPERANDS, PAIRS
from ..._geometry.tuning import TUNING, Machine

__all__ = [
    "as_transposed",
    "is_alone",
    "taps_of_a_position",
    "with_inputs_as_channels",
    "with_neighbours_as_channels",
    "with_pairs",
    "with_patches_as_channels",
    "with_positions_in_a_row",
    "with_positions_in_rows",
    "with_taps_apart",
    "with_taps_as_channels",
]


def with_taps_apart(r: Request) -> Request:
    """Return the request with each tap a phase of its own, along axes of a single input.

    Whatever the stride is, no output has two taps there; panels of a phase are used when they have
    been packed. Not where that would part outputs that are neighbours in memory: 16 x 1^3 x 128 to
    512, kernel 4, took 1.1 times as long. A part does as its whole.
    """
    if r.forward:
        return r
    wholes = [before + i + behind for i, (_, before, behind) in zip(r.i, r.frames, strict=True)]
    d, h, w = (max(r.s[a], r.k[a]) if r.d[a] == 1 == wholes[a] else r.s[a] for a in range(3))
    return r._replace(s=(d, *r.s[1:]) if FORMATS[r.data_format].apart else (d, h, w))


def with_pairs(r: Request) -> Request:
    """Return the request with pairs of input channels as one, where that are fewer."""
    if r.dtype != "bfloat16" or r.ci < 2:
        return r
    return r._replace(dtype=PAIRS, ci=-(-r.ci // 2))


def taps_of_a_position(r: Request) -> int:
    """Return how many taps of the width a position has; 0 if phases have different numbers."""
    if r.forward:
        return r.k[2]
    return 0 if r.k[2] % r.s[2] else r.k[2] // r.s[2]


def with_taps_as_channels(r: Request) -> Request:
    """Return the request with the inputs of a position along the width as its channels.

    Of one channel, so that pairs can be made: position v has the inputs v - reach to v, every d-th
    of them, and zeros where there are none. (Had phases different numbers of taps, a weight of zero
    would meet an input that belongs to another phase, and may be infinite.)
    """
    taps, (s, d) = taps_of_a_position(r), (r.s[2], r.d[2])
    if r.dtype != "bfloat16" or r.ci != 1 or taps < 2 or (not r.forward and 1 not in (s, d)):
        return r
    reach = (taps - 1) * d
    k, p = (1, r.p[2] - reach) if r.forward else (s, r.p[2])
    i = r.i[2] + reach
    return r._replace(
        ci=taps, i=(*r.i[:2], i), k=(*r.k[:2], k), d=(*r.d[:2], 1), p=(*r.p[:2], p)
    )  # fmt: skip


def with_inputs_as_channels(r: Request) -> Request:
    """Return the forward request whose channels are all that a position reads of a row.

    Where kernel and stride are equal along the width: w and ci of the input are one axis in memory,
    and so are k and ci of the filters. Of an odd number of channels, so that pairs can be made as
    they lie.
    """
    s = r.s[2]
    alone = r.k[2] == s > 1 == r.d[2] and r.i[2] == s * r.o[2] and r.p[2] == 0
    odd = r.dtype == "bfloat16" and r.ci % 2 == 1 and s % 2 == 0 and r.groups == 1
    if not (r.forward and alone and odd) or FORMATS[r.data_format].apart:
        return r
    return r._replace(
        ci=s * r.ci, i=(*r.i[:2], r.o[2]), k=(*r.k[:2], 1), s=(*r.s[:2], 1)
    )  # fmt: skip


def with_neighbours_as_channels(r: Request, machine: Machine) -> Request:
    """Return the request with the outputs that an input makes along the width as channels.

    Where kernel and stride are equal, w and co of the output are one axis in memory, and so are k
    and co of the filters; of a part, only where it begins with a first tap. Beyond a block of
    channels nothing is gained: the rows of one are written before those of the next.
    """
    s = r.s[2]
    alone = r.k[2] == s > 1 == r.d[2] and r.o[2] == s * r.i[2] and r.p[2] == 0
    apart = r.among or FORMATS[r.data_format].apart
    block = len(machine.rows) * machine.vector_bytes // OPERANDS[r.dtype].size
    if r.forward or apart or not alone or s * r.co > block:
        return r
    return r._replace(co=s * r.co, k=(*r.k[:2], 1), s=(*r.s[:2], 1), o=(*r.o[:2], r.i[2]))


def with_positions_in_a_row(r: Request) -> Request:
    """Return the request whose width is all of depth, height and width, if it has one tap.

    Where channels lie apart: then no row ends before all positions do.
    """
    if r.scattered or not (is_alone(r) and FORMATS[r.data_format].apart):
        return r
    return r._replace(i=(1, 1, prod(r.i)), o=(1, 1, prod(r.o)))


def with_patches_as_channels(r: Request) -> Request:
    """Return the request of one tap and one row whose channels are what a position reads.

    Of a forward layer whose strides are no shorter than its kernel, where channels lie apart: then
    the outputs of a channel are one row, whatever the input's rows are, and each input is packed
    once. (tap of depth, height, width; channel), nothing beyond the input.
    """
    axes = tuple(zip(r.i, r.k, r.s, r.o, strict=True))
    alone = all(0 < k <= s and 0 < (o - 1) * s + k <= i for i, k, s, o in axes)
    near = all(d == 1 or k == 1 for d, k in zip(r.d, r.k, strict=True))
    apart = r.forward and FORMATS[r.data_format].apart and r.p == (0, 0, 0) and max(r.s) > 1
    if not (apart and alone and near and r.ci and r.groups == 1):
        return r
    row = (1, 1, prod(r.o))
    ones = (1, 1, 1)
    return r._replace(ci=prod(r.k) * r.ci, i=row, o=row, k=ones, s=ones, d=ones)


def with_positions_in_rows(r: Request) -> Request:
    """Return the request of groups with longer rows, each a plane, if it has one tap.

    Where channels lie apart: a plane is packed, computed and turned, and should stay in L1 or L2.
    """
    if r.scattered or 0 in r.i or not (is_alone(r) and FORMATS[r.data_format].apart):
        return r
    positions = prod(r.i)
    most = min(positions, TUNING.depthwise_row)
    length = next(n for n in range(most, 0, -1) if positions % n == 0)
    return r._replace(i=(i := (positions // length, 1, length)), o=i) if length > r.i[2] else r


def as_transposed(r: Request) -> Request:
    """Return a forward request without strides as the transposed one that it is, taps reversed.

    i + p = o + k*d is o + q = i + (K - 1 - k)*d, where K - 1 is the last tap, q = (K - 1)*d - p.
    """
    if not r.forward or r.s != (1, 1, 1):
        return r
    d, h, w = ((k - 1) * d - p for k, d, p in zip(r.k, r.d, r.p, strict=True))
    return r._replace(forward=False, p=(d, h, w))


def is_alone(r: Request) -> bool:
    """Return whether each output is made of the input at its place."""
    return r.k == r.s == (1, 1, 1) and r.p == (0, 0, 0) and r.i == r.o
