"""The micro-kernels: products of a tile with input channels in the lanes, and what follows them.

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
finish      sums        address of [position][channel of the block], in the compute type
            bias        as many channels
            rows        table of `Row`s: address of a position's output
            count       positions
            step        bytes from one output channel to the next, where they are `spread`
                        output[m, :] = activation(sums[m, :] + bias), channels that exist

A lane adds up every `lanes`-th input channel, in their order; then lanes are added, halves to
halves. So a sum depends neither on the tile's shape nor on its place in it. Nothing is read beyond
the channels.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from .emitter import Finish, Multiply
from .tile import DotTile, FinishTile

__all__ = ["address", "text"]

# What writes the kernel of a tile, and how many arguments it takes.
_KINDS = {DotTile: (Multiply, 7), FinishTile: (Finish, 5)}


def address(tile: DotTile | FinishTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    n_arguments = _KINDS[type(tile)][1]
    return emitted((__name__, tile), n_arguments, partial(_write, tile), partial(_plain, tile))


def text(tile: DotTile | FinishTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(_KINDS[type(tile)][1], partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    _KINDS[type(tile)][0](builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import finish, multiply

    return multiply(tile) if isinstance(tile, DotTile) else finish(tile)
