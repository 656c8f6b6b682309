"""The two micro-kernels of folding: multiply one row of inputs by all taps, and finish outputs.

Positions along the width are in the lanes, as in that of the wide way. `fold` computes

    sum[m, lanes] = sum over k < length of b[k, m] * a[k, lanes],    m: a tap and an output channel

and adds sum[m, :] to the numbers at rows[m] + at: where tap m carries these inputs. `finish` stores
activation(x) of what has been added up, phases (and neighbouring channels) interleaved.

fold    a       address of the first position of input channel 0
        plane   bytes from one input channel to the next
        entry   of a table of taps: 0, address of b, length >= 1, all rows
        rows    address of as many int64 addresses as the tile has columns
        at      bytes from rows[m] to the tile's first position
        ask     address of what is going to be read after this: a cache line with each k,
        ask_step    so many bytes further each time
finish  x       address of the sums of phase 0, channel 0
        phase, channel      bytes to the next phase's, the next channel's
        c       address of the output
        count   numbers to store; at least 1

fold reads and adds to whole vectors, vectors*lanes numbers a row. finish reads whole vectors and
writes `count` numbers.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from ..shared.lane_emitter import LaneEmitter, interleaved
from ..shared.lane_tile import LaneTile

__all__ = ["finish_address", "fold_address", "fold_text"]


def fold_address(tile: LaneTile) -> int:
    """Return the address of the kernel that multiplies and folds, compiled if it is new."""
    key = __name__, "fold", tile
    return emitted(key, 7, partial(_write_fold, tile), partial(_plain_fold, tile))


def finish_address(tile: LaneTile) -> int:
    """Return the address of the kernel that finishes outputs, compiled if it is new."""
    key = __name__, "finish", tile
    return emitted(key, 5, partial(_write_finish, tile), partial(_plain_finish, tile))


def fold_text(tile: LaneTile) -> str:
    """Return the machine code of the kernel that multiplies and folds, as text."""
    return assembly(7, partial(_write_fold, tile))


def _write_fold(tile, builder, *arguments):
    """Append the instructions of `fold`."""
    _FoldEmitter(builder, tile).kernel(*arguments)


def _write_finish(tile, builder, *arguments):
    """Append the instructions of `finish`."""
    _FinishEmitter(builder, tile).kernel(*arguments)


def _plain_fold(tile):
    """Return the twin of `fold`."""
    from .plain import fold

    return fold(tile)


def _plain_finish(tile):
    """Return the twin of `finish`."""
    from .plain import finish

    return finish(tile)


class _FoldEmitter(LaneEmitter):
    """Writes `fold`."""

    def kernel(self, a, plane, entry, rows, at, ask, ask_step):
        b, w, tile = self.builder, self.words, self.tile
        self.plane, self.ask, self.ask_step = plane, ask, ask_step
        zeros = [w.constant(0)] * (tile.channels * tile.vectors)
        sums = self.products(a, entry, i64(1), zeros)
        addresses = w.pointer(rows, i64(0).type)
        for m in range(tile.channels):
            row = w.pointer(b.add(b.load(b.gep(addresses, [i64(m)])), at))
            for j in range(tile.vectors):
                to = b.bitcast(b.gep(row, [i64(j * w.lanes)]), w.vector.as_pointer())
                total = b.fadd(b.load(to, align=w.size), sums[m * tile.vectors + j])
                b.store(total, to, align=w.size)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k; ask for a line of the next row.

        After the products: with the question before them, LLVM 14 loads the inputs of the second
        of two k before the last product of the first, and 14 columns by 2 vectors spill.
        """
        b, w = self.builder, self.words
        result = super().one_k(at_a, at_b, k, sums)
        w.prefetch(w.pointer(b.add(self.ask, b.mul(k, self.ask_step))), i64(0))
        return result


class _FinishEmitter(LaneEmitter):
    """Writes `finish`."""

    def kernel(self, x, phase, channel, c, count):
        b, w, tile = self.builder, self.words, self.tile
        whole = i64(tile.lanes * tile.streams)
        rounds = b.sdiv(b.add(count, b.sub(whole, i64(1))), whole)
        with Loop(b, rounds) as n:
            at = b.add(x, b.mul(n, i64(tile.lanes * w.size)))
            sums = [
                w.load(w.pointer(b.add(at, b.add(b.mul(i64(r), phase), b.mul(i64(m), channel)))),
                       i64(0), w.size)
                for r in range(tile.phases)
                for m in range(tile.channels)
            ]  # fmt: skip
            streams = [self.stored(x) for x in self.activated(sums)]
            done = b.mul(n, whole)
            to = b.add(c, b.mul(done, i64(self.item)))
            self.store_some(interleaved(b, streams, tile.lanes), to, b.sub(count, done))
