"""What writes the micro-kernel with output channels in the lanes; `kernel` has its contract."""

from ..._compiler.vectors import i64
from ..shared.emitter import Emitter, Loop
from ..shared.records import Seam
from ..shared.seam_emitter import Run, SeamEmitter

__all__ = ["ChannelEmitter", "SeamedEmitter"]

# The panel streams from L2, too fast for the processor's own prefetching: bytes to ask for ahead.
# Interleaved with a kernel that does not ask, one thread gained 6 % on a 16^3 x 128 to 64 layer of
# kernel 4, stride 2, and 1 to 2 % where the panel is smaller; 256, 768 and 1024 gained less.
_AHEAD = 512


class ChannelEmitter(Emitter):
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

    def kernel(self, a, taps, n_taps, bias, c, c_outer, c_inner, c_channel, seam, following):
        self.further = self.builder.sub(following, a)
        sums = self.activated(self.products(a, taps, n_taps, self.start(bias)))
        self.seam = seam
        if self.tile.spread:
            self.store_apart(sums, c, (c_outer, c_inner, c_channel))
        else:
            self.store_rows(sums, c, (c_outer, c_inner))

    def table_entry(self, a, taps, t):
        """Return entry t, and note where it lies in the next tile, if that is asked for."""
        b, found = self.builder, super().table_entry(a, taps, t)
        if self.tile.ahead:
            at = b.add(b.ptrtoint(found[0], i64(0).type), self.further)
            self.following = self.words.pointer(at)
        return found

    def start(self, bias):
        """Return the accumulators before the first product: the bias."""
        w = self.words
        pointer = w.pointer(bias)
        loaded = [w.load(pointer, i64(j * w.lanes), self.align) for j in range(self.tile.vectors)]
        if self.slowly and self.tile.activation == "linear":
            loaded = [w.without_subnormals(x) for x in loaded]
        return [loaded[j] for _, j in self.registers]

    def entry_products(self, at_a, at_b, length, rows, sums):
        """Return the accumulators after an entry, for all rows or by the loops for some of them."""
        b, tile = self.builder, self.tile
        if not tile.edges:
            return super().entry_products(at_a, at_b, length, rows, sums)
        whole, after = b.append_basic_block("whole"), b.append_basic_block("added")
        choice = b.switch(rows, whole)
        found = []
        for edge in tile.edges:
            some = b.append_basic_block("some")
            choice.add_case(i64(edge.rows), some)
            b.position_at_end(some)
            found.append((self.in_parts(edge, at_a, at_b, length, sums), b.block))
            b.branch(after)
        b.position_at_end(whole)
        self.reading = range(tile.inner)
        found.append((super().entry_products(at_a, at_b, length, rows, sums), b.block))
        b.branch(after)
        b.position_at_end(after)
        return [self.arriving([(result[n], at) for result, at in found]) for n in range(len(sums))]

    def in_parts(self, edge, at_a, at_b, length, sums):
        """Return the accumulators after an entry, each part of which is for rows of its own.

        Parts end so far from the entry's end, which LLVM does not know: of loops whose rounds it
        could count it made something else, which spilled.
        """
        done, left, result = i64(0), sum(numbers for numbers, *_ in edge.parts), sums
        for numbers, first, end in edge.parts:
            self.reading, left = range(first, end), left - numbers
            to = self.builder.sub(length, i64(left))
            result = self.stretch(at_a, at_b, done, to, 1, result)
            done = to
        return result

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. This is the loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        a_k = b.gep(at_a, [k])
        b_k = b.gep(at_b, [b.mul(k, i64(tile.vectors * w.lanes))])
        panel = [w.load(b_k, i64(j * w.lanes), self.align) for j in range(tile.vectors)]
        for j in range(tile.vectors):
            w.prefetch(b_k, i64(j * w.lanes + _AHEAD // w.size))
        for j in range(tile.vectors if tile.panels_ahead else 0):
            w.prefetch(b_k, i64(j * w.lanes + tile.panels_ahead // w.size), keep=2)
        if tile.ahead:
            w.prefetch(self.following, b.mul(k, i64(tile.ahead)))
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

    @property
    def slowly(self):
        """Whether sums of pairs are rounded by integer arithmetic, between stores past the caches.

        65536 x 6 to 320 channels, kernel 1, took 1.8 ms so, 2.5 to 3 by single instructions: what
        is stored all at once keeps loads waiting.
        """
        return self.tile.streamed and self.words.rounds_pairs

    def stored(self, x):
        """Return vector x in the output's type; the bits do not depend on how it is rounded.

        Products of pairs make no subnormal numbers, nor is the bias one: activations may.
        """
        if not self.slowly:
            return super().stored(x)
        linear = self.tile.activation == "linear"
        return self.words.rounded_by_integers(x if linear else self.words.without_subnormals(x))

    def stored_run(self, vectors):
        """Return neighbours as they are stored."""
        return [self.stored(x) for x in vectors] if self.slowly else super().stored_run(vectors)

    def row_address(self, c, y, x, c_steps):
        """Return the address of row (y, x) of the output."""
        b = self.builder
        return b.add(b.add(c, b.mul(y, c_steps[0])), b.mul(x, c_steps[1]))

    def store_rows(self, sums, c, c_steps):
        """Store rows whose channels are neighbours."""
        each, rows = self.tile.vectors, []
        for m in range(self.tile.rows):
            row = self.row_address(c, *map(i64, divmod(m, self.tile.inner)), c_steps)
            rows.append((sums[m * each : (m + 1) * each], row))
        self.store_placed(rows, (c, *c_steps))

    def store_placed(self, rows, must_align):
        """Store rows, given as (vectors, address): first those vectors that are stored in parts."""
        tile, b, placed = self.tile, self.builder, []
        whole = tile.vectors - (tile.last < tile.lanes)
        for vectors, row in rows:
            for x in vectors[whole:]:
                to = b.add(row, i64(whole * self.line))
                self.words.store(self.stored(x), to, tile.last, align=self.item)
            placed += self.placed(self.stored_run(vectors[:whole]), row)
        self.store_whole(placed, must_align)

    def store_apart(self, sums, c, c_steps):
        """Store channels that lie `channel` bytes apart, by way of a buffer on the stack."""
        buffer = self.stack_buffer(self.kind, len(sums))
        for n, x in enumerate(sums):
            self.builder.store(self.stored(x), self.builder.gep(buffer, [i64(n)]), align=self.item)
        self.scatter(buffer, c, c_steps)

    def scatter(self, buffer, c, c_steps):
        """Store the numbers of a buffer [row][vector] one by one."""
        b, tile, scalar = self.builder, self.tile, self.kind.element
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


class SeamedEmitter(SeamEmitter, ChannelEmitter):
    """Writes one whose rows are one run of whole vectors, which may begin anywhere."""

    def store_rows(self, sums, c, c_steps):
        """Store all rows, joined to what the tile before has left."""
        vectors = self.in_lines(self.stored_run(sums))
        run = Run(c, self.field_of(self.seam, Seam.at))
        for begins in self.whether_it_begins(i64(0)):
            self.store_first(vectors[0], run, i64(0), begins)
        self.store_others(vectors, run, i64(0))
