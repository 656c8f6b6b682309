"""The orders of an array's dimensions, one row each."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

__all__ = ["FORMATS", "Format", "lie_in_a_row"]


class Format(NamedTuple):
    """An order of dimensions.

    >>> FORMATS["NCDHW"].ordered(2, (5, 6, 7), 64)
    (2, 64, 5, 6, 7)
    >>> FORMATS["NCDHW"].sorted((2, 64, 5, 6, 7))
    (2, 5, 6, 7, 64)
    """

    name: str  # TensorFlow's
    apart: bool  # neighbouring channels lie apart in memory
    space: tuple[int, int, int]  # the places of depth, height and width
    ordered: Callable[[Any, Any, Any], tuple[Any, ...]]  # of batch, space and channels
    sorted: Callable[[Any], tuple[Any, ...]]  # into batch, depth, height, width, channels


FORMATS = {
    row.name: row
    for row in (
        Format("NDHWC", False, (1, 2, 3), lambda n, i, c: (n, *i, c), itemgetter(0, 1, 2, 3, 4)),
        Format("NCDHW", True, (2, 3, 4), lambda n, i, c: (n, c, *i), itemgetter(0, 2, 3, 4, 1)),
    )
}


def lie_in_a_row(extents: Sequence[int], steps: Sequence[int]) -> bool:
    """Return whether positions lie at even distances, one line behind the other.

    >>> lie_in_a_row((2, 3, 4), (48, 16, 4)), lie_in_a_row((2, 3, 4), (64, 16, 4))
    (True, False)
    """
    known = [(extent, step) for extent, step in zip(extents, steps, strict=True) if extent > 1]
    return all(far[1] == near[0] * near[1] for far, near in pairwise(known))
