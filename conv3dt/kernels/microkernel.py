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
taps        int64 table of n_taps entries (bytes from `a` to row 0, address of b, length >= 1)
b           the same type, each vector at a multiple of its size, zero where channels do not exist
bias        vectors*lanes numbers, aligned like b
c           row (y, x) starts y*outer + x*inner bytes further, channels `channel` bytes apart
            (or, where the tile is not `spread`, next to each other)

The order of summation of an output is that of the table and of k: it does not depend on the tile's
shape, nor on where in the tile the output lies. With n_taps = 0, c is activation(bias).
Never reads c, nor a or b beyond the entries; never writes channels that do not exist.
"""

from numba import types
from numba.extending import intrinsic

from .._tile import ACTIVATIONS, STORAGES, Tile
from .activations import IN_REGISTERS, activate
from .build import PLAIN, address_of, assembly
from .emit import Words, i64
from .plain import plain_tile

__all__ = ["tile_address", "tile_assembly"]


def tile_address(tile: Tile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return address_of(tile, 8, lambda: plain_tile(tile) if PLAIN else _make(*_numbers(tile)))


def tile_assembly(tile: Tile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(_make(*_numbers(tile)), 8)


def _numbers(tile: Tile) -> list[int]:
    """Return the tile as integers: what a cached function may be closed over."""
    _, *fields, _ = tile
    codes = STORAGES.index(tile.storage), ACTIVATIONS.index(tile.activation)
    return [codes[0], *map(int, fields), codes[1]]


def _make(storage, lanes, fused, outer, inner, outer_step, inner_step, vectors, last, spread, act):
    """Return the kernel as a Python function that is ready to be compiled."""

    def kernel(a, taps, n_taps, bias, c, c_outer, c_inner, c_channel):
        _tile(
            (storage, lanes, fused, outer, inner, outer_step, inner_step, vectors, last, spread,
             act),
            a, taps, n_taps, bias, c, c_outer, c_inner, c_channel,
        )  # fmt: skip

    return kernel


@intrinsic(prefer_literal=True)
def _tile(typingctx, numbers, a, taps, n_taps, bias, c, c_outer, c_inner, c_channel):
    """Append the kernel's instructions for the literal `numbers` of a tile."""
    values = [number.literal_value for number in numbers]
    tile = Tile(*values)._replace(storage=STORAGES[values[0]], activation=ACTIVATIONS[values[-1]])

    def codegen(context, builder, signature, args):
        _Emitter(builder, tile).kernel(*args[1:])
        return context.get_dummy_value()

    return types.void(numbers, *[types.int64] * 8), codegen


