"""The micro-kernels: products of a tile with channels in the lanes, and what follows them.

           filters of a tap, as they lie: a line of input channels for each output channel
               ┌─────────────────────┐
               │ lanes │ lanes │ ... │ output channel j        tile[m, j] = sum over lanes of
               └─────────────────────┘                                      sum over vectors of
    inputs     ┌─────────────────────┐                                      inputs m * filters j
               │ lanes │ lanes │ ... │ position m
               └─────────────────────┘

multiply    rows        table of the tile's `Row`s: addresses of channels and of sums
            source      bytes from a row's first channel to the first that is multiplied
            count       whole vectors of input channels; `rest` more follow, and maybe half a pair
            filters     address of the filters of the first output channel
            step        bytes from one output channel to the next
            to          bytes from a row's sums to that of the first output channel
            ask         address of filters that are going to be read: asked for meanwhile
                        sums[m, j] += tile[m, j]
lines       (output channels in the lanes: the tile is positions by vectors of them)
            rows        table of the tile's `Row`s: addresses of channels and of sums
            inputs      address of those of the first row, in the compute type
            count       input channels, or pairs of them; maybe half a pair follows
            filters     address of the first of the first one's line of filters
            step        bytes from one input channel, or pair, to the next: of both a half
            to          bytes from a row's sums to that of the first output channel
            ask         address of a line of filters that is going to be read,
            source      bytes to such inputs from those of a `Row`: both are asked for meanwhile
                        sums[m, j] += sum over k of inputs m * filters j
finish      sums        address of [position][channel of the block], in the compute type
            bias        as many channels
            rows        table of `Row`s: address of a position's output
            count       positions
            step        bytes from one output channel to the next, where they are `spread`
                        output[m, :] = activation(sums[m, :] + bias), channels that exist

Of lines, a lane is an output channel and adds up input channels in their order. Else a lane adds up
every `lanes`-th input channel, in their order; then lanes are added, halves to halves. So a sum
depends neither on the tile's shape nor on its place in it. Nothing is read beyond the channels.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .emitter import Finish, Multiply
from .line_emitter import MultiplyLines
from .tile import DotTile, FinishTile, LineTile

__all__ = ["address", "text"]

# What writes the kernel of a tile, and how many arguments it takes.
_KINDS = {DotTile: (Multiply, 7), LineTile: (MultiplyLines, 8), FinishTile: (Finish, 5)}


def address(tile: DotTile | LineTile | FinishTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    n_arguments = _KINDS[type(tile)][1]
    return emitted((__name__, tile), n_arguments, partial(_write, tile), partial(_plain, tile))


def text(tile: DotTile | LineTile | FinishTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(_KINDS[type(tile)][1], partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    _KINDS[type(tile)][0](builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import finish, lines, multiply

    return {DotTile: multiply, LineTile: lines, FinishTile: finish}[type(tile)](tile)
