"""Filters as PyTorch has them, taps together, from and to those whose taps lie apart."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._geometry.tuning import TUNING
from .._runtime.recycle import address, aligned
from .._ways.turning.encode import driver
from .._ways.turning.records import TurnParams
from .launching import Launch, launch

__all__ = ["in_order", "taps_together"]

Array = NDArray[Any]

_WORTH = 1 << 16  # numbers: fewer are no faster than as NumPy copies them
_SHORT = 64  # numbers of a block along the shorter axis
_BLOCK = 1 << 14  # and of a block: 27 x 320 x 320 took 1.5 ms, 2.5 in squares, 7 by NumPy


def in_order(filters: Array, threads: int) -> Array:
    """Return a copy of filters [kd, kh, kw, co, ci] that lies so."""
    *taps, co, ci = filters.shape
    t = prod(taps)
    for axes, shape in (
        ((4, 3, 0, 1, 2), (ci, co, t)),
        ((3, 4, 0, 1, 2), (co * ci, 1, t)),
        ((4, 0, 1, 2, 3), (ci, 1, t * co)),
    ):
        lying = filters.transpose(axes)
        if lying.flags.c_contiguous and filters.size >= _WORTH:
            return _reversed(lying.reshape(shape), threads).reshape(filters.shape)
    return np.array(filters, order="C")


def taps_together(filters: Array, threads: int) -> Array:
    """Return a copy of filters [kd, kh, kw, a, b], which lie so, as an array [b, a, kd, kh, kw]."""
    *taps, a, b = filters.shape
    if filters.size < _WORTH:
        return np.ascontiguousarray(filters.transpose(4, 3, 0, 1, 2))
    return _reversed(filters.reshape(prod(taps), a, b), threads).reshape(b, a, *taps)


def _reversed(x: Array, threads: int) -> Array:
    """Return x[a, b, c], which has no gaps, as an array [c, b, a] without gaps."""
    a, b, c = x.shape
    if a == 1 < b:  # so that there are rows
        return _reversed(x.reshape(b, 1, c), threads).reshape(c, b, a)
    out, params, storage = aligned((c, b, a), x.dtype, x.nbytes), TurnParams.zeros(), x.dtype.name
    longer = _BLOCK // min(_SHORT, a, c)
    params.fill(
        source=address(x), target=address(out), a=a, b=b, c=c, block_b=_SHORT,
        block_a=_SHORT if a < c else longer, block_c=longer if a < c else _SHORT,
    )  # fmt: skip
    run = Launch(driver(storage), threads, 2 * x.nbytes > TUNING.long_bytes)
    launch(run, params.numbers, address(params.numbers), x, out)
    return out
