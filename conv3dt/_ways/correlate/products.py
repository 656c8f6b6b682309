"""The tables of what multiplies: micro-kernels, pieces and bunches."""

from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._compiler.records import table
from .pieces import Piece
from .records import PieceRow
from .scheme import CorrelateScheme

__all__ = ["kernels_of", "pieces_of"]


def kernels_of(scheme: CorrelateScheme) -> dict[Any, int]:
    """Return the addresses of micro-kernels, by groups, columns and rows."""
    from .kernel import address

    return {place: address(tile) for place, tile in scheme.tiles().items()}


def pieces_of(
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
