"""How a scheme fills the records of its driver, and which parts of it there are."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.drivers import part
from ..._compiler.records import table
from ..._geometry.storages import STORAGES
from .channelwise import encode as channelwise
from .channelwise.scheme import ChannelwiseScheme
from .cut import Cut
from .filling import Encoded, common, fill, taps_of
from .pieces import Piece
from .records import CorrelateParams, PieceRow
from .scheme import CorrelateScheme

__all__ = ["Encoded", "encoded", "parts"]


def encoded(scheme: Cut) -> Encoded:
    """Return the records of a scheme and the addresses of its drivers, compiled if new."""
    if isinstance(scheme, ChannelwiseScheme):
        return channelwise.encoded(scheme)
    assert isinstance(scheme, CorrelateScheme)
    return _encoded(scheme)


def _encoded(scheme: CorrelateScheme) -> Encoded:
    """Return those of a scheme all channels of which meet."""
    params, layer = CorrelateParams.zeros(), scheme.layer
    finish, *packing = common(layer.dtype)
    kernels = _kernels(scheme)
    pieces, bunches, kept = _pieces(scheme, kernels)
    taps = taps_of(layer.axes[0])
    fill(params, scheme, packing)
    for number, source in enumerate((params.big, params.small)):
        source.fill(lines=scheme.asked_lines(number))
    tap, size = layer.kernel[2] * layer.cb * layer.cs, scheme.size
    if scheme.roles.swapped:
        params.fill(part=tap, rows=layer.cs, columns=layer.kernel[2] * layer.cb)
    if layer.mirrored:
        params.fill(part=layer.cb * layer.cs, rows=layer.cb, columns=layer.cs, mirrored=True)
    params.fill(
        items=scheme.items,
        far=scheme.far,
        made_at=scheme.packed_at[2] if scheme.in_rows else 0,
        swapped=scheme.roles.swapped,
        row_step=size * (layer.kernel[2] * layer.cb if scheme.roles.swapped else layer.cs),
        height_step=tap * size,
        depth_step=tap * layer.kernel[1] * size,
        depth=taps.ctypes.data,
        pieces=pieces.ctypes.data,
        bunches=bunches.ctypes.data,
        n_bunches=len(bunches) - 1,
    )
    correlate = _driver()
    code = correlate, finish, *packing, *kernels.values()
    return Encoded(params.numbers, correlate, finish, (pieces, bunches, taps, *kept, *code))


def parts() -> Iterator[int]:
    """Yield the addresses of all parts of the driver, for all types, compiled where new."""
    yield _driver()
    yield from channelwise.parts()
    for storage in STORAGES:
        yield from common(storage)


def _driver() -> int:
    return part(__package__, ".driver:correlate", 2)


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
