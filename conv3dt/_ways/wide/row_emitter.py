"""What writes the wide micro-kernel of long rows; `rows` has its contract."""

from typing import Any, NamedTuple

from llvmlite import ir

from ..._compiler.vectors import I8, I16, i64
from ..shared.emitter import Emitter, Loop, widened_as
from ..shared.records import Entry, Table
from ..shared.storing import LINE

__all__ = ["RowEmitter"]

# Bytes of a channel that are asked for ahead, into L2: 5 % at 64^3 x 32 to 1.
_AHEAD = 1024


class Place(NamedTuple):
    """Where a vector of positions is."""

    sums: Any  # the position at which its sums wait
    first: Any  # its first position


class RowEmitter(Emitter):
    """Writes one micro-kernel whose sums wait in memory, from some input channels to the next."""

    a = plane = panel = count = None  # of the arguments, what each round needs

    def kernel(self, a, tables, plane, bias, c, c_outer, c_channel, count, seam):
        """Append the whole kernel: rounds of input channels, each over all positions."""
        b, tile = self.builder, self.tile
        entry = b.add(tables, i64(Table.SIZE))
        self.a, self.plane, self.count = b.add(a, self.field_of(entry, Entry.input)), plane, count
        self.panel = self.words.pointer(self.field_of(entry, Entry.panel))
        sums = None if tile.once and not tile.streamed else _Sums(self)
        to = _Past(self, c, c_channel, sums) if tile.streamed else _Output(self, c, c_channel)
        self.rounds(self.field_of(entry, Entry.length), _Bias(self, bias), sums, to)
        to.close()

    def rounds(self, length, bias, sums, to):
        """Append the rounds: from the bias to sums that wait, and to the output."""
        b, tile = self.builder, self.tile
        if tile.once:
            self.round(i64(0), tile.rest, bias, to)
            return
        self.round(i64(0), tile.inputs, bias, sums)
        rest = b.sub(length, i64(tile.rest))
        with Loop(b, b.sub(b.sdiv(rest, i64(tile.inputs)), i64(1))) as n:
            k = b.mul(b.add(n, i64(1)), i64(tile.inputs))
            self.round(k, tile.inputs, sums, sums)
        self.round(rest, tile.rest, sums, to)

    def round(self, k, inputs, before, after):
        """Add the products of input channels from k on: sums come from `before`, go to `after`.

        The last vector of positions ends with the last one, even if it has some of the vector
        before: they wait twice, and are stored twice.
        """
        b, w, tile = self.builder, self.words, self.tile
        alone = inputs - 1 if tile.half and isinstance(after, _Output) else -1
        rows = [b.add(self.a, b.mul(b.add(k, i64(n)), self.plane)) for n in range(inputs)]
        weights = [self.weights(b.add(k, i64(n))) for n in range(inputs)]
        last = b.sub(self.count, i64(tile.lanes))
        with Loop(b, b.sdiv(b.add(self.count, i64(tile.lanes - 1)), i64(tile.lanes))) as v:
            first = b.mul(v, i64(tile.lanes))
            place = Place(first, b.select(b.icmp_signed("<", first, last), first, last))
            sums = before.read(place)
            for n, (at, of) in enumerate(zip(rows, weights, strict=True)):
                x = self.inputs(at, place.first, n == alone)
                sums = [w.add_product(y, x, z) for y, z in zip(of, sums, strict=True)]
            after.write(sums, place)

    def weights(self, k):
        """Return the weights of an input channel, each in all lanes."""
        b, channels = self.builder, self.tile.channels
        at = b.gep(self.panel, [b.mul(k, i64(channels))])
        return [self.words.splat(b.load(b.gep(at, [i64(m)]))) for m in range(channels)]

    def inputs(self, at, first, alone):
        """Return a vector of an input channel, or of a pair of them, one of which may be alone."""
        if not self.words.pairs or not self.tile.as_they_lie:
            return self.channel(at, first)
        b, w = self.builder, self.words
        lower = b.zext(self.channel(at, first), w.ints)
        if alone:
            return w.as_floats(lower)
        other = b.add(at, b.sdiv(self.plane, i64(2)))
        upper = b.shl(b.zext(self.channel(other, first), w.ints), w.int_constant(16))
        return w.as_floats(b.or_(lower, upper))

    def channel(self, at, first):
        """Return a vector of an input channel, of which later ones are asked for."""
        b, w, tile = self.builder, self.words, self.tile
        size = self.item if tile.as_they_lie else w.size
        if tile.ahead:
            asked = b.add(b.mul(first, i64(size)), i64(_AHEAD))
            w.prefetch(w.pointer(at, I8), asked, keep=2)
        if size == w.size:
            return w.load(w.pointer(at), first, size)
        kind = ir.VectorType(I16, tile.lanes)
        bits = b.load(w.pointer(b.add(at, b.mul(first, i64(size))), kind), align=size)
        return bits if w.pairs else widened_as(tile.storage, w, bits)

    def results(self, sums):
        """Return what is stored of sums."""
        return [self.stored(x) for x in self.activated(sums)]


