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
tables      address of what is known of phase 0's table (see `lists`), then its entries; the next
            phase's is `table_step` bytes further
b           panel: `channels` weights for each k
bias        `channels` numbers
c           row y starts y*c_outer bytes further, channel m m*c_channel bytes (if they are apart)
count       numbers to store in a row, at most vectors*lanes*streams; at least 1

The accumulators in registers are one phase's, outer*channels*vectors; phases that are done wait on
the stack. Reads whole vectors of a: behind the last position it reads, but does not use, up to
vectors*lanes - 1 numbers. Never reads c; never writes beyond `count`.
"""

from functools import partial

from llvmlite import ir

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import I32, i64
from ..._geometry.tile import WideTile
from ..shared import layout as field
from ..shared.emitter import Emitter, Loop

__all__ = ["WideEmitter", "interleaved", "wide_tile_address", "wide_tile_assembly"]


def wide_tile_address(tile: WideTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted(tile, 9, partial(_write, tile), partial(_plain, tile))


def wide_tile_assembly(tile: WideTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(9, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    WideEmitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from ..shared.plain import plain_wide_tile

    return plain_wide_tile(tile)


class WideEmitter(Emitter):
    """Writes one micro-kernel with output positions in the lanes."""

    def kernel(self, a, tables, table_step, plane, bias, c, c_outer, c_channel, count):
        """Append the whole kernel: phase by phase, which wait in a buffer to be interleaved."""
        b, tile = self.builder, self.tile
        self.plane = plane
        start = self.start(bias)
        buffer = self.stack_buffer(self.kind, len(start) * tile.phases)
        results = []
        for r in range(tile.phases):
            known = b.add(tables, b.mul(i64(r), table_step))
            entries = b.load(self.words.pointer(known, i64(0).type))
            table = b.add(known, i64(field.KNOWN_BYTES))
            sums = self.products(a, table, entries, start)
            results = [self.stored(x) for x in self.activated(sums)]
            if tile.phases > 1:
                self.put_aside(buffer, r, results)
        if tile.phases == 1:
            self.store_tile(buffer, results, c, c_outer, c_channel, count)
        else:
            self.store_waiting(buffer, c, c_outer, c_channel, count)

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

    def start(self, bias):
        """Return a phase's accumulators before the first product: the bias."""
        tile, pointer = self.tile, self.words.pointer(bias)
        at = [self.builder.gep(pointer, [i64(m)]) for m in range(tile.channels)]
        values = [self.words.splat(self.builder.load(x)) for x in at]
        return [
            values[m]
            for _ in range(tile.outer)
            for m in range(tile.channels)
            for _ in range(tile.vectors)
        ]

    def one_k(self, at_a, at_b, k, sums):
        """Return a phase's accumulators after the products of one k. The loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        shifted = b.add(b.ptrtoint(at_a, i64(0).type), b.mul(k, self.plane))
        a_k, b_k = w.pointer(shifted), b.gep(at_b, [b.mul(k, i64(tile.channels))])
        rows = [y * tile.outer_step for y in range(tile.outer)]
        parts = [j * w.lanes for j in range(tile.vectors)]
        inputs = [[w.load(a_k, i64(row + part), w.size) for part in parts] for row in rows]
        result = list(sums)
        for m in range(tile.channels):  # a weight at a time: all at once would not fit
            weight = w.splat(b.load(b.gep(b_k, [i64(m)])))
            for y, row in enumerate(inputs):
                for j, x in enumerate(row):
                    n = (y * tile.channels + m) * tile.vectors + j
                    result[n] = w.multiply_add(x, weight, sums[n])
        return result

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

    def store_some(self, vectors, c, count):
        """Store the first `count` numbers of vectors that belong one behind the other."""
        b, lanes = self.builder, self.tile.lanes
        full, part, after = (b.append_basic_block(name) for name in ("full", "part", "stored"))
        b.cbranch(b.icmp_signed(">=", count, i64(len(vectors) * lanes)), full, part)
        b.position_at_end(full)
        self.store_whole([(x, b.add(c, i64(n * self.line))) for n, x in enumerate(vectors)], [c])
        b.branch(after)
        b.position_at_end(part)
        self.store_part(vectors, c, count)
        b.branch(after)
        b.position_at_end(after)

    def store_part(self, vectors, c, count):
        """Store by way of a buffer on the stack: whole vectors, and the rest number by number."""
        b, lanes, kind = self.builder, self.tile.lanes, self.kind
        buffer = self.stack_buffer(kind, len(vectors))
        for n, x in enumerate(vectors):
            b.store(x, b.gep(buffer, [i64(n)]), align=self.line)
        whole = b.sdiv(count, i64(lanes))
        with Loop(b, whole) as n:
            at = b.add(c, b.mul(n, i64(self.line)))
            x = b.load(b.gep(buffer, [n]), align=self.line)
            self.words.store(x, at, lanes, align=self.item)
        scalars = b.bitcast(buffer, kind.element.as_pointer())
        done = b.mul(whole, i64(lanes))
        with Loop(b, b.sub(count, done)) as n:
            n = b.add(done, n)
            at = b.add(c, b.mul(n, i64(self.item)))
            value = b.load(b.gep(scalars, [n]), align=self.item)
            b.store(value, self.words.pointer(at, kind.element), align=self.item)


def interleaved(builder, streams, lanes):
    """Return the numbers s0[0], s1[0], ..., s0[1], s1[1], ... of the streams, as vectors.

    An even number of streams is halved, and the halves are zipped: log2(n) shuffles a vector.
    """
    n = len(streams)
    if n == 1:
        return list(streams)
    if n % 2 == 0:
        halves = (interleaved(builder, streams[first::2], lanes) for first in (0, 1))
        pairs = zip(*halves, strict=True)
        return [x for pair in pairs for x in _merged(builder, pair, lanes)]
    return _merged(builder, streams, lanes)


def _merged(builder, streams, lanes):
    """Return the streams interleaved, with one shuffle less a vector than there are streams."""
    n = len(streams)
    mask_type = ir.VectorType(I32, lanes)
    result = []
    for t in range(n):
        origins = [divmod(t * lanes + lane, n) for lane in range(lanes)]
        x, mask = streams[0], [lane for lane, _ in origins]
        for number in range(1, n):
            mask = [
                lanes + lane if stream == number else kept
                for kept, (lane, stream) in zip(mask, origins, strict=True)
            ]
            constants = ir.Constant(mask_type, [ir.Constant(I32, lane) for lane in mask])
            x, mask = builder.shuffle_vector(x, streams[number], constants), list(range(lanes))
        result.append(x)
    return result
