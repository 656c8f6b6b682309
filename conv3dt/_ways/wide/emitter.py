"""What writes the wide micro-kernel; `kernel` has its contract."""

from ..._compiler.vectors import i64
from ..shared.emitter import Loop
from ..shared.lane_emitter import LaneEmitter, interleaved
from ..shared.records import Table
from ..shared.seam_emitter import Run

__all__ = ["WideEmitter"]


class WideEmitter(LaneEmitter):
    """Writes one micro-kernel with output positions in the lanes."""

    def kernel(self, a, tables, plane, bias, c, c_outer, c_channel, count, seam):
        """Append the whole kernel: phase by phase, which wait in a buffer to be interleaved."""
        b, tile = self.builder, self.tile
        self.plane, self.seam = plane, seam
        start = self.start(bias)
        buffer = self.stack_buffer(self.kind, len(start) * tile.phases)
        sums, known = [], tables
        for r in range(tile.phases):
            if r > 0:
                known = self.field_of(known, Table.following)
            table = b.add(known, i64(Table.SIZE))
            sums = self.products(a, table, self.field_of(known, Table.entries), start)
            sums = self.activated(sums)
            if tile.phases > 1:
                self.put_aside(buffer, r, sums)
        if tile.phases == 1:
            self.store_tile(buffer, sums, c, c_outer, c_channel, count)
        else:
            self.store_waiting(buffer, c, c_outer, c_channel, count)

    @property
    def runs(self):
        """Rows of the output that a row of the tile has: its channels, where they lie apart."""
        return self.tile.channels if self.tile.apart else 1

    def put_aside(self, buffer, r, sums):
        """Store the results of phase r where they wait."""
        b = self.builder
        for n, x in enumerate(sums):
            b.store(self.stored(x), b.gep(buffer, [i64(self.place(r, n))]), align=self.line)

    def run_of(self, y, m, c, c_outer, c_channel):
        """Return the run of row y, channel m: where it belongs."""
        b = self.builder
        return Run(b.add(c, b.add(b.mul(y, c_outer), b.mul(m, c_channel))), None)

    def store_waiting(self, buffer, c, c_outer, c_channel, count):
        """Store the runs of a tile, all of whose results wait."""
        b, tile = self.builder, self.tile
        with Loop(b, i64(tile.outer)) as y, Loop(b, i64(self.runs)) as m:
            first = b.mul(b.add(b.mul(y, i64(self.runs)), m), i64(tile.vectors * tile.streams))
            self.store_run(buffer, first, self.run_of(y, m, c, c_outer, c_channel), count)

    def store_tile(self, buffer, sums, c, c_outer, c_channel, count):
        """Store the results of the only phase: from registers, if the tile is whole."""
        b, tile = self.builder, self.tile
        whole, part, done = (b.append_basic_block(x) for x in ("all", "some", "end"))
        numbers = i64(tile.vectors * tile.streams * tile.lanes)
        b.cbranch(b.icmp_signed(">=", count, numbers), whole, part)
        b.position_at_end(whole)
        streams = {self.place(0, n): x for n, x in enumerate(sums)}
        runs = []
        for number in range(tile.outer * self.runs):
            y, m = divmod(number, self.runs)
            vectors = []
            for j in range(number * tile.vectors, (number + 1) * tile.vectors):
                some = [streams[j * tile.streams + n] for n in range(tile.streams)]
                vectors += interleaved(b, some, tile.lanes)
            run = self.run_of(i64(y), i64(m), c, c_outer, c_channel)
            runs.append((run, self.stored_run(vectors)))
        self.store_runs(runs, (c, c_outer, c_channel))
        b.branch(done)
        b.position_at_end(part)
        self.put_aside(buffer, 0, sums)
        self.store_waiting(buffer, c, c_outer, c_channel, count)
        b.branch(done)
        b.position_at_end(done)

    def store_runs(self, runs, must_align):
        """Store the vectors of whole runs, given as (run, vectors)."""
        placed = [self.placed(vectors, run.at) for run, vectors in runs]
        self.store_whole([x for some in placed for x in some], must_align)

    def place(self, r, n):
        """Return where accumulator n of phase r waits: [run][vector][stream], runs as stored."""
        tile = self.tile
        rest, j = divmod(n, tile.vectors)
        y, m = divmod(rest, tile.channels)
        if tile.apart:
            return (rest * tile.vectors + j) * tile.streams + r
        return (y * tile.vectors + j) * tile.streams + r * tile.channels + m

    def store_run(self, buffer, first, run, count):
        """Interleave the streams that wait from `first` on and store the first `count` numbers."""
        b, tile = self.builder, self.tile
        whole = i64(tile.streams * tile.lanes)
        with Loop(b, i64(tile.vectors)) as j:
            origin = b.add(first, b.mul(j, i64(tile.streams)))
            at = [b.gep(buffer, [b.add(origin, i64(n))]) for n in range(tile.streams)]
            done = b.mul(j, whole)
            vectors = interleaved(b, [b.load(x, align=self.line) for x in at], tile.lanes)
            self.store_piece(vectors, run, done, b.sub(count, done))

    def store_piece(self, vectors, run, done, count):
        """Store the first `count` numbers of vectors that belong behind `done` numbers of a run."""
        to = self.builder.add(run.at, self.builder.mul(done, i64(self.item)))
        self.store_some(vectors, to, count)
