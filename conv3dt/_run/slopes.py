"""Gradients go back through an activation, and are summed for the bias, in one pass over them.

The pass is cut into pieces by the shape alone. A piece has as many sums as numbers in a round, and
adds 200 terms to each at most; pieces are added in pairs, then pairs of pairs: the bits do not
depend on threads, and sums of millions of terms stay accurate.
"""

from functools import lru_cache
from math import gcd, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compiler.processor import machine
from .._geometry.storages import STORAGES
from .._geometry.tuning import TUNING
from .._runtime.recycle import address, aligned
from .._ways.slopes.encode import driver
from .._ways.slopes.records import SlopeParams
from .._ways.slopes.tile import SlopeTile
from .launching import Launch, launch

__all__ = ["Slopes", "backward", "clear"]

Array = NDArray[Any]

_PIECE = 1 << 15  # numbers: so few stay in the caches, and need 1/256 as many sums
_FEWEST = 8  # vectors of a round, between two terms of one sum


class Slopes(NamedTuple):
    """What goes back through an activation."""

    dz: Array
    bias: Array | None  # its sums over all but the channels


class _Cut(NamedTuple):
    """How numbers are cut into runs, pieces and rounds."""

    runs: int
    run: int  # numbers
    pieces: int  # of a run
    piece: int  # numbers
    vectors: int  # of a round


class _Ready(NamedTuple):
    """A pass over arrays of one shape; what depends on the arrays is still zero."""

    cut: _Cut
    params: NDArray[np.int64]  # a record, copied for each call
    driver: int  # its address
    kernel: int  # likewise: it is in the record, and its code stays as long as this is kept
    sums: tuple[int, int] | tuple[int]  # shape of what the sums are made in
    size: int  # bytes of a sum
    is_long: bool  # it can be interrupted


def backward(
    dy: Array,
    v: Array | None,
    activation: str,
    channels_last: bool,
    threads: int,
    *,
    dz: bool = True,
    bias: bool = True,
) -> Slopes:
    """Return dy times the activation's slope at v, its result or argument, and the sums of that.

    Without `dz` or `bias` only the other is wanted. `v` may be None for 'linear', whose dz is dy.
    """
    dy = _dense(dy)
    v = dy if v is None or activation == "linear" else _dense(v)
    writes = dz and activation != "linear"
    made = aligned(dy.shape, dy.dtype, dy.nbytes) if writes else dy
    channels = dy.shape[-1 if channels_last else 1]
    if not dy.size or not (writes or bias):
        return Slopes(made, np.zeros(channels, dy.dtype) if bias else None)
    ready = _ready(dy.shape, dy.dtype.name, activation, channels_last, writes, bias)
    sums = aligned(ready.sums, STORAGES[dy.dtype.name].compute, prod(ready.sums) * ready.size)
    _run(ready, (dy, v, made, sums), threads)
    if not bias:
        return Slopes(made, None)
    with np.errstate(all="ignore"):
        found = _of_channels(sums, ready.cut, channels, channels_last)
        return Slopes(made, found.astype(dy.dtype))


def _dense(x: Array) -> Array:
    """Return x, copied where its numbers do not lie one behind the other."""
    if x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative:
        return x
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def _cut(shape: tuple[int, ...], lanes: int, channels_last: bool) -> _Cut:
    """Return how numbers are cut; a round is a multiple of the channels that lie together."""
    runs, channels = (1, shape[-1]) if channels_last else (prod(shape[:2]), 1)
    run = prod(shape) // runs
    vectors = channels // gcd(channels, lanes)
    vectors *= max(1, -(-min(_FEWEST, -(-run // lanes)) // vectors))
    piece = max(1, _PIECE // (vectors * lanes)) * vectors * lanes
    return _Cut(runs, run, -(-run // piece), piece, vectors)


@lru_cache(maxsize=1024)
def _ready(
    shape: tuple[int, ...],
    dtype: str,
    activation: str,
    channels_last: bool,
    writes: bool,
    adds: bool,
) -> _Ready:
    """Return the pass over arrays of a shape as its driver reads it, compiled where it is new."""
    from .._ways.slopes.kernel import address as kernel

    storage, host = STORAGES[dtype], machine()
    lanes = host.vector_bytes // storage.size
    cut = _cut(shape, lanes, channels_last)
    tile = SlopeTile(dtype, activation, lanes, host.fused, cut.vectors, writes, adds)
    params, code, tasks = SlopeParams.zeros(), kernel(tile), cut.runs * cut.pieces
    params.fill(
        tasks=tasks, pieces=cut.pieces, piece=cut.piece, run=cut.run, item=storage.item,
        sums_step=cut.vectors * host.vector_bytes, kernel=code,
    )  # fmt: skip
    sums = (tasks, cut.vectors * lanes) if adds else (1,)
    is_long = 3 * prod(shape) * storage.item > TUNING.long_bytes
    return _Ready(cut, params.numbers, driver(), code, sums, storage.size, is_long)


def clear() -> None:
    """Forget what was compiled."""
    _ready.cache_clear()


def _run(ready: _Ready, arrays: tuple[Array, Array, Array, Array], threads: int) -> None:
    """Run the driver over dy, v, dz and sums."""
    params = ready.params.copy()
    params[-len(arrays) :] = [address(array) for array in arrays]
    tasks = ready.cut.runs * ready.cut.pieces
    driver = Launch(ready.driver, min(threads, tasks), ready.is_long)
    launch(driver, params, address(params), arrays, ready)


def _of_channels(sums: Array, cut: _Cut, channels: int, channels_last: bool) -> Array:
    """Return one sum for each channel."""
    if channels_last:
        return _in_pairs(_in_pairs(sums).reshape(-1, channels))
    of_runs = _in_pairs(sums.reshape(cut.runs, -1).T)
    return _in_pairs(of_runs.reshape(-1, channels))


def _in_pairs(x: Array) -> Array:
    """Return the sum over the first axis, of the first half and the second until one is left."""
    while len(x) > 1:
        half = (len(x) + 1) // 2
        y = x[:half].copy()
        y[: len(x) - half] += x[half:]
        x = y
    total: Array = x[0]
    return total
