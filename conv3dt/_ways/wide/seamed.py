"""What writes wide micro-kernels whose rows may begin between cache lines: see `shared.seams`."""

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from ..shared.lane_emitter import interleaved
from ..shared.records import SEAM, Seam
from ..shared.seam_emitter import Run, SeamEmitter
from ..shared.storing import LINE
from .emitter import WideEmitter

__all__ = ["SeamedEmitter"]


class SeamedEmitter(SeamEmitter, WideEmitter):
    """Writes one micro-kernel whose rows may begin anywhere."""

    def run_of(self, y, m, c, c_outer, c_channel):
        """Return the run of row y, channel m: where it belongs, and the seam before it."""
        b = self.builder
        seam = b.add(self.field_of(self.seam, Seam.at), b.mul(m, i64(SEAM)))
        return Run(super().run_of(y, m, c, c_outer, c_channel).at, seam)

    def store_waiting(self, buffer, c, c_outer, c_channel, count):
        """Store the runs of a tile, all of whose results wait: at once, if the tile is whole.

        Vector by vector a run took 4 cycles more for each, which are joined from the seam.
        """
        b, tile = self.builder, self.tile
        each = tile.vectors * tile.streams
        whole, part, done = (b.append_basic_block(x) for x in ("full_tile", "part_tile", "stored"))
        b.cbranch(b.icmp_signed(">=", count, i64(each * tile.lanes)), whole, part)
        b.position_at_end(whole)
        with Loop(b, i64(tile.outer)) as y, Loop(b, i64(self.runs)) as m:
            first = b.mul(b.add(b.mul(y, i64(self.runs)), m), i64(each))
            waiting = []
            for n in range(0, each, tile.streams):
                at = [b.gep(buffer, [b.add(first, i64(n + r))]) for r in range(tile.streams)]
                streams = [b.load(x, align=self.line) for x in at]
                waiting += interleaved(b, streams, tile.lanes)
            self.store_runs([(self.run_of(y, m, c, c_outer, c_channel), waiting)], ())
        b.branch(done)
        b.position_at_end(part)
        super().store_waiting(buffer, c, c_outer, c_channel, count)
        b.branch(done)
        b.position_at_end(done)

    def store_runs(self, runs, must_align):
        """Store the vectors of whole runs, given as (run, vectors)."""
        for begins in self.whether_it_begins(i64(0)):
            for run, parts in runs:
                vectors = self.in_lines(parts)
                self.store_first(vectors[0], run, i64(0), begins)
                self.store_others(vectors, run, i64(0))

    def store_piece(self, vectors, run, done, count):
        """Store the first `count` numbers of vectors that belong behind `done` numbers of a run."""
        b, numbers, vectors = self.builder, self.tile.lanes * len(vectors), self.in_lines(vectors)
        full, rest, part, after = (
            b.append_basic_block(x) for x in ("full", "rest", "part", "next")
        )
        b.cbranch(b.icmp_signed(">=", count, i64(numbers)), full, rest)
        b.position_at_end(full)
        for begins in self.whether_it_begins(done):
            self.store_first(vectors[0], run, done, begins)
        self.store_others(vectors, run, done)
        b.branch(after)
        b.position_at_end(rest)
        b.cbranch(b.icmp_signed(">", count, i64(0)), part, after)
        b.position_at_end(part)
        for begins in self.whether_it_begins(done):
            self.store_some_joined(vectors, run, done, count, begins)
        b.branch(after)
        b.position_at_end(after)

    def store_some_joined(self, vectors, run, done, count, begins):
        """Store the first `count` numbers of vectors by way of the stack, behind the last one."""
        b, w = self.builder, self.words
        if begins:
            b.store(vectors[0], self.in_seam(run, 0), align=LINE)
        buffer = self.stack_buffer(self.full, len(vectors) + 1)
        last = b.load(self.in_seam(run, LINE), align=LINE)
        for n, x in enumerate([last, *vectors]):
            b.store(x, b.gep(buffer, [i64(n)]), align=LINE)
        at = b.ptrtoint(buffer, i64(0).type)
        line, before = self.line_of(run, done)
        size = b.mul(count, i64(self.item))
        stored = i64(LINE if begins else 0)  # behind the line's start
        lines = b.sdiv(b.sub(b.add(before, size), stored), i64(LINE))
        at_line = b.add(b.sub(b.add(at, i64(LINE)), before), stored)
        with Loop(b, lines) as n:
            x = self.bits_at(b.add(at_line, b.mul(n, i64(LINE))))
            w.stream(x, b.add(b.add(line, stored), b.mul(n, i64(LINE))))
        x = self.bits_at(b.add(at, size))
        b.store(x, self.in_seam(run, LINE), align=LINE)

    def bits_at(self, address):
        """Return the vector at an address, in the output's type."""
        return self.builder.load(self.words.pointer(address, self.full), align=self.item)
