"""The gradient of filters: where arrays meet its scheme."""

from functools import lru_cache
from math import prod
from struct import Struct
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._geometry.formats import FORMATS, Format, lie_in_a_row
from .._geometry.storages import STORAGES
from .._geometry.tuning import TUNING
from .._runtime import memory, team
from .._runtime.recycle import address, aligned
from .._ways.correlate.choice import scheme_of
from .._ways.correlate.cost import faster
from .._ways.correlate.cut import Cut
from .._ways.correlate.encode import Encoded, encoded
from .._ways.correlate.layer import Along, Correlation
from .._ways.correlate.records import CorrelateParams
from .._ways.shared.blocked import LINE
from .launching import TAKEN, Launch, launch, readable

__all__ = ["Axes", "clear", "correlate", "explain_correlate"]

Array = NDArray[Any]
Three: TypeAlias = tuple[int, int, int]
Five: TypeAlias = tuple[int, ...]
Lie: TypeAlias = tuple[bool, bool, bool, bool]
Axes: TypeAlias = tuple[Three, Three, Three, Three]  # kernel, strides, dilations, before

_FUNCTION = "conv3d_backprop_filter"
_FIELDS = Struct(f"={CorrelateParams.big.offset // 8}q")  # what depends on a call's arrays


class Summing(NamedTuple):
    """How numbers are summed: all but addresses."""

    code: Encoded
    starts: tuple[Launch, ...]  # of what sums, and of what adds slabs and stores, if that is needed
    steps: tuple[Five, Five]  # of big and small
    sums: int  # bytes of a slab's sums,
    all_sums: int  # of all that are not in place,
    scratch: int
    in_place: bool  # the first slab's sums lie as the gradient does
    mirrored: bool  # big is read as small, and the other way round
    again: tuple[Correlation, int, tuple[Five, Five]]  # what `_direct` is asked


class Prepared(NamedTuple):
    """What calls with arrays of the same kind share."""

    shape: Five  # of the gradient
    size: int  # bytes
    summing: Summing | None  # None: there is nothing to be summed


def correlate(
    big: Array,
    small: Array,
    kernel: Three,
    strides: Three,
    dilations: Three,
    before: Three,
    channels_last: bool,
    *,
    groups: int = 1,
    out: Array | None = None,
    threads: int | None = None,
    algorithm: str = "auto",
) -> Array:
    """Return sums over n, q of big[n, q*stride + t*dilation - before, b] * small[n, q, s].

    The result is [t, b, s], t three taps. Half types are summed in float32 and rounded once. With
    groups, each of them is one channel of one array: b is counted within its group.
    """
    big, small = readable(big), readable(small)
    on_lines = (address(big) | address(small)) % LINE == 0
    prepared = _prepared(
        big.dtype, (big.shape, small.shape), (big.strides, small.strides),
        (kernel, strides, dilations, before), channels_last, groups, on_lines,
        threads or team.default(), algorithm,
    )  # fmt: skip
    result = out
    if result is None or not (result.flags.carray and result.dtype.isnative):
        result = aligned(prepared.shape, big.dtype, prepared.size)
    if prepared.summing:
        if _run(prepared.summing, (big, small), result):
            _run(_direct(*prepared.summing.again), (big, small), result)
    else:
        result[...] = 0
    if out is not None and result is not out:
        out[...] = result
    return result if out is None else out


def explain_correlate(
    big: Five,
    small: Five,
    kernel: Three,
    strides: Three,
    dilations: Three,
    before: Three,
    channels_last: bool,
    *,
    dtype: str,
    groups: int = 1,
    threads: int | None = None,
    algorithm: str = "auto",
) -> Cut:
    """Return how `correlate` sums contiguous arrays of these shapes; it prints itself."""
    axes, order = (kernel, strides, dilations, before), FORMATS[_format(channels_last)]
    if _is_a_row((big, small), axes, order, groups):
        big, small = _row(big, order), _row(small, order)
    in_order = order.sorted
    item = STORAGES[dtype].item
    big_steps, small_steps = (
        in_order(tuple(item * prod(shape[a + 1 :]) for a in range(5))) for shape in (big, small)
    )
    shapes = in_order(big), in_order(small)
    lie = _lie(shapes, (big_steps, small_steps), dtype, groups, _reads_few(axes))
    layer = _layer(dtype, shapes, axes, lie, groups, algorithm)
    return scheme_of(layer, threads or team.default())


def clear() -> None:
    """Forget schemes and code; calls that are under way keep theirs."""
    for cache in (_layer, scheme_of, _prepared, _direct):
        cache.cache_clear()


def _format(channels_last: bool) -> str:
    """Return the name of the format."""
    return "NDHWC" if channels_last else "NCDHW"


def _is_a_row(shapes: tuple[Five, Five], axes: Axes, order: Format, groups: int) -> bool:
    """Return whether each product is of two numbers at the same place, and a row is faster.

    1.0 to 1.5 times, 2 with groups and channels apart; with groups and channels last .7 times.
    """
    kernel, strides, _, before = axes
    if kernel != (1, 1, 1) or strides != (1, 1, 1) or before != (0, 0, 0):
        return False
    if groups > 1 and not order.apart:
        return False
    big, small = (order.sorted(shape)[1:4] for shape in shapes)
    return big == small


def _row(shape: Five, order: Format) -> Five:
    """Return the shape with all positions along the width."""
    n, *space, c = order.sorted(shape)
    return order.ordered(n, (1, 1, prod(space)), c)


