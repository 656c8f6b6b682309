"""What writes the micro-kernel of the gradient of filters; `kernel` has its contract."""

from ..._compiler.vectors import i64
from ..shared.emitter import Emitter
from .records import Tile

__all__ = ["CorrelateEmitter"]


class CorrelateEmitter(Emitter):
    """Writes one micro-kernel."""

    def __init__(self, builder, tile):
        super().__init__(builder, tile)
        self.count = tile.rows * tile.vectors
        self.turn = 0

    @property
    def unrolled(self):
        """Rounds of the loop over k that are written out: each chain has one, or all have more.

        With groups of rows there are so many addresses that those of two rounds would be spilled.
        """
        return max(super().unrolled if self.tile.outer == 1 else 1, self.tile.chains)

    def kernel(self, call):
        b = self.builder
        self.fields = {name: self.field(call, name) for name in Tile.NAMES}
        f = self.fields
        self.asks_a = b.icmp_signed("!=", f["ask_a"], i64(0))
        self.ask_step = b.select(self.asks_a, f["a_step"], f["b_step"])
        if self.tile.far:
            self.ask_for_sums()
        zeros = [self.words.constant(0)] * (self.count * self.tile.chains)
        sums = self.joined(self.products(f["a"], f["entries"], f["n"], zeros))
        new, more, after = (b.append_basic_block(x) for x in ("new", "more", "after"))
        b.cbranch(b.icmp_signed("!=", f["fresh"], i64(0)), new, more)
        for block, add in ((new, False), (more, True)):
            b.position_at_end(block)
            self.put(sums, add)
            b.branch(after)
        b.position_at_end(after)

    def field(self, call, name):
        """Return a number of the record."""
        at = self.words.pointer(call, i64(0).type)
        return self.builder.load(self.builder.gep(at, [i64(getattr(Tile, name).offset // 8)]))

    def ask_for_sums(self):
        """Ask for the lines that are going to be written, which arrive during the products."""
        w, tile = self.words, self.tile
        for m in range(tile.rows):
            for start in tile.starts:
                w.prefetch(w.pointer(self.row_of_sums(m)), i64(start), keep=2, write=True)

    def row_of_sums(self, m):
        """Return the address of row m of the sums."""
        b, f = self.builder, self.fields
        y, x = map(i64, divmod(m, self.tile.inner))
        return b.add(f["c"], b.add(b.mul(y, f["c_outer"]), b.mul(x, f["c_row"])))

    def table_entry(self, a, taps, t):
        """Return pointer to a, pointer to b, length and rows of entry t; note where it asks."""
        b, w = self.builder, self.words
        at_a, at_b, length, rows = super().table_entry(a, taps, t)
        at_b = w.pointer(b.add(b.ptrtoint(at_b, i64(0).type), self.fields["b"]))
        near = b.ptrtoint(b.select(self.asks_a, at_a, at_b), i64(0).type)
        self.asked = w.pointer(b.add(near, self.fields["ask"]))
        return at_a, at_b, length, rows

    def stretch(self, *arguments):
        """Return the accumulators after some k; the first of each round is the first chain's."""
        self.turn = 0
        return super().stretch(*arguments)

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. This is the loop that counts."""
        b, w, tile, f = self.builder, self.words, self.tile, self.fields
        first = self.turn % tile.chains * self.count
        self.turn += 1
        w.prefetch(self.asked, b.mul(k, self.ask_step), keep=2)
        a_k, b_k = b.gep(at_a, [b.mul(k, f["a_step"])]), b.gep(at_b, [b.mul(k, f["b_step"])])
        panel = [w.load(b_k, i64(start), w.size) for start in tile.starts]
        result = list(sums)
        for m in range(tile.rows):
            y, x = divmod(m, tile.inner)
            offset = b.add(b.mul(i64(y), f["a_outer"]), i64(x)) if y else i64(x)
            row = w.splat(b.load(b.gep(a_k, [offset])))
            for j, column in enumerate(panel):
                at = first + m * tile.vectors + j
                result[at] = w.add_product(row, column, result[at])
        return result

    def joined(self, sums):
        """Return the sums of all chains."""
        while len(sums) > self.count:
            half = len(sums) // 2
            sums = [self.builder.fadd(x, y) for x, y in zip(sums[:half], sums[half:], strict=True)]
        return sums

    def put(self, sums, add):
        """Write the sums, or add them to what is there."""
        b, w, tile = self.builder, self.words, self.tile
        for m in range(tile.rows):
            row = self.row_of_sums(m)
            for j, start in enumerate(tile.starts):
                value, at = sums[m * tile.vectors + j], b.add(row, i64(start * w.size))
                if add:
                    value = b.fadd(w.load(w.pointer(at), i64(0), w.size), value)
                own = tile.last if j == tile.vectors - 1 else tile.lanes
                if own < tile.lanes:
                    value = w.part(value, tile.lanes - own, own)
                    at = b.add(at, i64((tile.lanes - own) * w.size))
                w.store(value, at, own, align=w.size)
