"""The wide micro-kernels: output positions in the lanes, for few or scattered channels.

The first one computes, for each phase r of the width, each row y < outer and each channel m,

    sum[r, y, m, lanes] = bias[m] + sum over entries e of phase r, sum over k < length[e] of
                          b[e][k, m] * a[e][y, k, lanes]

and stores activation(sum) with the phases interleaved (and the channels too, if they are
neighbours), so that stores are contiguous:

    phase 0   0 0 0 0 ...
    phase 1   1 1 1 1 ...     ->     0 1 0 1 0 1 0 1 ...

a           address; numbers of one input channel lie next to each other along the width; the row
            y starts y*outer_step numbers further, channel k starts k*plane bytes further
tables      address of phase 0's `Table`, then its entries; it has the address of the next phase's
b           panel: `channels` weights for each k
bias        `channels` numbers
c           row y starts y*c_outer bytes further, channel m m*c_channel bytes (if they are apart)
count       numbers to store in a row, at most vectors*lanes*streams; at least 1
seam        address of a `Seam`, of tiles that are `seamed`: rows may begin anywhere, and follow
            each other in memory. The lines that are full are stored, with what the tile before has
            left there; what fills no line is left for the next tile. Such tiles have one row, which
            is no shorter than a line

The accumulators in registers are one phase's, outer*channels*vectors; phases that are done wait on
the stack. Reads whole vectors of a: behind the last position it reads, but does not use, up to
vectors*lanes - 1 numbers. Never reads c; never writes beyond `count`.

That of long rows, with one tap and one phase, whose positions are neighbours, reads a few input
channels side by side along all its positions, whose sums wait on the stack; then the next few:

    k = 0  ─────────►                 k = 4  ─────────►
        1  ─────────►  sums wait,         5  ─────────►  and so on; the last round stores
        2  ─────────►  then               6  ─────────►
        3  ─────────►                     7  ─────────►

So memory is read in few and long runs, where a tile whose sums are in registers reads a few lines
of every channel in turn. The arguments are the same, of one entry; c_outer and seam are not used.
`count` is at least a vector's: the last vector ends with the last position, and has some of the one
before it again. Reads nothing beyond the positions.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from ..shared.lane_tile import LaneTile
from .emitter import WideEmitter
from .row_emitter import RowEmitter
from .row_tile import RowTile
from .seamed import SeamedEmitter

__all__ = ["address", "text"]


def address(tile: LaneTile | RowTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 9, partial(_write, tile), partial(_plain, tile))


def text(tile: LaneTile | RowTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(9, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    if isinstance(tile, RowTile):
        emitter = RowEmitter
    else:
        emitter = SeamedEmitter if tile.seamed else WideEmitter
    emitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel, rows

    return rows(tile) if isinstance(tile, RowTile) else kernel(tile)
