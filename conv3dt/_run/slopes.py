"""Gradients go back through an activation, and are summed for the bias, in one pass over them.

The pass is cut into pieces by the shape alone. A piece has as many sums as numbers in a round, and
adds 200 terms to each at most; pieces are added in pairs, then pairs of pairs: the bits do not
depend on threads, and sums of millions of terms stay accurate.
"""

from math import gcd, prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compiler.drivers import part
from .._compiler.processor import machine
from .._geometry.storages import STORAGES
from .._geometry.tuning import TUNING
from .._runtime import team
from .._runtime.recycle import address, aligned
from .._ways.slopes.records import SlopeParams
from .._ways.slopes.tile import SlopeTile

__all__ = ["Slopes", "backward"]

Array = NDArray[Any]

_PIECE = 1 << 15  # numbers: so few stay in the caches, and need 1/256 as many sums
_FEWEST = 8  # vectors of a round, between two terms of one sum
_NO_MORE = 1 << 40  # tasks that have been taken


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
    storage = STORAGES[dy.dtype.name]
    lanes = machine().vector_bytes // storage.size
    channels = dy.shape[-1 if channels_last else 1]
    if not dy.size or not (writes or bias):
        return Slopes(made, np.zeros(channels, dy.dtype) if bias else None)
    cut = _cut(dy.shape, lanes, channels_last)
    tasks, width = cut.runs * cut.pieces, cut.vectors * lanes
    shape = (tasks, width) if bias else (1,)
    sums = aligned(shape, storage.compute, prod(shape) * storage.size)
    _run(cut, (dy, v, made, sums), activation, writes, bias, threads)
    if not bias:
        return Slopes(made, None)
    with np.errstate(all="ignore"):
        return Slopes(made, _of_channels(sums, cut, channels, channels_last).astype(dy.dtype))


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


def _run(
    cut: _Cut,
    arrays: tuple[Array, Array, Array, Array],
    activation: str,
    writes: bool,
    adds: bool,
    threads: int,
) -> None:
    """Run the driver over dy, v, dz and sums."""
    from .._ways.slopes.kernel import address as kernel

    storage, host = STORAGES[arrays[0].dtype.name], machine()
    lanes = host.vector_bytes // storage.size
    tile = SlopeTile(storage.name, activation, lanes, host.fused, cut.vectors, writes, adds)
    params, tasks = SlopeParams.zeros(), cut.runs * cut.pieces
    dy, v, dz, sums = map(address, arrays)
    params.fill(
        tasks=tasks, pieces=cut.pieces, piece=cut.piece, run=cut.run, item=storage.item,
        sums_step=cut.vectors * host.vector_bytes, kernel=kernel(tile),
        dy=dy, v=v, dz=dz, sums=sums,
    )  # fmt: skip

    def stop(_: object = arrays) -> None:
        params.numbers[0] = _NO_MORE

    start_at = part("conv3dt._ways.slopes", ".driver:differentiate", 2)
    is_long = 3 * arrays[0].nbytes > TUNING.long_bytes
    team.run(start_at, address(params.numbers), min(threads, tasks), stop, is_long)


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
