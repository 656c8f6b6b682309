"""What writes products whose outputs along the width are all that is stored: see `kernel.py`."""

from itertools import pairwise, product
from typing import Any, NamedTuple

from ..._compiler.vectors import i64
from ..shared.storing import LINE
from .emitters import rounds
from .formulas import FORMULAS
from .products import Multiply

__all__ = ["Joined"]


class _Group(NamedTuple):
    """What is multiplied of a group of taps, for a register tile."""

    formula: Any
    length: Any
    x: Any  # address of the first position's inputs,
    pitch: int  # and bytes to the next one's
    panel: Any  # address of its slots' filters
    asked: Any
    to: Any  # address of the outputs


class Joined(Multiply):
    """Writes `joined`."""

    def kernel(self, a, panel, c, length, count, ask, state):
        b, tile, w = self.builder, self.tile, self.words
        formulas = [FORMULAS[n] for n in tile.joined]
        slots = [1 + max(slot for slot, *_ in formula) for formula in formulas]
        pitch, line = tile.pitch * sum(map(len, formulas)), tile.vectors * w.lanes * w.size

        def one_tile(r, stream):
            x, to = (b.add(at, b.mul(r, i64(tile.rows * step)))
                     for at, step in ((a, pitch), (c, 2 * line)))  # fmt: skip
            # As many lines as b has; then its own: a step that is known takes no register.
            more = b.icmp_signed("<", r, i64(tile.vectors * sum(slots)))
            asked = b.select(more, b.add(ask, b.mul(b.mul(r, length), i64(LINE))), panel)
            inputs = filters = 0
            for formula, n in zip(formulas, slots, strict=True):
                at_x = b.add(x, i64(inputs * tile.pitch))
                at_b = b.add(panel, b.mul(length, i64(filters * line)))
                group = _Group(formula, length, at_x, pitch, at_b, asked, to)
                stream = self.group(group, filters > 0, stream)
                inputs, filters = inputs + len(formula), filters + n
            return stream

        self.with_streams(count, state, one_tile)

    def group(self, group, added, stream):
        """Write the outputs of a group, or add them to those of another; return what is left.

        Those of each half of k wait in memory for those of the other: they are in L1. On the stack,
        which is not aligned, they took 8 % longer.
        """
        b, tile = self.builder, self.tile
        zeros = [self.words.constant(0)] * len(group.formula) * tile.rows * tile.vectors
        pairs, last = b.ashr(group.length, i64(1)), b.sub(group.length, i64(1))
        cuts = [i64(0), *[b.ashr(pairs, i64(1))] * (tile.chains - 1), pairs]
        for first, end in pairwise(cuts):

            def two_k(k, sums, first=first):
                k = b.mul(b.add(first, k), i64(2))
                return self.one_k(group, b.add(k, i64(1)), self.one_k(group, k, sums))

            if stream:
                sums, stream = self.beside(b.sub(end, first), zeros, stream, two_k)
            else:
                sums = rounds(b, b.sub(end, first), zeros, two_k)
            if end is pairs:
                odd = b.and_(group.length, i64(1))
                sums = rounds(b, odd, sums, lambda _, sums: self.one_k(group, last, sums))
            for n, y in enumerate(self.outputs(group.formula, sums)):
                y = b.fadd(self.at(group.to, i64(0), n), y) if added else y
                self.put(y, group.to, i64(0), n)
            added = True
        return stream

    def one_k(self, group, k, sums):
        """Return the sums after the products of one k. This is the loop that counts."""
        b, w, tile = self.builder, self.words, self.tile
        line = tile.vectors * w.lanes * w.size
        w.prefetch(w.pointer(group.asked), b.mul(k, i64(LINE // w.size)), keep=2)
        at_k, found, old = w.pointer(b.add(group.x, b.mul(k, i64(w.size)))), [], iter(sums)
        for n, (slot, *_) in enumerate(group.formula):
            panel = b.add(group.panel, b.mul(group.length, i64(slot * line)))
            columns = [self.at(panel, b.mul(k, i64(line)), j) for j in range(tile.vectors)]
            for m in range(tile.rows):
                place = i64((m * group.pitch + n * tile.pitch) // w.size)
                x = w.splat(b.load(b.gep(at_k, [place])))
                found += [w.multiply_add(x, column, next(old)) for column in columns]
        return found

    def outputs(self, formula, sums):
        """Yield the outputs of a register tile: [position][output][vector]."""
        tile = self.tile
        for m, i, j in product(range(tile.rows), range(2), range(tile.vectors)):
            mine = sums[m * tile.vectors + j :: tile.rows * tile.vectors]
            signs = ((x, row[2 + i]) for x, row in zip(mine, formula, strict=True))
            yield self.signed([(x, sign) for x, sign in signs if sign])
