"""The wide micro-kernel: output positions in the lanes, for few or scattered channels.

Computes, for each phase r of the width, each row y < outer and each channel m,

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

The accumulators in registers are one phase's, outer*channels*vectors; phases that are done wait on
the stack. Reads whole vectors of a: behind the last position it reads, but does not use, up to
vectors*lanes - 1 numbers. Never reads c; never writes beyond `count`.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from ..shared.lane_emitter import LaneEmitter, interleaved
from ..shared.lane_tile import LaneTile
from ..shared.records import Table

__all__ = ["address", "text"]


def address(tile: LaneTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 8, partial(_write, tile), partial(_plain, tile))


def text(tile: LaneTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(8, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    WideEmitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)


class WideEmitter(LaneEmitter):
    """Writes one micro-kernel with output positions in the lanes."""

    def kernel(self, a, tables, plane, bias, c, c_outer, c_channel, count):
        """Append the whole kernel: phase by phase, which wait in a buffer to be interleaved."""
        b, tile = self.builder, self.tile
        self.plane = plane
        start = self.start(bias)
        buffer = self.stack_buffer(self.kind, len(start) * tile.phases)
        results, known = [], tables
        for r in range(tile.phases):
            if r > 0:
                known = self.number(known, Table.following)
            table = b.add(known, i64(Table.SIZE))
            sums = self.products(a, table, self.number(known, Table.entries), start)
            results = [self.stored(x) for x in self.activated(sums)]
            if tile.phases > 1:
                self.put_aside(buffer, r, results)
        if tile.phases == 1:
            self.store_tile(buffer, results, c, c_outer, c_channel, count)
        else:
            self.store_waiting(buffer, c, c_outer, c_channel, count)

    def number(self, record, field):
        """Return a number of a record."""
        at = self.builder.add(record, i64(field.offset))
        return self.builder.load(self.words.pointer(at, i64(0).type))

    @property
    def runs(self):
        """Rows of the output that a row of the tile has: its channels, where they lie apart."""
        return self.tile.channels if self.tile.apart else 1

    def put_aside(self, buffer, r, results):
        """Store the results of phase r where they wait."""
        b = self.builder
        for n, x in enumerate(results):
            b.store(x, b.gep(buffer, [i64(self.place(r, n))]), align=self.line)

    def store_waiting(self, buffer, c, c_outer, c_channel, count):
        """Store the runs of a tile, all of whose results wait."""
        b, tile = self.builder, self.tile
        with Loop(b, i64(tile.outer)) as y, Loop(b, i64(self.runs)) as m:
            first = b.mul(b.add(b.mul(y, i64(self.runs)), m), i64(tile.vectors * tile.streams))
            at = b.add(c, b.add(b.mul(y, c_outer), b.mul(m, c_channel)))
            self.store_run(buffer, first, at, count)

    def store_tile(self, buffer, results, c, c_outer, c_channel, count):
        """Store the results of the only phase: from registers, if the tile is whole."""
        b, tile = self.builder, self.tile
        whole, part, done = (b.append_basic_block(x) for x in ("all", "some", "end"))
        numbers = i64(tile.vectors * tile.streams * tile.lanes)
        b.cbranch(b.icmp_signed(">=", count, numbers), whole, part)
        b.position_at_end(whole)
        streams = {self.place(0, n): x for n, x in enumerate(results)}
        placed = []
        for number in range(len(results) // tile.streams):
            run, j = divmod(number, tile.vectors)
            y, m = divmod(run, self.runs)
            at = b.add(c, b.add(b.mul(i64(y), c_outer), b.mul(i64(m), c_channel)))
            first = number * tile.streams
            some = [streams[n] for n in range(first, first + tile.streams)]
            for n, x in enumerate(interleaved(b, some, tile.lanes), j * tile.streams):
                placed.append((x, b.add(at, i64(n * self.line))))
        self.store_whole(placed, (c, c_outer, c_channel))
        b.branch(done)
        b.position_at_end(part)
        self.put_aside(buffer, 0, results)
        self.store_waiting(buffer, c, c_outer, c_channel, count)
        b.branch(done)
        b.position_at_end(done)

    def place(self, r, n):
        """Return where accumulator n of phase r waits: [run][vector][stream], runs as stored."""
        tile = self.tile
        rest, j = divmod(n, tile.vectors)
        y, m = divmod(rest, tile.channels)
        if tile.apart:
            return (rest * tile.vectors + j) * tile.streams + r
        return (y * tile.vectors + j) * tile.streams + r * tile.channels + m

    def store_run(self, buffer, first, c, count):
        """Interleave the streams that wait from `first` on and store the first `count` numbers."""
        b, tile = self.builder, self.tile
        whole = i64(tile.streams * tile.lanes)
        with Loop(b, i64(tile.vectors)) as j:
            origin = b.add(first, b.mul(j, i64(tile.streams)))
            at = [b.gep(buffer, [b.add(origin, i64(n))]) for n in range(tile.streams)]
            done = b.mul(j, whole)
            vectors = interleaved(b, [b.load(x, align=self.line) for x in at], tile.lanes)
            self.store_some(vectors, b.add(c, b.mul(done, i64(self.item))), b.sub(count, done))
