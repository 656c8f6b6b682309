"""Rows of a tile that miss taps, as entries of a table have them: for schemes and drivers."""

from typing import Any

from ..._geometry.integers import rows_inside
from .records import EDGE, ROWS_FROM

__all__ = ["rows_of"]


def rows_of(width: Any, phase: Any, tile: Any, jw: Any, joined: Any) -> Any:
    """Return for which rows of a tile taps read inside, as entries have it; -1 for none.

    Of joined taps, as many as the tile has, each may have rows of its own.
    """
    if tile.edge == 0:
        return 0
    q = tile.edge - 1
    if joined > 1:
        before = max(0, jw * phase.dilation - phase.shift - q * width.in_s)
        last = (q + tile.count - 1) * width.in_s + phase.shift
        beyond = max(0, last - (jw - joined + 1) * phase.dilation - width.i + 1)
        return joined_rows(before, beyond, joined)
    first, end = rows_inside(q, tile.count, jw, phase.shift, phase.dilation, width.i, width.in_s)
    if first == end:
        return -1
    if first == 0 and end == tile.count:
        return 0
    return first * ROWS_FROM + end


def joined_rows(before: Any, beyond: Any, joined: Any) -> Any:
    """Return what tells apart so many taps that read beyond the input's ends; 0: they do not."""
    return 0 if before + beyond == 0 else (before * EDGE + beyond) * EDGE + joined