def _in_a_row(shape: Five, steps: Five, order: Format) -> tuple[Five, Five] | None:
    """Return shape and steps with all positions as one row, which no line ends, if that can be."""
    (_, *extents, _), (n, *space, c) = order.sorted(shape), order.sorted(steps)
    if not lie_in_a_row(extents, space):
        return None
    along = [step for extent, step in zip(extents, space, strict=True) if extent > 1]
    step = (along or space)[-1]
    whole = step * prod(extents)
    return _row(shape, order), order.ordered(n, (whole, whole, step), c)


@lru_cache(maxsize=1024)
def _layer(
    dtype: str,
    shapes: tuple[Five, Five],
    axes: Axes,
    lie: Lie,
    groups: int,
    algorithm: str,
) -> Correlation:
    """Return what is computed."""
    (n, *i, cb), (_, *o, cs) = shapes
    depth, height, width = (Along(*x) for x in zip(i, o, *axes, strict=True))
    space, runs = (depth, height, width), lie[2] and lie[3]
    found = Correlation(
        dtype, n, space, cb, cs, lie[:2], lie[2], groups, runs=runs, algorithm=algorithm
    )
    return faster(found, lie[3])


def _reads_few(axes: Axes) -> bool:
    """Return whether so few taps read a number that packing it would take longer than they do."""
    kernel, strides, *_ = axes
    return prod(kernel) <= TUNING.channelwise_reads * prod(strides)


def _lie(
    shapes: tuple[Five, Five], steps: tuple[Five, Five], dtype: str, groups: int, direct: bool
) -> Lie:
    """Return whether big and small must be packed, and whether their width is then one run.

    With groups both are, but for numbers on cache lines that are read `direct`; the third says
    whether numbers come as they lie in memory.
    """
    storage = STORAGES[dtype]
    big, small = (
        storage.converted or (shape[4] > 1 and step[4] != storage.item)
        for shape, step in zip(shapes, steps, strict=True)
    )
    together = shapes[0][3] == 1 or steps[0][3] == shapes[0][4] * storage.item
    if groups > 1:
        lie = all(step[4] == storage.item for step in steps)
        alike = shapes[0][4] == shapes[1][4] and not storage.converted
        lines = all(x % LINE == 0 for step in steps for x in step[:4])
        packed = not (direct and lie and alike and lines)
        return packed, packed, together and lie, False
    joined = small or shapes[1][3] == 1 or steps[1][3] == shapes[1][4] * storage.item
    return big, small, big or together, joined


@lru_cache(maxsize=1024)
def _prepared(
    dtype: np.dtype[Any],
    shapes: tuple[Five, Five],
    steps: tuple[Five, Five],
    axes: Axes,
    channels_last: bool,
    groups: int,
    on_lines: bool,
    threads: int,
    algorithm: str,
) -> Prepared:
    """Return what calls share, its code compiled where it is new."""
    order = FORMATS[_format(channels_last)]
    if _is_a_row(shapes, axes, order, groups):
        row = [_in_a_row(*array, order) for array in zip(shapes, steps, strict=True)]
        if None not in row:
            shapes, steps = zip(*row, strict=True)
    (big, small), in_order = shapes, order.sorted
    shapes, steps = (in_order(big), in_order(small)), (in_order(steps[0]), in_order(steps[1]))
    lie = _lie(shapes, steps, dtype.name, groups, on_lines and _reads_few(axes))
    layer = _layer(dtype.name, shapes, axes, lie, groups, algorithm)
    shape = *axes[0], shapes[0][4] // groups, shapes[1][4]
    return Prepared(
        shape,
        prod(shape) * dtype.itemsize,
        _summing(layer, threads, steps) if layer.flops else None,
    )


def _summing(layer: Correlation, threads: int, steps: tuple[Five, Five]) -> Summing:
    """Return how arrays are summed that have these steps; the code is compiled where it is new."""
    scheme = scheme_of(layer, threads)
    is_long = layer.flops > TUNING.long_flops or layer.bytes > TUNING.long_bytes
    code, finished = encoded(scheme), scheme.slabs == 1 and scheme.in_place
    starts = (code.correlate,) if finished else (code.correlate, code.finish)
    return Summing(
        code=code,
        starts=tuple(Launch(at, scheme.threads, is_long) for at in starts),
        steps=steps,
        sums=scheme.sums,
        all_sums=scheme.all_sums,
        scratch=scheme.scratch,
        in_place=scheme.in_place,
        mirrored=layer.mirrored,
        again=(layer, threads, steps),
    )


@lru_cache(maxsize=64)
def _direct(layer: Correlation, threads: int, steps: tuple[Five, Five]) -> Summing:
    """Return how the sums of each tap are made: what is not finite reaches those that use it."""
    return _summing(layer._replace(algorithm="direct"), threads, steps)


def _run(summing: Summing, arrays: tuple[Array, Array], result: Array) -> bool:
    """Sum products, then add slabs and store, into an array that lies as the gradient does.

    Return whether taps shared products and there is a sum that is not finite.
    """
    memory.require(summing.scratch + summing.all_sums, _FUNCTION)
    sums = aligned((summing.all_sums,), np.uint8, summing.all_sums)
    scratch = aligned((summing.scratch,), np.uint8, summing.scratch)
    params, at, out = summing.code.params.copy(), address(sums), address(result)
    first, others, out = (out, at, 0) if summing.in_place else (at, at + summing.sums, out)
    turn = -1 if summing.mirrored else 1
    (big, small), (big_steps, small_steps) = arrays[::turn], summing.steps[::turn]
    _FIELDS.pack_into(
        params.data, 0, 0, first, others, address(scratch), out,
        address(big), *big_steps, address(small), *small_steps,
    )  # fmt: skip
    for start in summing.starts:
        params[TAKEN] = 0
        launch(start, params, address(params), *arrays, sums, scratch, result)
    return bool(summing.code.watched and params[summing.code.watched])
