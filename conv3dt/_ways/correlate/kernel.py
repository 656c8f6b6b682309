"""The micro-kernel: a tile of a gradient of filters, summed in registers over runs of positions.

                        b: numbers of one array, a line per position
                        ┌───────────────┐
                        │0 1 2 3 4 5 ...│ k = 0
                        │      ...      │ ...
                        └───────────────┘ k = length - 1
    a: of the other
    ┌─────────────┐     ┌───────────────┐
    │row 0        │     │               │
    │row 1        │     │  accumulators │   rows = outer*inner,  vectors <= 3
    │...          │     │               │
    └─────────────┘     └───────────────┘
     k = 0 ... length-1

Computes    c[m, :] (+)= sum over entries e, sum over k < length[e] of a[e][m, k] * b[e][k, :]

Its one argument is the address of a `records.Tile`, which says where entries, a, b and c are. Row
m = (y, x) of a is y*a_outer + x numbers behind the first, position k another k*a_step further; the
numbers of a position of b are neighbours, position k is k*b_step numbers further. Rows of c are
y*c_outer + x*c_row bytes behind the first, and of neighbouring numbers; if it is `fresh` they are
written, else added to. With each k it asks for one cache line, into L2.

Reads and writes nothing beyond its rows and columns, but for the last vector: it ends with the last
column, so that its first lanes are numbers before it, which exist and are not stored.
The order of summation depends on the entries and on the tile's `chains` only.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .emitter import CorrelateEmitter
from .tile import CorrelateTile

__all__ = ["address", "text"]


def address(tile: CorrelateTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 1, partial(_write, tile), partial(_plain, tile))


def text(tile: CorrelateTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(1, partial(_write, tile))


def _write(tile, builder, call):
    """Append the kernel's instructions."""
    CorrelateEmitter(builder, tile).kernel(call)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)
