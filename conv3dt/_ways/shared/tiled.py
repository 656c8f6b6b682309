"""Cycles of tiles that are as even as possible."""

from collections.abc import Callable

from ..._geometry import integers

__all__ = ["tiled"]


def tiled(length: int, most: int, cycles: Callable[[int], float]) -> float:
    """Return the cycles of `length` positions in even tiles of at most `most`."""
    tiles = max(1, integers.n_tiles(length, most))
    rows, longer = divmod(length, tiles)
    return (tiles - longer) * cycles(rows) + (longer * cycles(rows + 1) if longer else 0.0)
