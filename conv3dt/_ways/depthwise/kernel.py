"""The depthwise micro-kernel: channels in the lanes, a run of positions along the width.

Computes, for each position p of the tile,

    sum[p, lanes] = start[p, lanes]
                    + sum over taps jd < depth, jh < height, and t of the width,
                      and inputs c of a group,
                      panel[jd, jh, t, c, lanes] * planes[jd][p*in_s + t*dilation - jh*step_h, c']

c' being input c of the group that a lane belongs to, and stores activation(sum) of the channels
that exist. A tile that `waits` stores the sums themselves, all lanes, unless the plane of outputs
`ends` with these taps. Each input is loaded once for a tap of depth and height, and multiplied by
all taps of the width that read it. Inputs outside `inside` do not exist: their products are left
out, they are not read.

a           bytes from the planes to the input of position 0 and the first tap of height and width
row         address of a `Row`: how many taps of the height there are, and their steps
panel       weights of these taps, vectors for each tap of the width, in the order of the inputs
start       a vector, the bias; of a tile that waits, vectors `sums_step` apart: 0 for the bias
c           position p is stored p*step bytes further
plane       address of an `Open`: where the planes are that taps of the depth read, how many taps
            there are, and these steps
ask         address of inputs that are asked for, a few lines with each tap of depth and height
"""

from functools import partial

from llvmlite import ir

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import I32, I64, Words, i64
from ..._geometry.storages import OPERANDS
from ..shared.emitter import Emitter
from .records import Open, Row
from .tile import DepthwiseTile

__all__ = ["address", "text"]

_WIDENED = {"float16": Words.from_float16, "bfloat16": Words.from_bfloat16}


def address(tile: DepthwiseTile) -> int:
    """Return the address of the kernel for this tile, compiled if it is new."""
    return emitted((__name__, tile), 7, partial(_write, tile), partial(_plain, tile))


def text(tile: DepthwiseTile) -> str:
    """Return the machine code of the kernel for this tile, as text."""
    return assembly(7, partial(_write, tile))


def _write(tile, builder, *arguments):
    """Append the kernel's instructions."""
    DepthwiseEmitter(builder, tile).kernel(*arguments)


def _plain(tile):
    """Return the kernel's twin."""
    from .plain import kernel

    return kernel(tile)


class DepthwiseEmitter(Emitter):
    """Writes one micro-kernel."""

    row, plane = None, None  # addresses of the records
    first_ask, ask = None, None  # addresses of the inputs that are asked for: of all taps, of one

    def kernel(self, a, row, panel, start, c, plane, ask):
        """Append the whole kernel."""
        b, w, tile = self.builder, self.words, self.tile
        self.row, self.plane, self.first_ask = row, plane, ask
        sums = self.products(a, panel, self.field_of(plane, Open.depth), self.start(start))
        step = self.field_of(plane, Open.step)
        places = [b.add(c, b.mul(step, i64(p))) for p in range(tile.positions)]
        if not tile.waits:
            self.finish(sums, places, (c, step))
            return
        ends, waits, after = (b.append_basic_block(x) for x in ("ends", "waits", "after"))
        b.cbranch(b.icmp_signed("!=", self.field_of(plane, Open.ends), i64(0)), ends, waits)
        b.position_at_end(waits)
        for x, at in zip(sums, places, strict=True):
            w.store(x, at, tile.lanes, align=self.align)
        b.branch(after)
        b.position_at_end(ends)
        self.finish(sums, places, (c, step))
        b.branch(after)
        b.position_at_end(after)

    def start(self, start):
        """Return the accumulators before the first product: the bias, or sums that waited."""
        b, w, tile = self.builder, self.words, self.tile
        if not tile.waits:
            return [w.load(w.pointer(start), i64(0), w.size)] * tile.positions
        step = self.field_of(self.plane, Open.sums_step)
        places = [b.add(start, b.mul(step, i64(p))) for p in range(tile.positions)]
        return [w.load(w.pointer(at), i64(0), w.size) for at in places]

    def finish(self, sums, places, must_align):
        """Store what outputs become of sums."""
        tile = self.tile
        stored = [self.stored(x) for x in self.activated(sums)]
        if tile.channels == tile.lanes:
            self.store_whole(list(zip(stored, places, strict=True)), must_align)
            return
        for x, at in zip(stored, places, strict=True):
            self.words.store(x, at, tile.channels, align=self.item)

    @property
    def unrolled(self):
        """Rounds of the loop over taps of the height that are written out."""
        return 1

    def table_entry(self, a, panel, t):
        """Return inputs and weights of tap t of the depth, and how many taps of the height."""
        b, w, tile = self.builder, self.words, self.tile
        lines = b.mul(
            b.mul(t, self.field_of(self.row, Row.taps)), i64(tile.taps * tile.per * self.align)
        )
        place = w.pointer(b.add(self.field_of(self.plane, Open.planes), b.mul(t, i64(8))), I64)
        at_a = w.pointer(b.add(b.load(place), a))
        height = self.field_of(self.row, Row.height)
        self.ask = b.add(self.first_ask, b.mul(b.mul(t, height), i64(tile.ask_step)))
        return at_a, w.pointer(b.add(panel, lines)), height, None

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after tap k of the height: the products that count."""
        b, w, tile = self.builder, self.words, self.tile
        first = b.sub(b.ptrtoint(at_a, I64), b.mul(k, self.field_of(self.row, Row.step_h)))
        line = b.mul(k, i64(tile.taps * tile.per * w.lanes))
        weights = [
            w.load(at_b, b.add(line, i64(n * w.lanes)), self.align)
            for n in range(tile.taps * tile.per)
        ]
        for n in tile.asked:
            at = b.add(self.ask, b.mul(k, i64(tile.ask_step)))
            w.prefetch(w.pointer(b.add(at, i64(n))), i64(0), keep=2)
        result = list(sums)
        for at, products in tile.pairs:
            inputs = self.inputs(b.add(first, i64(at * tile.step)))
            for p, t in products:
                for x, weight in zip(inputs, weights[t * tile.per :], strict=False):
                    result[p] = w.multiply_add(x, weight, result[p])
        return result

    def inputs(self, at):
        """Return vectors of inputs in the compute type, in the lanes of their outputs.

        One for each input channel of a group.
        """
        b, tile = self.builder, self.tile
        storage = OPERANDS[tile.read]
        element = ir.IntType(8 * storage.item) if storage.converted else self.words.element
        kind, mask = ir.VectorType(element, tile.inputs), ir.VectorType(I32, tile.lanes)
        x = b.load(self.words.pointer(at, kind), align=storage.item)
        found = []
        for number in range(tile.per):
            places = [min(place, tile.inputs) for place in tile.places(number)]
            if places == list(range(tile.inputs)):
                found.append(x)
                continue
            lanes = ir.Constant(mask, [ir.Constant(I32, n) for n in places])
            found.append(b.shuffle_vector(x, ir.Constant(kind, None), lanes))
        return [_WIDENED[tile.read](self.words, y) for y in found] if storage.converted else found
