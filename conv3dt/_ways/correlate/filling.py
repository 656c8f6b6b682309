"""How schemes of gradients of filters fill what their drivers have in common."""

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.tuning import TUNING
from .cut import Cut
from .layer import Along
from .records import CorrelateParams, Source, TapRow

__all__ = ["Encoded", "common", "fill", "packing_of", "taps_of"]


class Encoded(NamedTuple):
    """A scheme in the form drivers read; what depends on a call's arrays is still zero."""

    params: NDArray[np.int64]  # a record of `CorrelateParams`: copied for each call
    correlate: int  # address of the driver that sums products
    finish: int  # and of what adds slabs and stores
    kept: tuple[Any, ...]  # tables whose addresses are in `params`; machine code
    watched: int = 0  # which number of `params` says that a sum is not finite; 0: none does


def common(storage: str) -> tuple[int, int, int]:
    """Return the addresses of what finishes sums, and of what packs big and small."""
    return _part(".made:finish", storage), *packing_of(storage)


def packing_of(storage: str) -> tuple[int, int]:
    """Return the addresses of what packs big and small."""
    return _part(".pack:pack_big", storage), _part(".pack:pack_small", storage)


def _part(place: str, storage: str) -> int:
    return part(__package__, place, 2, storage=storage)


def taps_of(axis: Along) -> NDArray[np.int64]:
    """Return the taps of depth."""
    rows = [dict(zip(("lo", "hi"), axis.inside(tap), strict=True)) for tap in range(axis.k)]
    return table(TapRow, rows)


def fill(params: CorrelateParams, scheme: Cut, packing: list[int]) -> None:
    """Fill what follows from the scheme."""
    layer = scheme.layer
    for axis, positions, box in zip("ndhw", scheme.extents, scheme.box, strict=True):
        params.fill(**{axis: positions, f"box_{axis}": box})
    params.fill(
        boxes_d=scheme.boxes[1],
        boxes_h=scheme.boxes[2],
        boxes_w=scheme.boxes[3],
        boxes=prod(scheme.boxes),
        slabs=scheme.slabs,
        slab_step=scheme.sums,
        groups=scheme.groups,
        size=scheme.size,
        item=layer.storage.item,
        scratch_step=scheme.scratch_step,
        n_depth=layer.kernel[0],
        total=layer.numbers,
        part=TUNING.correlate_part,
    )
    for number, source in enumerate((params.big, params.small)):
        _fill_source(source, scheme, number, packing[number])


def _fill_source(source: Source, scheme: Cut, number: int, pack: int) -> None:
    """Fill how positions and taps read big (0) or small (1), and how it is packed."""
    layer = scheme.layer
    source.fill(
        channels=(layer.cb, layer.cs)[number],
        packed_at=scheme.packed_at[number],
        ring=layer.axes[0].rows(scheme.box[1]) if scheme.in_ring and not number else 0,
        pack=pack if layer.packed[number] else 0,
    )
    ranges = source.depth, source.height, source.width
    for n, (to, axis) in enumerate(zip(ranges, layer.axes, strict=True)):
        if number:
            to.fill(i=axis.o, s=1, d=1, p=0, k=1, shared=1)
        else:
            shared = n == 2 or axis.shared(scheme.box[1 + n])
            to.fill(i=axis.i, s=axis.s, d=axis.d, p=axis.p, k=axis.k, shared=shared)
