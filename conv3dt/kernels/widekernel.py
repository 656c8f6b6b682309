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

Reads whole vectors of a: behind the last position it reads, but does not use, up to
vectors*lanes - 1 numbers. Never reads c; never writes beyond `count`.
"""

from functools import partial

from llvmlite import ir

from .._tile import WideTile
from . import layout as field
from .build import assembly, emitted
from .emit import I32, i64
from .emitter import Emitter, Loop

__all__ = ["WideEmitter", "wide_tile_address", "wide_tile_assembly"]


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
    from .plain import plain_wide_tile

    return plain_wide_tile(tile)


class WideEmitter(Emitter):
    """Writes one micro-kernel with output positions in the lanes."""

    def kernel(self, a, tables, table_step, plane, bias, c, c_outer, c_channel, count):
        """Append the whole kernel."""
        b, tile = self.builder, self.tile
        self.plane = plane
        results = []
        for r in range(tile.phases):
            known = b.add(tables, b.mul(i64(r), table_step))
            entries = b.load(self.words.pointer(known, i64(0).type))
            table = b.add(known, i64(field.KNOWN_BYTES))
            results.append(self.products(a, table, entries, self.start(bias)))
        self.store_some([x for part in results for x in part], c, c_outer, c_channel, count)

    def store_some(self, sums, c, c_outer, c_channel, count):
        """Activate and store the first `count` numbers of each row."""
        b, tile = self.builder, self.tile
        sums = [self.stored(x) for x in self.activated(sums)]
        rows = list(self.output_rows(sums, c, c_outer, c_channel))
        whole = i64(tile.vectors * tile.lanes * tile.streams)
        full, part, done = (b.append_basic_block(name) for name in ("full", "part", "stored"))
        b.cbranch(b.icmp_signed(">=", count, whole), full, part)
        b.position_at_end(full)
        self.store_whole(rows)
        b.branch(done)
        b.position_at_end(part)
        self.store_part(rows, count)
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
        weights = [w.splat(b.load(b.gep(b_k, [i64(m)]))) for m in range(tile.channels)]
        result = []
        for y in range(tile.outer):
            inputs = [
                w.load(a_k, i64(y * tile.outer_step + j * w.lanes), w.size)
                for j in range(tile.vectors)
            ]
            for m in range(tile.channels):
                first = (y * tile.channels + m) * tile.vectors
                result += [
                    w.multiply_add(inputs[j], weights[m], sums[first + j])
                    for j in range(tile.vectors)
                ]
        return result

    def output_rows(self, sums, c, c_outer, c_channel):
        """Yield (address, its vectors in order) for every contiguous run of the output."""
        b, tile = self.builder, self.tile
        phase = tile.outer * tile.channels * tile.vectors

        def of(r, y, m, j):
            return sums[r * phase + (y * tile.channels + m) * tile.vectors + j]

        for y in range(tile.outer):
            row = b.add(c, b.mul(i64(y), c_outer))
            together = [[m] for m in range(tile.channels)] if tile.apart else [range(tile.channels)]
            for channels in together:
                vectors = []
                for j in range(tile.vectors):
                    streams = [of(r, y, m, j) for r in range(tile.phases) for m in channels]
                    vectors += interleaved(b, streams, tile.lanes)
                at = b.add(row, b.mul(i64(channels[0]), c_channel)) if tile.apart else row
                yield at, vectors

    def store_whole(self, rows):
        """Store rows of which every number exists."""
        for address, vectors in rows:
            for n, x in enumerate(vectors):
                at = self.builder.add(address, i64(n * self.words.lanes * self.item))
                self.words.store(x, at, self.words.lanes, align=self.item)

    def store_part(self, rows, count):
        """Store the first `count` numbers of each row, by way of a buffer on the stack."""
        b, kind = self.builder, rows[0][1][0].type
        buffer = self.stack_buffer(kind, len(rows[0][1]))
        scalars = b.bitcast(buffer, kind.element.as_pointer())
        for address, vectors in rows:
            for n, x in enumerate(vectors):
                b.store(x, b.gep(buffer, [i64(n)]), align=2)
            with Loop(b, count) as n:
                value = b.load(b.gep(scalars, [n]), align=2)
                at = b.add(address, b.mul(n, i64(self.item)))
                b.store(value, self.words.pointer(at, kind.element), align=2)


def interleaved(builder, streams, lanes):
    """Return the numbers s0[0], s1[0], ..., s0[1], s1[1], ... of the streams, as vectors."""
    n = len(streams)
    result = []
    for t in range(n):
        origins = [divmod(t * lanes + lane, n) for lane in range(lanes)]
        x = streams[0]
        mask = [lane for lane, _ in origins]
        for number in range(n):
            if number:
                mask = [
                    lanes + lane if stream == number else kept
                    for kept, (lane, stream) in enumerate(origins)
                ]
            constants = [ir.Constant(I32, lane) for lane in mask]
            mask_type = ir.VectorType(I32, lanes)
            if n > 1:
                x = builder.shuffle_vector(x, streams[number], ir.Constant(mask_type, constants))
        result.append(x)
    return result
