"""What writes the micro-kernel of the gradient of depthwise filters; `kernel` has its contract."""

from ...._compiler.vectors import i64
from ...shared.emitter import Emitter
from .records import Pair, Tile
from .tile import ChannelwiseTile

__all__ = ["ChannelwiseEmitter"]


class ChannelwiseEmitter(Emitter):
    """Writes one micro-kernel."""

    tile: ChannelwiseTile
    rows = ()  # addresses of the rows of big
    small = None  # and of that of small, at a position of the height
    asked = ()  # addresses of lines that are asked for there,
    ask_step = None  # and bytes to those of the next position

    def kernel(self, call):
        """Append the whole kernel."""
        b, tile = self.builder, self.tile
        f = {name: self.number(call, getattr(Tile, name).offset) for name in Tile.NAMES}
        self.ask_step, pairs, width = f["ask_step"], f["pairs"], f["width"]
        first = [
            b.add(self.number(pairs, r * Pair.SIZE + Pair.row.offset), f["big"])
            for r in range(tile.rows)
        ]
        origin = b.block
        again, done = (b.append_basic_block(name) for name in ("height", "done"))
        b.branch(again)
        b.position_at_end(again)
        zeros = [self.words.constant(0)] * (tile.rows * tile.taps)
        h, start = self.loop_values(origin, zeros, i64(0))
        self.rows = [b.add(x, b.mul(h, f["big_step"])) for x in first]
        self.small = b.add(f["small"], b.mul(h, f["small_step"]))
        asked = b.mul(b.mul(h, width), self.ask_step)
        self.asked = (
            b.add(f["ask_big"], b.mul(asked, i64(tile.asked))),
            b.add(f["ask_small"], asked),
        )
        result, done_with = start, i64(0)
        if tile.at_once > 1:
            done_with = b.and_(width, i64(-tile.at_once))
            result = self.stretch_of(i64(0), done_with, tile.at_once, result)
        result = self.stretch_of(done_with, width, 1, result)
        self.loop_end(h, start, result, f["height"], 1, again, done)
        b.position_at_end(done)
        self.put(f, result)

    def number(self, at, offset):
        """Return an int64 at an address."""
        b = self.builder
        return b.load(self.words.pointer(b.add(at, i64(offset)), i64(0).type))

    def stretch_of(self, first, end, at_once, start):
        """Return the sums after positions from .. to of a row, so many in a round of the loop."""
        b = self.builder
        origin = b.block
        again, after = (b.append_basic_block(name) for name in ("width", "after"))
        b.cbranch(b.icmp_signed("<", first, end), again, after)
        b.position_at_end(again)
        w, sums = self.loop_values(origin, start, first)
        result = self.positions(w, at_once, sums)
        self.loop_end(w, sums, result, end, at_once, again, after)
        b.position_at_end(after)
        return [self.merged(x, y, origin, again) for x, y in zip(start, result, strict=True)]

    def positions(self, w, count, sums):
        """Return the sums after neighbouring positions. This is what counts."""
        b, tile = self.builder, self.tile
        result, known = list(sums), {}
        of_big, of_small = (b.mul(w, i64(n * tile.step)) for n in (tile.stride, 1))
        rows = [b.add(row, of_big) for row in self.rows]
        self.ask(w, count)
        for at, products in tile.products(count):
            for p, _ in products:
                if p not in known:
                    known[p] = self.vector(b.add(self.small, of_small), p)
            for r, row in enumerate(rows):
                x = self.vector(row, at)
                for p, tap in products:
                    n = r * tile.taps + tap
                    result[n] = self.words.multiply_add(x, known[p], result[n])
        return result

    def ask(self, w, count):
        """Ask for what the next box has instead of these positions."""
        b, words, (big, small) = self.builder, self.words, self.asked
        for p in range(count):
            further = b.mul(b.add(w, i64(p)), self.ask_step)
            places = [b.add(small, further)]
            at = b.add(big, b.mul(further, i64(self.tile.asked)))
            for n in range(self.tile.asked):
                places.append(b.add(at, b.mul(self.ask_step, i64(n))))
            for place in places:
                words.prefetch(words.pointer(place), i64(0), keep=2)

    def vector(self, row, number):
        """Return the channels of a number of a row."""
        at = self.builder.add(row, i64(number * self.tile.step))
        return self.words.load(self.words.pointer(at), i64(0), self.align)

    def put(self, f, values):
        """Add the sums to what is there; store the lanes that are the tile's own."""
        b, w, tile = self.builder, self.words, self.tile
        others = tile.lanes - tile.own
        for n, value in enumerate(values):
            r, tap = divmod(n, tile.taps)
            row = b.add(self.number(f["pairs"], r * Pair.SIZE + Pair.sums.offset), f["sums"])
            at = b.add(row, b.mul(f["sums_step"], i64(tap)))
            value = b.fadd(w.load(w.pointer(at), i64(0), w.size), value)
            own = w.part(value, others, tile.own) if others else value
            w.store(own, b.add(at, i64(others * w.size)), tile.own, align=w.size)
