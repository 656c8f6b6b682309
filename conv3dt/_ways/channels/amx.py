"""The micro-kernel where AMX multiplies: the contract is that of `kernel`, for pairs of bfloat16.

    sums     2x2 tiles of 16 rows by 16 channels: 32 positions by 32 output channels
    inputs   rows as far apart as positions are, up to 16 pairs of input channels
    lines    of the panel, as many; each has a pair for every output channel

Sums begin as the bias and end in a buffer on the stack, from where vectors are activated, rounded
and stored. All tiles of a plan have the same shape (`Tiles.configure`), whatever number of rows a
kernel has: what it reads of other rows stays in sums that nobody stores.

Within an instruction the products of the lower and of the upper halves are summed apart, from zero.
How many pairs that are does not depend on the tile; so the order of summation does not either.
"""

from ..._compiler.activations.table import activate
from ..._compiler.amx import INPUTS, LINES, SUMS, Tiles
from ..._compiler.build import emitted
from ..._compiler.vectors import I8, i64
from ..shared.emitter import Loop
from .emitter import ChannelEmitter

__all__ = ["AmxEmitter", "shaper"]


def shaper() -> int:
    """Return the address of what shapes tiles by 64 bytes at an address, or by 0 releases them."""
    return emitted((__name__, "shape"), 1, _write, lambda: lambda address: None)


def _write(builder, address):
    """Append the instructions."""
    tiles = Tiles(builder)
    with builder.if_else(builder.icmp_signed("!=", address, i64(0))) as (begin, end):
        with begin:
            tiles.configure(builder.inttoptr(address, I8.as_pointer()))
        with end:
            tiles.release()


class AmxEmitter(ChannelEmitter):
    """Writes one micro-kernel whose products are made by tiles."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.tiles = Tiles(builder)
        self.step = self.words.size * self.tile.lanes * self.tile.vectors  # of lines, in bytes
        self.sums = [
            (SUMS + 2 * i + j, row, j)
            for i, (row, _) in enumerate(tile.parts)
            for j in range(tile.vectors)
        ]

    def kernel(self, a, taps, n_taps, bias, c, c_outer, c_inner, c_channel, seam, following):
        at_bias = self.words.pointer(bias)
        for number, _, j in self.sums:
            self.tiles.load(number, self._vector(at_bias, j), 0)
        self.products(a, taps, n_taps, [])
        self.store_sums(self.made(), c, (c_outer, c_inner, c_channel))

    def entry_products(self, at_a, at_b, length, rows, sums):
        """Add the products of an entry, some pairs of channels at a time."""
        b, pairs = self.builder, self.tile.amx[1]
        with Loop(b, b.udiv(length, i64(pairs))) as n:
            first = b.mul(n, i64(pairs))
            line = b.mul(first, i64(self.tile.vectors * self.tile.lanes))
            self.some_pairs(b.gep(at_a, [first]), b.gep(at_b, [line]))
        return sums

    def some_pairs(self, at_a, at_b):
        """Add the products of tiles, each of which is loaded once. This is the loop that counts."""
        tile, tiles = self.tile, self.tiles
        for j in range(tile.vectors):
            tiles.load(LINES + j, self._vector(at_b, j), self.step)
            for i, (_, offset) in enumerate(tile.parts):
                if j == 0:
                    at = self.builder.gep(at_a, [i64(offset)])
                    tiles.load(INPUTS + i, at, self.words.size * tile.row_step)
                tiles.add_product(SUMS + 2 * i + j, INPUTS + i, LINES + j)

    def made(self):
        """Return a buffer [row][vector] of the sums; rows behind the last are used for nothing."""
        tile = self.tile
        rows = tile.parts[-1][0] + tile.amx[0]
        buffer = self.stack_buffer(self.words.vector, rows * tile.vectors)
        for number, row, j in self.sums:
            at = self.builder.gep(buffer, [i64(row * tile.vectors + j)])
            self.tiles.store(number, at, self.step)
        return buffer

    def store_sums(self, made, c, c_steps):
        """Store what is made of the sums, row by row."""
        b, w, tile = self.builder, self.words, self.tile
        turned = self.stack_buffer(self.kind, tile.rows * tile.vectors) if tile.spread else None
        with Loop(b, i64(tile.outer)) as y, Loop(b, i64(tile.inner)) as x:
            first = b.mul(b.add(b.mul(y, i64(tile.inner)), x), i64(tile.vectors))
            vectors = []
            for j in range(tile.vectors):
                n = b.add(first, i64(j))
                value = b.load(b.gep(made, [n]), align=self.align)
                vectors.append(activate(w, tile.activation, value))
                if turned:
                    to = b.gep(turned, [n])
                    b.store(self.stored(vectors[-1]), to, align=self.item)
            if not turned:
                row = self.row_address(c, y, x, c_steps)
                self.store_placed([(vectors, row)], (c, *c_steps[:2]))
        if turned:
            self.scatter(turned, c, c_steps)

    def _vector(self, pointer, number):
        """Return a pointer to the vector of that number."""
        return self.builder.gep(pointer, [i64(number * self.tile.lanes)])