class _Emitter:
    """Writes one micro-kernel."""

    def __init__(self, builder, tile):
        self.builder = builder
        self.tile = tile
        double = tile.storage == "float64"
        self.words = Words(builder, double, tile.lanes, tile.fused)
        self.align = self.words.size * tile.lanes
        self.registers = [(m, j) for m in range(tile.rows) for j in range(tile.vectors)]

    def kernel(self, a, taps, n_taps, bias, c, c_outer, c_inner, c_channel):
        sums = self.products(a, taps, n_taps, self.start(bias))
        if self.tile.activation in IN_REGISTERS:
            sums = [activate(self.words, self.tile.activation, x) for x in sums]
        else:
            sums = self.activated_in_memory(sums)
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

    def products(self, a, taps, n_taps, start):
        """Return the accumulators after all entries of the table."""
        b = self.builder
        entry = b.block
        tap_loop, k_loop, tap_end, done = (
            b.append_basic_block(name) for name in ("tap", "k", "tap_end", "done")
        )
        b.cbranch(b.icmp_signed(">", n_taps, i64(0)), tap_loop, done)

        b.position_at_end(tap_loop)
        t, sums = self.loop_values(entry, start)
        at_a, at_b, length = self.table_entry(a, taps, t)
        b.branch(k_loop)

        b.position_at_end(k_loop)
        k, partial = self.loop_values(tap_loop, sums)
        result = self.one_k(at_a, at_b, k, partial)
        self.loop_end(k, k_loop, partial, result, length, k_loop, tap_end)

        b.position_at_end(tap_end)
        self.loop_end(t, tap_end, sums, result, n_taps, tap_loop, done)

        b.position_at_end(done)
        return [
            self.merged(before, after, entry, tap_end)
            for before, after in zip(start, result, strict=True)
        ]

    def loop_values(self, origin, start):
        """Return the counter and the accumulators of a loop that is entered from `origin`."""
        counter = self.builder.phi(i64(0).type)
        counter.add_incoming(i64(0), origin)
        sums = [self.builder.phi(self.words.vector) for _ in start]
        for x, value in zip(sums, start, strict=True):
            x.add_incoming(value, origin)
        return counter, sums

    def loop_end(self, counter, origin, sums, result, limit, again, leave):
        """Close a loop: count, hand the accumulators on, branch."""
        following = self.builder.add(counter, i64(1))
        counter.add_incoming(following, origin)
        for x, value in zip(sums, result, strict=True):
            x.add_incoming(value, origin)
        self.builder.cbranch(self.builder.icmp_signed("<", following, limit), again, leave)

    def merged(self, before, after, entry, tap_end):
        """Return the accumulator that arrives either from the start or from the last entry."""
        x = self.builder.phi(self.words.vector)
        x.add_incoming(before, entry)
        x.add_incoming(after, tap_end)
        return x

    def table_entry(self, a, taps, t):
        """Return pointer to a, pointer to b and length of entry t."""
        b, table = self.builder, self.words.pointer(taps, i64(0).type)
        first = b.mul(t, i64(3))
        to_a, at_b, length = (b.load(b.gep(table, [b.add(first, i64(n))])) for n in range(3))
        return self.words.pointer(b.add(a, to_a)), self.words.pointer(at_b), length

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after the products of one k. This is the loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        a_k = b.gep(at_a, [k])
        b_k = b.gep(at_b, [b.mul(k, i64(tile.vectors * w.lanes))])
        panel = [w.load(b_k, i64(j * w.lanes), self.align) for j in range(tile.vectors)]
        result = []
        for m in range(tile.rows):
            y, x = divmod(m, tile.inner)
            offset = i64(y * tile.outer_step + x * tile.inner_step)
            row = w.splat(b.load(b.gep(a_k, [offset])))
            result += [
                w.multiply_add(row, panel[j], sums[m * tile.vectors + j])
                for j in range(tile.vectors)
            ]
        return result

    def activated_in_memory(self, sums):
        """Apply a long activation in a loop over a buffer on the stack, which stays in L1."""
        b, w = self.builder, self.words
        buffer = self.stack_buffer(w.vector, len(sums))
        for n, x in enumerate(sums):
            b.store(x, b.gep(buffer, [i64(n)]), align=self.align)
        with _Loop(b, i64(len(sums))) as n:
            at = b.gep(buffer, [n])
            x = b.load(at, align=self.align)
            b.store(activate(w, self.tile.activation, x), at, align=self.align)
        return [b.load(b.gep(buffer, [i64(n)]), align=self.align) for n in range(len(sums))]

    def stack_buffer(self, kind, count):
        """Return a pointer to `count` values on the stack, made once, where the kernel starts."""
        with self.builder.goto_entry_block():
            buffer = self.builder.alloca(kind, size=i64(count))
            buffer.align = self.align
        return buffer

    def stored(self, x):
        """Return vector x in the output's type: numbers, or the bits of 16-bit numbers."""
        if self.tile.storage == "float16":
            return self.words.to_float16(x)
        if self.tile.storage == "bfloat16":
            return self.words.to_bfloat16(x)
        return x

    def row_address(self, c, y, x, c_steps):
        """Return the address of row (y, x) of the output."""
        b = self.builder
        return b.add(b.add(c, b.mul(y, c_steps[0])), b.mul(x, c_steps[1]))

    def channels(self, j):
        """Return how many channels of vector j exist."""
        return self.tile.last if j == self.tile.vectors - 1 else self.tile.lanes

    def store_rows(self, sums, c, c_steps):
        """Store rows whose channels are neighbours."""
        size = 2 if self.tile.storage.endswith("16") else self.words.size
        for (m, j), x in zip(self.registers, sums, strict=True):
            row = self.row_address(c, *map(i64, divmod(m, self.tile.inner)), c_steps)
            at = self.builder.add(row, i64(j * self.words.lanes * size))
            self.words.store(self.stored(x), at, self.channels(j), align=size)

    def store_apart(self, sums, c, c_steps):
        """Store channels that lie `channel` bytes apart, by way of a buffer on the stack."""
        b, tile = self.builder, self.tile
        values = [self.stored(x) for x in sums]
        kind = values[0].type
        buffer = self.stack_buffer(kind, len(values))
        for n, x in enumerate(values):
            b.store(x, b.gep(buffer, [i64(n)]), align=2)
        scalar = kind.element
        first = b.bitcast(buffer, scalar.as_pointer())
        width = tile.vectors * tile.lanes
        with (
            _Loop(b, i64(width - tile.lanes + tile.last)) as channel,
            _Loop(b, i64(tile.outer)) as y,
            _Loop(b, i64(tile.inner)) as x,
        ):
            m = b.add(b.mul(y, i64(tile.inner)), x)
            value = b.load(b.gep(first, [b.add(b.mul(m, i64(width)), channel)]))
            row = self.row_address(c, y, x, c_steps)
            at = b.add(row, b.mul(channel, c_steps[2]))
            b.store(value, self.words.pointer(at, scalar), align=2)


class _Loop:
    """Emit a loop of n > 0 rounds around the instructions of a with-block; gives its counter."""

    def __init__(self, builder, n):
        self.builder, self.n = builder, n

    def __enter__(self):
        b = self.builder
        origin = b.block
        self.body, self.done = b.append_basic_block("loop"), b.append_basic_block("loop_end")
        b.branch(self.body)
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
