"""What all micro-kernels have in common: the loops over taps and k, and what follows them."""

from functools import reduce

from llvmlite import ir

from ..._compiler.activations.table import ACTIVATIONS, activate
from ..._compiler.vectors import Words, i64
from ..._geometry.storages import OPERANDS, PAIRS
from .records import Entry

__all__ = ["Emitter", "Loop", "stored_as", "widened_as"]

# Rounds of the loop over k that are written out. A round of a small tile is so short that counting
# and jumping are a tenth of it, or a third where the jump lies badly in memory: with two, a tile
# of 8x2 gained 18 %, one of 14x2 1 %; four gained 2 % more and compile twice as long.
_UNROLLED = 2

_DOUBLE = {"float32": False, "float64": True}  # by compute type


class Emitter:
    """Writes a micro-kernel; a subclass says what one k does, and how results are stored."""

    def __init__(self, builder, tile):
        self.builder = builder
        self.tile = tile
        storage = OPERANDS[tile.storage]
        self.words = Words(builder, _DOUBLE[storage.compute], tile.lanes, tile.fused, storage.pairs)
        self.align = self.words.size * tile.lanes
        self.item = storage.item

    @property
    def kind(self):
        """The type of a vector in the output's type: numbers, or the bits of converted ones."""
        bits = ir.VectorType(ir.IntType(8 * self.item), self.tile.lanes)
        return bits if OPERANDS[self.tile.storage].converted else self.words.vector

    @property
    def unrolled(self):
        """Rounds of the loop over k that are written out."""
        return _UNROLLED

    @property
    def line(self):
        """Bytes of such a vector, to which it is aligned where it waits on the stack."""
        return self.item * self.tile.lanes

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. This is the loop that counts."""
        raise NotImplementedError

    def products(self, a, taps, n_taps, start):
        """Return the accumulators after all entries of the table."""
        b = self.builder
        entry = b.block
        tap_loop, done = b.append_basic_block("tap"), b.append_basic_block("done")
        b.cbranch(b.icmp_signed(">", n_taps, i64(0)), tap_loop, done)

        b.position_at_end(tap_loop)
        t, sums = self.loop_values(entry, start, i64(0))
        result = self.entry_products(*self.table_entry(a, taps, t), sums)
        tap_end = b.block
        self.loop_end(t, sums, result, n_taps, 1, tap_loop, done)

        b.position_at_end(done)
        return [
            self.merged(before, after, entry, tap_end)
            for before, after in zip(start, result, strict=True)
        ]

    def entry_products(self, at_a, at_b, length, rows, sums):
        """Return the accumulators after an entry; a kernel that knows `rows` may leave some out."""
        if self.unrolled == 1:
            return self.stretch(at_a, at_b, i64(0), length, 1, sums)
        paired = self.builder.and_(length, i64(-self.unrolled))
        result = self.stretch(at_a, at_b, i64(0), paired, self.unrolled, sums)
        return self.stretch(at_a, at_b, paired, length, 1, result)

    def stretch(self, at_a, at_b, first, end, at_once, start):
        """Return the accumulators after k from .. to, so many of them in a round of the loop."""
        b = self.builder
        origin, k_loop, after = b.block, b.append_basic_block("k"), b.append_basic_block("after")
        b.cbranch(b.icmp_signed("<", first, end), k_loop, after)
        b.position_at_end(k_loop)
        k, sums = self.loop_values(origin, start, first)
        result = sums
        for n in range(at_once):
            result = self.one_k(at_a, at_b, b.add(k, i64(n)), result)
            self.after_k(k, n)
        self.loop_end(k, sums, result, end, at_once, k_loop, after)
        b.position_at_end(after)
        return [self.merged(x, y, origin, k_loop) for x, y in zip(start, result, strict=True)]

    def after_k(self, k, n):
        """Append what a kernel does beside products, after those of number `n` of a round at k."""

    def loop_values(self, origin, start, first):
        """Return the counter and the accumulators of a loop that is entered from `origin`."""
        counter = self.builder.phi(i64(0).type)
        counter.add_incoming(first, origin)
        sums = [self.builder.phi(self.words.vector) for _ in start]
        for x, value in zip(sums, start, strict=True):
            x.add_incoming(value, origin)
        return counter, sums

    def loop_end(self, counter, sums, result, limit, step, again, leave):
        """Close a loop: count, hand the accumulators on, branch."""
        origin = self.builder.block
        following = self.builder.add(counter, i64(step))
        counter.add_incoming(following, origin)
        for x, value in zip(sums, result, strict=True):
            x.add_incoming(value, origin)
        self.builder.cbranch(self.builder.icmp_signed("<", following, limit), again, leave)

    def merged(self, before, after, entry, end):
        """Return the accumulator that arrives either from before a loop or from its end."""
        return self.arriving([(before, entry), (after, end)])

    def arriving(self, values):
        """Return the accumulator that arrives from one of several blocks, as (value, block)."""
        x = self.builder.phi(self.words.vector)
        for value, block in values:
            x.add_incoming(value, block)
        return x

    def table_entry(self, a, taps, t):
        """Return pointer to a, pointer to b, length and rows of entry t."""
        b, entry = self.builder, self.words.pointer(taps, i64(0).type)
        first = b.mul(t, i64(len(Entry.NAMES)))
        to_a, at_b, length, rows = (
            b.load(b.gep(entry, [b.add(first, i64(field.offset // 8))]))
            for field in (Entry.input, Entry.panel, Entry.length, Entry.rows)
        )
        return self.words.pointer(b.add(a, to_a)), self.words.pointer(at_b), length, rows

    def activated(self, sums):
        """Return the accumulators after the activation."""
        if ACTIVATIONS[self.tile.activation].in_registers:
            return [activate(self.words, self.tile.activation, x) for x in sums]
        return self.activated_in_memory(sums)

    def activated_in_memory(self, sums):
        """Apply a long activation in a loop over a buffer on the stack, which stays in L1."""
        b, w = self.builder, self.words
        buffer = self.stack_buffer(w.vector, len(sums))
        for n, x in enumerate(sums):
            b.store(x, b.gep(buffer, [i64(n)]), align=self.align)
        with Loop(b, i64(len(sums))) as n:
            at = b.gep(buffer, [n])
            x = b.load(at, align=self.align)
            b.store(activate(w, self.tile.activation, x), at, align=self.align)
        return [b.load(b.gep(buffer, [i64(n)]), align=self.align) for n in range(len(sums))]

    def store_whole(self, placed, must_align):
        """Store whole vectors, given as (vector, address).

        Streaming tiles store past the caches where all of `must_align`, from which the addresses
        are made, are multiples of the longest vector. Other threads see it no later than the next
        task is taken: the counter's locked instruction waits for such stores.
        """
        if not (placed and self.tile.streamed):
            self._store_through(placed)
            return
        b = self.builder
        past, through, after = (b.append_basic_block(x) for x in ("past", "through", "after"))
        line = max(x.type.count for x, _ in placed) * self.item
        odd = b.and_(reduce(b.or_, must_align), i64(line - 1))
        b.cbranch(b.icmp_signed("==", odd, i64(0)), past, through)
        b.position_at_end(past)
        for x, at in placed:
            self.words.stream(x, at)
        b.branch(after)
        b.position_at_end(through)
        self._store_through(placed)
        b.branch(after)
        b.position_at_end(after)

    def _store_through(self, placed):
        for x, at in placed:
            self.words.store(x, at, x.type.count, align=self.item)

    def field_of(self, record, field):
        """Return a number of a record."""
        at = self.builder.add(record, i64(field.offset))
        return self.builder.load(self.words.pointer(at, i64(0).type))

    def stack_buffer(self, kind, count):
        """Return a pointer to `count` values on the stack, made once, where the kernel starts."""
        with self.builder.goto_entry_block():
            buffer = self.builder.alloca(kind, size=i64(count))
            buffer.align = self.align
        return buffer

    def stored(self, x):
        """Return vector x in the output's type: numbers, or the bits of converted ones."""
        return stored_as(self.tile.storage, self.words, x)

    def stored_run(self, vectors):
        """Return neighbours as they are stored: two in one vector, where that is one instruction.

        Past the caches only an even number: lines of others do not begin with lines of memory.
        """
        two = self.words.rounds_pairs and not (self.tile.streamed and len(vectors) % 2)
        pairs = zip(vectors[::2], vectors[1::2], strict=False) if two else ()
        made = [self.words.two_to_bfloat16(*pair) for pair in pairs]
        return made + [self.stored(x) for x in vectors[2 * len(made) :]]

    def placed(self, vectors, address):
        """Return vectors that are stored as neighbours, as (vector, address)."""
        step = self.item * vectors[0].type.count if vectors else 0
        return [(x, self.builder.add(address, i64(n * step))) for n, x in enumerate(vectors)]


