"""The depthwise micro-kernel: channels in the lanes, a run of positions along the width.

Computes, for each position p of the tile,

    sum[p, lanes] = bias[lanes] + sum over taps jd < depth, jh < height, and t of the width,
                    and inputs c of a group,
                    panel[jd, jh, t, c, lanes] * planes[jd][p*in_s + t*dilation - jh*step_h, c']

c' being input c of the group that a lane belongs to, and stores activation(sum) of the channels
that exist. Each input is loaded once for a tap of depth
and height, and multiplied by all taps of the width that read it. Inputs outside `inside` do not
exist: their products are left out, they are not read.

a           bytes from the planes to the input of position 0 and the first tap of height and width
row         address of a `Row`: where the planes of the taps of the depth are, how many taps of
            depth and height there are, and their steps
panel       weights of these taps, vectors for each tap of the width, in the order of the inputs
bias        a vector
c           position p starts p*c_step bytes further
ask         address of the inputs to be asked for: those of a later row
"""

from functools import partial
from itertools import product

from llvmlite import ir

from ..._compiler.build import assembly, emitted
from ..._compiler.vectors import I32, Words, i64
from ..._geometry.storages import OPERANDS
from ..shared.emitter import Emitter
from .records import Row
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

    row = None  # address of the row's record

    def kernel(self, a, taps, panel, bias, c, c_step, ask):
        """Append the whole kernel."""
        b, w, tile = self.builder, self.words, self.tile
        self.row = taps
        for row, n in product(tile.asked, range(tile.positions * tile.in_s)):
            w.prefetch(w.pointer(b.add(ask, i64(row + n * tile.step))), i64(0), keep=2)
        start = [w.load(w.pointer(bias), i64(0), w.size)] * tile.positions
        sums = self.activated(self.products(a, panel, self.number(Row.depth), start))
        places = [b.add(c, b.mul(c_step, i64(p))) for p in range(tile.positions)]
        stored = [self.stored(x) for x in sums]
        if tile.channels == tile.lanes:
            self.store_whole(list(zip(stored, places, strict=True)), (c, c_step))
            return
        for x, at in zip(stored, places, strict=True):
            w.store(x, at, tile.channels, align=self.item)

    @property
    def unrolled(self):
        """Rounds of the loop over taps of the height that are written out."""
        return 1

    def number(self, field):
        """Return a number of the row."""
        at = self.builder.add(self.row, i64(field.offset))
        return self.builder.load(self.words.pointer(at, i64(0).type))

    def table_entry(self, a, panel, t):
        """Return inputs and weights of tap t of the depth, and how many taps of the height."""
        b, w = self.builder, self.words
        lines = b.mul(
            b.mul(t, self.number(Row.depth_lines)), i64(self.tile.taps * self.tile.per * self.align)
        )
        place = w.pointer(b.add(self.number(Row.planes), b.mul(t, i64(8))), i64(0).type)
        at_a = w.pointer(b.add(b.load(place), a))
        return at_a, w.pointer(b.add(panel, lines)), self.number(Row.height), None

    def one_k(self, at_a, at_b, k, sums):
        """Return the accumulators after tap k of the height: the products that count."""
        b, w, tile = self.builder, self.words, self.tile
        first = b.sub(b.ptrtoint(at_a, i64(0).type), b.mul(k, self.number(Row.step_h)))
        line = b.mul(k, i64(tile.taps * tile.per * w.lanes))
        weights = [
            w.load(at_b, b.add(line, i64(n * w.lanes)), self.align)
            for n in range(tile.taps * tile.per)
        ]
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
