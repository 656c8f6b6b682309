"""What is summed together: taps of height and width, in blocks of columns."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from .cost import Roles
from .layer import Correlation, Segment
from .tiling import Columns, columns_of

__all__ = ["Piece", "bunches_of"]


class Piece(NamedTuple):
    """Taps of height and width that are summed together, in a block of columns."""

    height: Segment
    width: Segment
    rows: int  # of a tap of height
    columns: Columns
    begins: bool  # whether it is the first to add to its sums


def bunches_of(layer: Correlation, roles: Roles, in_rows: bool) -> list[list[Piece]]:
    """Return the pieces of a tap of depth, in order; those of a bunch share sums, or their rows."""
    _, height, width = layer.axes
    found = []
    for rows, columns in product(height.groups(roles.heights), width.groups(roles.taps)):
        pieces = [
            list(_pieces(layer, roles, segments, begins=n == 0))
            for n, segments in enumerate(product(rows, columns))
        ]
        if roles.swapped or in_rows:  # each has blocks of columns of its own
            found.append([piece for some in pieces for piece in some])
        else:
            found += [list(some) for some in zip(*pieces, strict=True)]
    return found


def _pieces(
    layer: Correlation, roles: Roles, segments: tuple[Segment, ...], begins: bool
) -> Iterator[Piece]:
    """Yield the pieces of some taps, one for each block of columns."""
    height, width = segments
    rows, columns = width.taps * layer.cb, layer.cs
    if roles.swapped:
        rows, columns = columns, rows
    for block in columns_of(columns, layer.lanes, layer.halves):
        yield Piece(height, width, rows, block, begins)
