"""The micro-kernel: a tile of output positions by output channels, kept in registers.

                       b: panel of filters, vectors*lanes wide, one line per (tap, input channel)
                       ┌───────────────┐
                       │0 1 2 3 4 5 ...│ k = 0
                       │      ...      │ ...
                       └───────────────┘ k = length - 1
    a: packed input
    ┌─────────────┐    ┌───────────────┐
    │row 0        │    │               │
    │row 1        │    │  accumulators │   rows = outer*inner,  vectors <= 4
    │...          │    │               │
    └─────────────┘    └───────────────┘
     k = 0 ... length-1

Computes    c[m, :] = activation(bias + sum over entries e, sum over k < length[e] of
                                 a[e][m, k] * b[e][k, :])

a           address; float32 or float64; row m = (y, x) starts y*outer_step + x*inner_step numbers
            behind row 0
taps        int64 table of n_taps entries: bytes from `a` to row 0, address of b, length >= 1, and
            rows, 0 for all, or those of one of the tile's `edges`, which says for each part of the
            entry's k which rows it is for: the others miss these taps, and their numbers are zeros,
            which are read where the tile has no such edge
b           the same type, each vector at a multiple of its size, zero where channels do not exist
bias        vectors*lanes numbers, aligned like b
c           row (y, x) starts y*outer + x*inner bytes further, channels `channel` bytes apart
            (or, where the tile is not `spread`, next to each other)
seam        address of a `Seam`, of tiles that are `seamed`: their outputs are one run of whole
            vectors. The lines that are full are stored, with what the tile before has left there;
            what fills no line is left for the next tile
following   address of row 0 of the next tile, which is asked for where the tile says so (`ahead`)

The order of summation of an output is that of the table and of k: it does not depend on the tile's
shape, nor on where in the tile the output lies. With n_taps = 0, c is activation(bias).
Never reads c, nor a or b beyond the entries; never writes channels that do not exist.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .amx import AmxEmitter
from .emitter import ChannelEmitter, SeamedEmitter
from .tile import ChannelTile

__all__ = ["address", "text"]


def address(tile: ChannelTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 10, partial(_write, tile), partial(_plain, tile))


def text(tile: ChannelTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(10, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    emitter = AmxEmitter if tile.amx[0] else SeamedEmitter if tile.seamed else ChannelEmitter
    emitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)