class _Bias:
    """Sums before the first round."""

    def __init__(self, emitter, address):
        b, w = emitter.builder, emitter.words
        at = w.pointer(address)
        self.start = [w.splat(b.load(b.gep(at, [i64(m)]))) for m in range(emitter.tile.channels)]

    def read(self, place):
        """Return them, wherever."""
        return self.start


class _Sums:
    """Sums between two rounds, a row for each channel, on the stack.

    Rows lie a cache line further apart than they are long: not at multiples of a page.
    """

    def __init__(self, emitter):
        self.emitter, tile = emitter, emitter.tile
        vectors = tile.vectors + LINE // emitter.align
        self.step = vectors * emitter.align
        buffer = emitter.stack_buffer(emitter.words.vector, vectors * tile.channels)
        self.at = emitter.builder.ptrtoint(buffer, i64(0).type)

    def rows(self):
        """Return the addresses of the channels' rows."""
        return [
            self.emitter.builder.add(self.at, i64(m * self.step))
            for m in range(self.emitter.tile.channels)
        ]

    def read(self, place):
        """Return the sums of a vector."""
        e, w = self.emitter, self.emitter.words
        return [w.load(w.pointer(at), place.sums, e.align) for at in self.rows()]

    def write(self, sums, place):
        """Let the sums of a vector wait."""
        e, b = self.emitter, self.emitter.builder
        for x, at in zip(sums, self.rows(), strict=True):
            to = b.add(at, b.mul(place.sums, i64(e.words.size)))
            e.words.store(x, to, e.tile.lanes, align=e.align)


class _Output:
    """Where sums go after the last round: to the output, through the caches."""

    def __init__(self, emitter, c, c_channel):
        self.emitter, b = emitter, emitter.builder
        self.rows = [b.add(c, b.mul(i64(m), c_channel)) for m in range(emitter.tile.channels)]

    def write(self, sums, place):
        """Store the results of a vector."""
        e, b = self.emitter, self.emitter.builder
        for x, row in zip(e.results(sums), self.rows, strict=True):
            to = b.add(row, b.mul(place.first, i64(e.item)))
            e.words.store(x, to, e.tile.lanes, align=e.item)

    def close(self):
        """Do nothing more."""


class _Past(_Output):
    """Where they go past the caches: results take the places of sums, then row by row is copied.

    So whole lines are stored wherever a row begins, one after the other. Stored at once, those of
    64^3 x 4 to 16 took 620 us, or 1500 where the output lay 64 bytes further on in its page than
    the input: there loads wait for stores.
    """

    def __init__(self, emitter, c, c_channel, sums):
        super().__init__(emitter, c, c_channel)
        self.sums, self.to = sums, self.rows
        self.rows = sums.rows()

    def close(self):
        """Copy the rows."""
        for source, to in zip(self.rows, self.to, strict=True):
            self.copy(source, to)

    def copy(self, source, to):
        """Copy a row: whole lines past the caches, what is before and behind them by numbers."""
        e, b, size = self.emitter, self.emitter.builder, self.emitter.item
        count = e.count
        before = b.sdiv(b.and_(b.sub(i64(0), to), i64(LINE - 1)), i64(size))
        before = b.select(b.icmp_signed("<", before, count), before, count)
        lines = b.sdiv(b.sub(count, before), i64(LINE // size))
        behind = b.add(before, b.mul(lines, i64(LINE // size)))
        with Loop(b, lines) as line:
            at = b.mul(b.add(before, b.mul(line, i64(LINE // size))), i64(size))
            for part in range(0, LINE, e.line):
                x = b.load(e.words.pointer(b.add(source, b.add(at, i64(part))), e.kind), align=size)
                e.words.stream(x, b.add(to, b.add(at, i64(part))))
        self.copy_numbers(source, to, i64(0), before)
        self.copy_numbers(source, to, behind, count)

    def copy_numbers(self, source, to, first, end):
        """Copy numbers from .. to of a row."""
        e, b = self.emitter, self.emitter.builder
        with Loop(b, b.sub(end, first)) as n:
            at = b.mul(b.add(first, n), i64(e.item))
            x = b.load(e.words.pointer(b.add(source, at), e.kind.element), align=e.item)
            b.store(x, e.words.pointer(b.add(to, at), e.kind.element), align=e.item)
