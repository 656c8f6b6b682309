"""The micro-kernel: sums of some taps of a vector of channels, in registers.

Computes, for each of its rows r and taps t of the width,

    sums[r][t, lanes] += sum over h < height, w < width of
                         big[r][h, w*stride + t*dilation, lanes] * small[h, w, lanes]

A number of `small` is loaded once for all rows, one of `big` once for the taps that read it at the
positions that are written out together. The sum begins with zero, and is added to what is there.
Only the last lanes of sums, the tile's own, are stored.

Its one argument is the address of a `records.Tile`, which says where lists, `big`, `small` and sums
are. Neighbours along the width lie `step` bytes apart. At each position it asks for two cache
lines, into L2.
"""

from functools import partial

from ...._compiler.build import assembly, emitted
from .emitter import ChannelwiseEmitter
from .tile import ChannelwiseTile

__all__ = ["address", "text"]


def address(tile: ChannelwiseTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 1, partial(_write, tile), partial(_plain, tile))


def text(tile: ChannelwiseTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(1, partial(_write, tile))


def _write(tile, builder, call):
    """Append the kernel's instructions."""
    ChannelwiseEmitter(builder, tile).kernel(call)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)
