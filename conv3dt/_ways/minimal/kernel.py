"""The micro-kernels of minimal filtering: all but the loops around them.

combine     terms       table of `terms` terms: address of numbers, coefficient as float64
            y, count    y[x] = sum over terms of coefficient * number[x], x < count
weigh       x           address of `terms` taps, x_step bytes apart: float64, but compute type along
            x_step      the first axis (`rows` is 0)
            x_run       to the next run of `count` numbers; whole vectors
            y           address of their slots (FILTERS), y_step bytes apart: float64, but rounded
            y_step      along the last axis (2)
            y_run
            runs, count
transform   x           address of the channels of d0 along height and width of the first tile
            far, step, next     bytes from d0 to d1 along height, along width, and to the next tile
            planes      table of where the first tile has [product of the height][of the width]
            count, vectors      tiles; vectors of channels, the last of which may reach beyond them
                        V[product][tile] = the inputs of the formulas (`tall` of the height, `rows`
                        of FORMULAS along the width), `every` * `pitch` bytes from tile to tile
multiply    a, b, c     c[m, :] = sum over k < length of a[m, k] * b[k, :], m < rows * count;
            length, count       rows of a lie `pitch` bytes apart, those of b and c are whole;
                                where pitch is the same, c may be a
            ask         address of what is going to be read next: asked for meanwhile
            state       with `beside`: address of [address of a task.Stream, vectors of it done]
                        for every two k a vector of it is made, and then of those that follow;
                        with `copies`, behind them: a task.Copying, whose `share` of lines, or what
                        is left of a row, is copied with each tile, and then of the next row
paired                  the same of one vector: c is the sum of two, of even and of odd k
joined      as multiply, but a row of a are all inputs of a position, `pitch` bytes apart, b is all
            slots of its groups of taps (`joined`: a formula of FORMULAS for each), and a row of c
            its two outputs along the width; of one group and one sum over k, c may be a
woven                   the same of one vector and F(2,3) alone, of even and of odd k; c may be a
restore     products    table of addresses: [product of the height][of the width] of the first
                        tile; `every` positions to the next
            targets     task.Target: n_open, two at most, whose sums go on, and as the third one
            n_open      whose sums become outputs, if n_ended is 1
            n_ended             to = coefficient * outputs of the formulas (`tall` of the height,
            count       `rows` of FORMULAS along the width) + source, for all outputs of `count`
            steps       tiles; bytes from a row of outputs, an output, a tile to the next: of sums,
            flag        then where sums end, as channels that exist, after the activation; flag as
                        in `finish`
define      terms, n    table of n terms: addresses of the channels of an input, and of filters
            y, bias     y[:] = bias + sum over terms and k < length of x[k] * b[k, :]
            length
begin       y, bias     y[m, :] = bias, m < count
            count
finish      y, c        c[m, :] = activation(y[m, :]), m < count, channels that exist
            count, y_step, c_step
            flag        address of a number that becomes 1 where a y is infinite or NaN

Sums are made in the order of the tables and of k (even and odd k, or halves of k, apart): no bit
depends on where a position lies.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .joined import Joined
from .paired import Paired
from .products import Define, Multiply
from .sums import Begin, Finish, Restore
from .tile import MinimalTile
from .transforms import Combine, Transform, Weigh
from .woven import Woven

__all__ = ["address", "text"]

# What writes each kind, and how many arguments it takes.
_KINDS = {
    "combine": (Combine, 3),
    "weigh": (Weigh, 8),
    "transform": (Transform, 7),
    "multiply": (Multiply, 7),
    "paired": (Paired, 7),
    "joined": (Joined, 7),
    "woven": (Woven, 7),
    "restore": (Restore, 7),
    "define": (Define, 5),
    "begin": (Begin, 3),
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
