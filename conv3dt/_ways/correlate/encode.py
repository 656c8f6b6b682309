"""How a scheme fills the records of its driver, and which parts of it there are."""

from collections.abc import Iterator
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.storages import STORAGES
from ..._geometry.tuning import TUNING
from .pieces import Piece
from .records import CorrelateParams, PieceRow, Source, TapRow
from .scheme import CorrelateScheme

__all__ = ["Encoded", "encoded", "parts"]


class Encoded(NamedTuple):
    """A scheme in the form drivers read; what depends on a call's arrays is still zero."""

    params: NDArray[np.int64]  # a record of `CorrelateParams`: copied for each call
    correlate: int  # address of the driver that sums products
    finish: int  # and of what adds slabs and stores
    kept: tuple[Any, ...]  # tables whose addresses are in `params`; machine code


def encoded(scheme: CorrelateScheme) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    params, layer = CorrelateParams.zeros(), scheme.layer
    correlate, finish, *packing = _parts(layer.dtype)
    kernels = _kernels(scheme)
    pieces, bunches, kept = _pieces(scheme, kernels)
    taps = _taps(scheme)
    _fill(params, scheme)
    params.fill(
        depth=taps.ctypes.data,
        pieces=pieces.ctypes.data,
        bunches=bunches.ctypes.data,
        n_bunches=len(bunches) - 1,
    )
    for number, source in enumerate((params.big, params.small)):
        _fill_source(source, scheme, number, packing[number])
    code = correlate, finish, *packing, *kernels.values()
    return Encoded(params.numbers, correlate, finish, (pieces, bunches, taps, *kept, *code))


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    for storage in STORAGES:
        yield from _parts(storage)


def _parts(storage: str) -> tuple[int, ...]:
    """Return the addresses of what sums, finishes, and packs big and small."""
    return (
        part(__package__, ".driver:correlate", 2),
        part(__package__, ".made:finish", 2, storage=storage),
        part(__package__, ".pack:pack_big", 2, storage=storage),
        part(__package__, ".pack:pack_small", 2, storage=storage),
    )


def _kernels(scheme: CorrelateScheme) -> dict[Any, int]:
    """Return the addresses of micro-kernels, by groups, columns and rows."""
    from .kernel import address

    return {place: address(tile) for place, tile in scheme.tiles().items()}


def _pieces(
    scheme: CorrelateScheme, kernels: dict[Any, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Any]]:
    """Return the tables of pieces and of bunches, and what has to be kept."""
    tables: dict[Any, NDArray[np.int64]] = {}
    for (outer, columns, rows), address in kernels.items():
        if (outer, columns) not in tables:
            tables[outer, columns] = np.zeros(scheme.most_rows(columns) + 1, np.int64)
        tables[outer, columns][rows] = address
    rows, before = [], None
    for piece in scheme.pieces:
        rows.append(_piece(scheme, piece, before, tables))
        before = piece
    starts = [0, *accumulate(map(len, scheme.bunches))]
    return table(PieceRow, rows), np.array(starts, np.int64), list(tables.values())


def _piece(
    scheme: CorrelateScheme,
    piece: Piece,
    before: Piece | None,
    tables: dict[Any, NDArray[np.int64]],
) -> dict[str, int]:
    """Return the numbers of a piece."""
    layer, h, w, columns = scheme.layer, piece.height, piece.width, piece.columns
    width = layer.axes[2]
    to = (
        h.first * width.k * layer.cs + w.first * (1 if scheme.roles.swapped else layer.cs)
    ) * layer.cb
    return {
        "h_lo": h.lo,
        "h_hi": h.hi,
        "w_lo": w.lo,
        "w_hi": w.hi,
        "tap_h": h.first,
        "next_h": h.taps if h.first + h.taps < layer.axes[1].k else 0,
        "ahead": w.first * width.d - width.p,
        "rows": piece.rows,
        "most": scheme.most_rows(columns),
        "start": columns.start * scheme.size,
        "to": (to + columns.start) * scheme.size,
        "kernels": tables[h.taps, columns._replace(start=0)].ctypes.data,
        "along": scheme.along(piece),
        "new": before is None or (h, w) != (before.height, before.width),
        "turns": before is None or h.first != before.height.first,
        "begins": piece.begins,
    }


def _taps(scheme: CorrelateScheme) -> NDArray[np.int64]:
    """Return the taps of depth."""
    axis = scheme.layer.axes[0]
    rows = [dict(zip(("lo", "hi"), axis.inside(tap), strict=True)) for tap in range(axis.k)]
    return table(TapRow, rows)


def _fill(params: CorrelateParams, scheme: CorrelateScheme) -> None:
    """Fill what follows from the scheme."""
    layer, size = scheme.layer, scheme.size
    tap = layer.kernel[2] * layer.cb * layer.cs
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
        items=scheme.items,
        swapped=scheme.roles.swapped,
        size=size,
        item=layer.storage.item,
        row_step=size * (layer.kernel[2] * layer.cb if scheme.roles.swapped else layer.cs),
        height_step=tap * size,
        depth_step=tap * layer.kernel[1] * size,
        scratch_step=scheme.scratch_step,
        n_depth=layer.kernel[0],
        total=layer.numbers,
        part=tap if scheme.roles.swapped else TUNING.correlate_part,
        columns=layer.kernel[2] * layer.cb,
        rows=layer.cs,
    )


def _fill_source(source: Source, scheme: CorrelateScheme, number: int, pack: int) -> None:
    """Fill how positions and taps read big (0) or small (1), and how it is packed."""
    layer = scheme.layer
    source.fill(
        channels=(layer.cb, layer.cs)[number],
        packed_at=scheme.packed_at[number],
        ring=layer.axes[0].rows(scheme.box[1]) if scheme.in_ring and not number else 0,
        pack=pack if layer.packed[number] else 0,
        lines=scheme.asked_lines(number),
    )
    ranges = source.depth, source.height, source.width
    for n, (to, axis) in enumerate(zip(ranges, layer.axes, strict=True)):
        if number:
            to.fill(i=axis.o, s=1, d=1, p=0, k=1, shared=1)
        else:
            shared = n == 2 or axis.shared(scheme.box[1 + n])
            to.fill(i=axis.i, s=axis.s, d=axis.d, p=axis.p, k=axis.k, shared=shared)