# By storage type: from a vector of the compute type to what is stored of it.
_STORED = {
    "float32": lambda words, x: x,
    "float64": lambda words, x: x,
    "float16": Words.to_float16,
    "bfloat16": Words.to_bfloat16,
    PAIRS: Words.to_bfloat16,
}


# By storage type, where it is not the compute type: from a vector of bits to numbers.
_WIDENED = {"float16": Words.from_float16, "bfloat16": Words.from_bfloat16}


def stored_as(storage, words, x):
    """Return vector x of the compute type as numbers of a storage type, or their bits."""
    return _STORED[storage](words, x)


def widened_as(storage, words, bits):
    """Return a vector of 16-bit numbers' bits in the compute type."""
    return _WIDENED[storage](words, bits)


class Loop:
    """Emit a loop of n rounds around the instructions of a with-block; gives its counter."""

    def __init__(self, builder, n):
        self.builder, self.n = builder, n

    def __enter__(self):
        b = self.builder
        origin = b.block
        self.body, self.done = b.append_basic_block("loop"), b.append_basic_block("loop_end")
        b.cbranch(b.icmp_signed(">", self.n, i64(0)), self.body, self.done)
        b.position_at_end(self.body)
        self.counter = b.phi(i64(0).type)
        self.counter.add_incoming(i64(0), origin)
        return self.counter

    def __exit__(self, *error):
        b = self.builder
        following = b.add(self.counter, i64(1))
        self.counter.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, self.n), self.body, self.done)
        b.position_at_end(self.done)
