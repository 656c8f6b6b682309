"""A part of a convolution's output, computed from the part of the input that it needs.

An output o of a transposed convolution is reached by the inputs i with o + p = i*s + k*d; those of
o0 <= o < o1 by inputs i0 <= i < i1 only. Counted from o0 and i0 the same relation holds with
another crop, and of a forward convolution, where i + p = o*s + k*d, with other zeros in front:

    p' = p + o0 - i0*s        forward: p' = p + i0 - o0*s

So a part is a request of its own, whose crop may be negative. Its sums have the terms of the whole,
and are made in the order of the whole: every bit is the same.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .._geometry.formats import FORMATS
from .._geometry.integers import reaching, reading
from .request import Request, Triple
from .scalars import as_integer, as_integers, shown

__all__ = ["Part", "Range", "as_part", "as_whole", "cut"]

Range: TypeAlias = tuple[int, int]  # from .. to
Frame: TypeAlias = tuple[Triple, Triple, Triple, int]

NAMES = "batch", "depth", "height", "width", "channels"
LEGAL = "3 ranges (depth, height, width) or 5, each (from, to) or a slice"


class Part(NamedTuple):
    """A part of a convolution. Ranges are of batch, depth, height, width, channels."""

    whole: Request
    request: Request  # of the part alone
    outputs: tuple[Range, ...]
    inputs: tuple[Range, ...]
    order: str | None = None  # of the whole's sums, where another process has chosen it

    @property
    def place(self) -> tuple[slice, ...]:
        """The index of the inputs in an array of all."""
        n, d, h, w, ci = (slice(*ends) for ends in self.inputs)
        found: tuple[slice, ...] = FORMATS[self.whole.data_format].ordered(n, (d, h, w), ci)
        return found

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the inputs."""
        return tuple(ends.stop - ends.start for ends in self.place)


def as_whole(function: str, region: Any, whole: Any) -> tuple[int, ...]:
    """Return the shape of the whole input, of which the part for a region is given."""
    if region is None or whole is None:
        given, missing = ("whole", "region") if region is None else ("region", "whole")
        raise ValueError(
            f"{function}: region (which outputs) and whole (the shape of the whole input) must be"
            f" given together; got {given} without {missing}."
        )
    shape = as_integers(function, "whole", getattr(whole, "shape", whole))
    if len(shape) != 5 or min(shape) < 0:
        raise ValueError(
            f"{function}: whole must be the shape of the whole input, 5 integers from 0;"
            f" got {shown(shape)}."
        )
    return shape


def as_part(function: str, region: Any, whole: Request) -> Part:
    """Return the part of a convolution that makes a region, as it was given."""
    return cut(whole, _as_ranges(function, region, whole))


def _as_ranges(function: str, region: Any, whole: Request) -> tuple[Range, ...]:
    """Return the ranges of batch, depth, height, width and channels that a region has."""
    most = whole.n, *whole.o, whole.co
    if isinstance(region, np.ndarray):
        region = region.tolist()
    if not isinstance(region, Sequence) or len(region) not in (3, 5):
        raise ValueError(f"{function}: region must be {LEGAL}; got {shown(region)}.")
    if len(region) == 3:
        region = (0, whole.n), *region, (0, whole.co)
    else:
        region = FORMATS[whole.data_format].sorted(region)
    named = zip(NAMES, region, most, strict=True)
    found = tuple(_as_range(function, name, given, length) for name, given, length in named)
    if whole.groups > 1 and found[4] != (0, whole.co):
        raise ValueError(
            f"{function}: region must have all channels, (0, {whole.co}), of a convolution with"
            f" groups; got {shown(found[4])}."
        )
    return found


def _as_range(function: str, name: str, given: Any, length: int) -> Range:
    """Return one range of a region, within the output."""
    if isinstance(given, slice):
        lo = 0 if given.start is None else given.start
        given = lo, length if given.stop is None else given.stop, given.step or 1
    rule = f"{function}: region must have ranges (from, to) within the output"
    try:
        lo, hi, *steps = (as_integer(function, "region", x) for x in given)
    except Exception as error:
        raise TypeError(f"{rule}; got {shown(given)} for {name}.") from error
    if steps not in ([], [1]) or not 0 <= lo <= hi <= length:
        raise ValueError(f"{rule}, 0 <= from <= to <= {length} for {name}; got {shown(given)}.")
    return lo, hi


@lru_cache(maxsize=1024)
def cut(whole: Request, outputs: tuple[Range, ...]) -> Part:
    """Return the part of a convolution that makes these outputs."""
    (n0, n1), *space, (c0, c1) = outputs
    empty = any(lo == hi for lo, hi in outputs) or 0 in whole.k
    inside = reading if whole.forward else reaching
    needs, crops = [], []
    for (lo, hi), i, k, s, d, p in zip(
        space, whole.i, whole.k, whole.s, whole.d, whole.p, strict=True
    ):
        start, end = inside(lo, hi, i, k, s, d, p)
        needs.append((start, start if empty else end))
        crops.append(p + start - lo * s if whole.forward else p + lo - start * s)
    i, o = ([hi - lo for lo, hi in ranges] for ranges in (needs, space))
    request = whole._replace(
        n=n1 - n0, i=(i[0], i[1], i[2]), co=c1 - c0, o=(o[0], o[1], o[2]),
        p=(crops[0], crops[1], crops[2]),
        frame=None if whole.algorithm == "direct" else _frame(whole, space, needs),
    )  # fmt: skip
    return Part(whole, request, outputs, ((n0, n1), *needs, (0, whole.ci)))


def _frame(whole: Request, outputs: list[Range], inputs: list[Range]) -> Frame:
    """Return where a part lies on the grid of tiles of its whole, as far as tiles see, and co.

    Tiles are two positions, of a stride and a dilation; they look no further than a kernel.
    """
    d, h, w = (
        (lo % (2 * s * dilation), min(i0, (k + 2) * dilation), min(i - i1, (k + 2) * dilation))
        for (lo, _), (i0, i1), i, k, s, dilation in zip(
            outputs, inputs, whole.i, whole.k, whole.s, whole.d, strict=True
        )
    )
    return d, h, w, whole.co // whole.groups
