"""The gradient of filters whose channels are in groups: all at once, or some."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._geometry.tuning import TUNING
from .._ways.correlate.choice import predicted
from .._ways.correlate.cut import Cut
from .correlate import Axes, correlate, explain_correlate

__all__ = ["correlate_groups", "explain_groups"]

Array = NDArray[Any]
Five = tuple[int, ...]


def correlate_groups(
    big: Array,
    small: Array,
    axes: Axes,
    channels_last: bool,
    groups: int,
    *,
    out: Array | None = None,
    threads: int | None = None,
    algorithm: str = "auto",
) -> Array:
    """Return what `correlate` does for each group of channels, side by side along s.

    Some groups at once are one gradient without groups, of which no more is taken than each needs:
    what is not finite stays in its group.
    """
    axis = -1 if channels_last else 1
    how: Any = {"threads": threads, "algorithm": algorithm}
    if _is_one(big.shape[axis], small.shape[axis], groups):
        return correlate(big, small, *axes, channels_last, groups=groups, out=out, **how)
    shapes, name = (big.shape, small.shape), big.dtype.name
    at_once = _at_once(shapes, axes, channels_last, name, groups, algorithm)
    pieces = groups // at_once
    parts = []
    for b, s in zip(np.split(big, pieces, axis), np.split(small, pieces, axis), strict=True):
        parts += _own(correlate(b, s, *axes, channels_last, **how), at_once)
    return np.concatenate(parts, 4, out=out)


def explain_groups(
    big: Five,
    small: Five,
    axes: Axes,
    channels_last: bool,
    groups: int,
    *,
    dtype: str,
    threads: int | None = None,
    algorithm: str = "auto",
) -> Cut:
    """Return how `correlate_groups` sums contiguous arrays of these shapes, or some groups."""
    axis, shapes = 4 if channels_last else 1, (big, small)
    how: Any = {"dtype": dtype, "threads": threads, "algorithm": algorithm}
    if _is_one(big[axis], small[axis], groups):
        return explain_correlate(*shapes, *axes, channels_last, groups=groups, **how)
    pieces = groups // _at_once(shapes, axes, channels_last, dtype, groups, algorithm)
    piece = _piece(shapes, axis, pieces)
    return explain_correlate(*piece, *axes, channels_last, **how)


def _is_one(cb: int, cs: int, groups: int) -> bool:
    """Return whether all groups are computed as they are: none, or channels that do not meet."""
    return groups == 1 or (groups in (cb, cs) and cb > 0 and cs > 0)


@lru_cache(maxsize=1024)
def _at_once(
    shapes: tuple[Five, Five],
    axes: Axes,
    channels_last: bool,
    dtype: str,
    groups: int,
    algorithm: str,
) -> int:
    """Return the number of groups at once with the fewest predicted cycles."""
    axis = 4 if channels_last else 1

    def cycles(pieces: int) -> float:
        piece = _piece(shapes, axis, pieces)
        how: Any = {"dtype": dtype, "threads": 1, "algorithm": algorithm}
        layer = explain_correlate(*piece, *axes, channels_last, **how).layer
        return pieces * (TUNING.piece_cycles + (predicted(layer) if layer.flops else 0.0))

    divisors = (n for n in range(1, groups + 1) if groups % n == 0)
    return groups // min(divisors, key=cycles)


def _piece(shapes: tuple[Five, Five], axis: int, pieces: int) -> tuple[Five, Five]:
    """Return the shapes of one of so many pieces of the channels."""
    big, small = ((*x[:axis], x[axis] // pieces, *x[axis + 1 :]) for x in shapes)
    return big, small


def _own(found: Array, groups: int) -> list[Array]:
    """Return of a gradient without groups what belongs to each."""
    cb, cs = (n // groups for n in found.shape[3:])
    return [found[..., g * cb : (g + 1) * cb, g * cs : (g + 1) * cs] for g in range(groups)]
