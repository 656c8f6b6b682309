"""The micro-kernels of minimal filtering: all but the loops around them.

weigh       terms       table of `terms` terms: address of numbers, coefficient as float64
            y, count    y[x] = sum over terms of coefficient * number[x], x < count, in float64,
                        whole vectors; numbers are float64 but along the first axis (`rows` is 0),
                        and sums but along the last (2), where they are rounded
transform   rows        the same table, of rows of inputs that are combined
            to          V[tile][product] = the inputs of a formula (`formula` of FORMULAS), all
            first       vectors of channels, the last of which may reach beyond them
            every       columns from a tile's d0 to its d1; `first` is that of the first d0
            width       columns of a row: others are 0
            count       tiles
multiply    job         the inputs of rows of tiles times filters, as a `formula` has them, and what
                        comes of the products along the width: `records.Job`
total       terms, n    table of n terms: bytes from m to products, and 1 or -1
            m           y[j*step] = bias[j*bias_step] + sum over terms of products[j], added or
            bias, bias_step, y, step, count     subtracted, j < count
define      terms, n    table of n terms: addresses of the channels of an input, and of filters
            y, bias     y[:] = bias + sum over terms and k < length of x[k] * b[k, :]
            length
finish      y, c        c[m, :] = activation(y[m, :]), m < count, channels that exist
            count, y_step, c_step
            flag        address of a number that becomes 1 where a y is infinite or NaN

Sums are made in the order of the tables and of k: no bit depends on where a position lies.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .products import Define, Finish, Multiply, Total
from .tile import MinimalTile
from .transforms import Transform, Weigh

__all__ = ["address", "text"]

# What writes each kind, and how many arguments it takes.
_KINDS = {
    "weigh": (Weigh, 3),
    "transform": (Transform, 6),
    "multiply": (Multiply, 1),
    "total": (Total, 8),
    "define": (Define, 5),
    "finish": (Finish, 6),
}


def address(tile: MinimalTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    n_arguments = _KINDS[tile.kind][1]
    return emitted((__name__, tile), n_arguments, partial(_write, tile), partial(_plain, tile))


def text(tile: MinimalTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(_KINDS[tile.kind][1], partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    _KINDS[tile.kind][0](builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import KERNELS

    return KERNELS[tile.kind](tile)
