"""The micro-kernel: a tile of output positions by output channels, kept in registers.

                       b: panel of filters, vectors*lanes wide, one line per (tap, input channel)
                       ┌───────────────┐
                       │0 1 2 3 4 5 ...│ k = 0
                       │      ...      │ ...
                       └───────────────┘ k = length - 1
    a: packed input
    ┌─────────────┐    ┌───────────────┐
    │row 0        │    │               │
    │row 1        │    │  accumulators │   rows = outer*inner,  vectors <= 4
    │...          │    │               │
    └─────────────┘    └───────────────┘
     k = 0 ... length-1

Computes    c[m, :] = activation(bias + sum over entries e, sum over k < length[e] of
                                 a[e][m, k] * b[e][k, :])

a           address; float32 or float64; row m = (y, x) starts y*outer_step + x*inner_step numbers
            behind row 0
taps        int64 table of n_taps entries: bytes from `a` to row 0, address of b, length >= 1, and
            rows, 0 for all, or those with first <= x < end as `first * ROWS_FROM + end`: the others
            miss this tap, and their numbers are zeros, which are read where the tile has no loop
            for just these rows
b           the same type, each vector at a multiple of its size, zero where channels do not exist
bias        vectors*lanes numbers, aligned like b
c           row (y, x) starts y*outer + x*inner bytes further, channels `channel` bytes apart
            (or, where the tile is not `spread`, next to each other)

The order of summation of an output is that of the table and of k: it does not depend on the tile's
shape, nor on where in the tile the output lies. With n_taps = 0, c is activation(bias).
Never reads c, nor a or b beyond the entries; never writes channels that do not exist.
"""

from functools import partial

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import i64
from ..shared.emitter import Emitter, Loop
from ..shared.records import ROWS_FROM
from .tile import ChannelTile

__all__ = ["address", "text"]

# The panel streams from L2, too fast for the processor's own prefetching: bytes to ask for ahead.
# Interleaved with a kernel that does not ask, one thread gained 6 % on a 16^3 x 128 to 64 layer of
# kernel 4, stride 2, and 1 to 2 % where the panel is smaller; 256, 768 and 1024 gained less.
_AHEAD = 512


def address(tile: ChannelTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 8, partial(_write, tile), partial(_plain, tile))


def text(tile: ChannelTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(8, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    _ChannelEmitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)


class _ChannelEmitter(Emitter):
    """Writes one micro-kernel with output channels in the lanes."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.reading = range(tile.inner)  # rows x that take part
        self.registers = [(m, j) for m in range(tile.rows) for j in range(tile.vectors)]

    @property
    def unrolled(self):
        """Rounds of the loop over k that are written out.

        Where rows are neighbours, the next k reads what the next row has read: kept for it, these
        numbers would need more registers than there are.
        """
        return 1 if self.tile.inner_step == 1 else super().unrolled

    def kernel(self, a, taps, n_taps, bias, c, c_outer, c_inner, c_channel):
        sums = self.activated(self.products(a, taps, n_taps, self.start(bias)))
        if self.tile.spread:
            self.store_apart(sums, c, (c_outer, c_inner, c_channel))
        else:
            self.store_rows(sums, c, (c_outer, c_inner))

    def start(self, bias):
        """Return the accumulators before the first product: the bias."""
        w = self.words
        pointer = w.pointer(bias)
        loaded = [w.load(pointer, i64(j * w.lanes), self.align) for j in range(self.tile.vectors)]
        return [loaded[j] for _, j in self.registers]

    def entry_products(self, at_a, at_b, length, rows, sums):
        """Return the accumulators after an entry, for all rows or by the loop for some of them."""
        b, tile = self.builder, self.tile
        if not tile.edges:
            return super().entry_products(at_a, at_b, length, rows, sums)
        whole, after = b.append_basic_block("whole"), b.append_basic_block("added")
        choice = b.switch(rows, whole)
        found = []
        for first, end in tile.edges:
            some = b.append_basic_block("some")
            choice.add_case(i64(first * ROWS_FROM + end), some)
            b.position_at_end(some)
            self.reading = range(first, end)
            found.append((self.stretch(at_a, at_b, i64(0), length, 1, sums), b.block))
            b.branch(after)
        b.position_at_end(whole)
        self.reading = range(tile.inner)
        found.append((super().entry_products(at_a, at_b, length, rows, sums), b.block))
        b.branch(after)
        b.position_at_end(after)
        return [self.arriving([(result[n], at) for result, at in found]) for n in range(len(sums))]

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. This is the loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        a_k = b.gep(at_a, [k])
        b_k = b.gep(at_b, [b.mul(k, i64(tile.vectors * w.lanes))])
        panel = [w.load(b_k, i64(j * w.lanes), self.align) for j in range(tile.vectors)]
        for j in range(tile.vectors):
            w.prefetch(b_k, i64(j * w.lanes + _AHEAD // w.size))
        if tile.ahead:  # the next tile's inputs, which lie behind these
            w.prefetch(at_a, b.add(i64(tile.rows * tile.inner_step), b.mul(k, i64(tile.ahead))))
        result = []
        for m in range(tile.rows):
            y, x = divmod(m, tile.inner)
            if x not in self.reading:
                result += sums[m * tile.vectors : (m + 1) * tile.vectors]
                continue
            offset = i64(y * tile.outer_step + x * tile.inner_step)
            row = w.splat(b.load(b.gep(a_k, [offset])))
            result += [
                w.add_product(row, panel[j], sums[m * tile.vectors + j])
                for j in range(tile.vectors)
            ]
        return result

    def row_address(self, c, y, x, c_steps):
        """Return the address of row (y, x) of the output."""
        b = self.builder
        return b.add(b.add(c, b.mul(y, c_steps[0])), b.mul(x, c_steps[1]))

    def channels(self, j):
        """Return how many channels of vector j exist."""
        return self.tile.last if j == self.tile.vectors - 1 else self.tile.lanes

    def store_rows(self, sums, c, c_steps):
        """Store rows whose channels are neighbours."""
        whole = []
        for (m, j), x in zip(self.registers, sums, strict=True):
            row = self.row_address(c, *map(i64, divmod(m, self.tile.inner)), c_steps)
            at = self.builder.add(row, i64(j * self.line))
            if self.channels(j) == self.tile.lanes:
                whole.append((self.stored(x), at))
            else:
                self.words.store(self.stored(x), at, self.channels(j), align=self.item)
        self.store_whole(whole, (c, *c_steps))

    def store_apart(self, sums, c, c_steps):
        """Store channels that lie `channel` bytes apart, by way of a buffer on the stack."""
        b, tile = self.builder, self.tile
        values = [self.stored(x) for x in sums]
        kind = values[0].type
        buffer = self.stack_buffer(kind, len(values))
        for n, x in enumerate(values):
            b.store(x, b.gep(buffer, [i64(n)]), align=self.item)
        scalar = kind.element
        first = b.bitcast(buffer, scalar.as_pointer())
        width = tile.vectors * tile.lanes
        with (
            Loop(b, i64(width - tile.lanes + tile.last)) as channel,
            Loop(b, i64(tile.outer)) as y,
            Loop(b, i64(tile.inner)) as x,
        ):
            m = b.add(b.mul(y, i64(tile.inner)), x)
            value = b.load(b.gep(first, [b.add(b.mul(m, i64(width)), channel)]))
            row = self.row_address(c, y, x, c_steps)
            at = b.add(row, b.mul(channel, c_steps[2]))
            b.store(value, self.words.pointer(at, scalar), align=self.item)
