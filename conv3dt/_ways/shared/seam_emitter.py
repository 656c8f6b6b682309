"""What kernels have in common whose outputs may begin between cache lines: see `seams`.

A line is joined in registers from two neighbouring vectors, by one shuffle. The last vector of a
tile is left in a seam: the next one stores the line that it begins.
"""

from typing import Any, NamedTuple

from llvmlite import ir

from ..._compiler.vectors import I32, i64
from .emitter import Emitter
from .records import Seam
from .storing import LINE

__all__ = ["Run", "SeamEmitter"]


class Run(NamedTuple):
    """Numbers of a tile that lie next to each other: of a row, or of a channel's row."""

    at: Any  # the address of the first
    seam: Any  # that of the seam before its row, of tiles that have seams


class SeamEmitter(Emitter):
    """Writes what stores the runs of a tile; `seam` is the address of a `Seam`."""

    seam = None

    @property
    def full(self):
        """The type of a vector that fills a cache line, of numbers or bits as they are stored."""
        return ir.VectorType(self.kind.element, LINE // self.item)

    def in_lines(self, vectors):
        """Return vectors as such that fill a cache line each: an even number, of 16-bit numbers."""
        if vectors[0].type.count == self.full.count:
            return vectors
        lanes = [ir.Constant(I32, lane) for lane in range(self.full.count)]
        mask = ir.Constant(ir.VectorType(I32, self.full.count), lanes)
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        return [self.builder.shuffle_vector(*pair, mask) for pair in pairs]

    def whether_it_begins(self, done):
        """Emit what follows twice: where nothing has been stored before, and else; gives which."""
        b = self.builder
        begin, go_on, then = (b.append_basic_block(x) for x in ("begin", "go_on", "then"))
        first = b.icmp_signed("!=", self.field_of(self.seam, Seam.first), i64(0))
        b.cbranch(b.and_(first, b.icmp_signed("==", done, i64(0))), begin, go_on)
        for block, begins in ((begin, True), (go_on, False)):
            b.position_at_end(block)
            yield begins
            b.branch(then)
        b.position_at_end(then)

    def places(self, run, done):
        """Return the line in which the number behind `done` ones is, and which number begins it.

        Of two vectors the first of which ends there.
        """
        b = self.builder
        line, before = self.line_of(run, done)
        return line, b.sub(i64(self.full.count), b.lshr(before, i64(self.item.bit_length() - 1)))

    def line_of(self, run, done):
        """Return the line in which the number behind `done` ones is, and its bytes before that."""
        b = self.builder
        to = b.add(run.at, b.mul(done, i64(self.item)))
        before = b.and_(to, i64(LINE - 1))
        return b.sub(to, before), before

    def in_seam(self, run, offset):
        """Return a pointer to a vector of a run's seam: its first one is at 0, its last at LINE."""
        return self.words.pointer(self.builder.add(run.seam, i64(offset)), self.full)

    def store_first(self, x, run, done, begins):
        """Store the line that ends in the first of whole vectors."""
        if begins:
            self.builder.store(x, self.in_seam(run, 0), align=LINE)
            return
        last = self.builder.load(self.in_seam(run, LINE), align=LINE)
        line, shift = self.places(run, done)
        self.words.stream(self.words.joined(last, x, shift), line)

    def store_others(self, vectors, run, done):
        """Store the lines that end in all others; the last one waits for its second line."""
        line, shift = self.places(run, done)
        for n in range(1, len(vectors)):
            x = self.words.joined(vectors[n - 1], vectors[n], shift)
            self.words.stream(x, self.builder.add(line, i64(n * LINE)))
        self.builder.store(vectors[-1], self.in_seam(run, LINE), align=LINE)
