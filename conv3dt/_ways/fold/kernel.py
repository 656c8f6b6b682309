"""The two micro-kernels of folding: multiply inputs by taps, and finish outputs. Their contracts.

Positions along the width are in the lanes, as in that of the wide way. `fold` computes

    sum[m, lanes] = sum over k < length of b[k, m] * a[k, lanes],    m: a tap and an output channel

and adds sum[m, :] to the numbers at rows[m] + at: where tap m carries these inputs. It may turn two
vectors of positions beside that, into the order of a: target[k, position] = source[position, k].
`finish` stores activation(x) of what has been added up, phases (and neighbouring channels)
interleaved, and leaves the bias there.

fold    a       address of the first position of input channel 0
        plane   bytes from one input channel to the next
        entry   of a table of taps: 0, address of b, length >= 1, all rows
        rows    address of as many int64 addresses as the tile has columns
        at      bytes from rows[m] to the tile's first position
        ask     address of what is going to be read after this: a cache line with each k,
        ask_step    so many bytes further each time
        source  address of the first position to turn, its channels neighbours,
        target  and of where it goes; if it turns, length is a multiple of 16 bytes
finish  x       address of the sums of phase 0, channel 0
        phase, channel      bytes to the next phase's, the next channel's
        c       address of the output
        count   numbers to store; at least 1
        bias    address of the bias of each channel

fold reads and adds to whole vectors, vectors*lanes numbers a row. finish reads whole vectors,
makes them the bias, and writes `count` numbers.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from ..shared.lane_tile import LaneTile
from .emitter import FinishEmitter, FoldEmitter, TurningEmitter

__all__ = ["finish_address", "fold_address", "fold_text"]


def fold_address(tile: LaneTile, step: int = 0) -> int:
    """Return the address of the kernel that multiplies and folds, compiled if it is new.

    If `step` is given, it turns positions that lie so many bytes apart beside.
    """
    key = __name__, "fold", tile, step
    write, plain = partial(_write_fold, tile, step), partial(_plain_fold, tile, step)
    return emitted(key, 9 if step else 7, write, plain)


def finish_address(tile: LaneTile) -> int:
    """Return the address of the kernel that finishes outputs, compiled if it is new."""
    key = __name__, "finish", tile
    return emitted(key, 6, partial(_write_finish, tile), partial(_plain_finish, tile))


def fold_text(tile: LaneTile) -> str:
    """Return the machine code of the kernel that multiplies and folds, as text."""
    return assembly(7, partial(_write_fold, tile, 0))


def _write_fold(tile, step, builder, *arguments):
    """Append the instructions of `fold`."""
    emitter = TurningEmitter(builder, tile, step) if step else FoldEmitter(builder, tile)
    emitter.kernel(*arguments)


def _write_finish(tile, builder, *arguments):
    """Append the instructions of `finish`."""
    FinishEmitter(builder, tile).kernel(*arguments)


def _plain_fold(tile, step):
    """Return the twin of `fold`."""
    from .plain import fold

    return fold(tile, step)


def _plain_finish(tile):
    """Return the twin of `finish`."""
    from .plain import finish

    return finish(tile)
