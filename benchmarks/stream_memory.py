"""A volume that is nowhere, made finer by a stream: how much memory that takes over time.

    python -m benchmarks.stream_memory '{"side": 128, "pieces": [4, 4, 4], "memory": 1e9}'

is a process of its own, started by `bench_stream.py`, which prints what it found as JSON. Chunks of
the input are made when they are read, and of those of the result only a checksum is kept.
"""

import json
import sys
import threading
import time
import zlib
from itertools import product
from math import prod
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.randoms import numbers

__all__ = ["run"]

FACTOR, THREADS = 2, 2
POINTS = 400  # of a curve that are kept


class Curve:
    """Resident memory over time, looked at by a thread."""

    def __init__(self, every=0.02):
        self.start, self.points, self.stop = time.perf_counter(), [], threading.Event()
        self.thread = threading.Thread(target=self.look, args=(every,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def look(self, every):
        page = 4096  # bytes
        stopped = False
        while not stopped:  # at least once, and at the end
            stopped = self.stop.wait(every)
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.points.append((time.perf_counter() - self.start, pages * page))

    def largest(self):
        """Return few points: the largest of each of many intervals."""
        step = -(-len(self.points) // POINTS)
        parts = [self.points[n : n + step] for n in range(0, len(self.points), step)]
        return [max(part, key=lambda point: point[1]) for part in parts]


def source_of(side, pieces):
    """Return an input whose chunks are made when they are read."""
    from conv3dt.cli.stream.source import Source

    chunk = numbers((side,) * 3)

    class Made(Source):
        path, dtype, order = Path("made"), np.dtype(np.float32), (0, 1, 2)
        stored = chunks = (side,) * 3
        shape = tuple(side * n for n in pieces)
        reads = 0

        def read(self, place):
            a, b, c = (ends.start // side for ends in place)
            self.reads += 1
            return chunk * np.float32(1 + (a * 73 + b * 37 + c * 11) % 97)

    return Made()


class Checksums:
    """An output of which nothing is kept but a checksum of each chunk."""

    levels, dtype = 0, np.dtype(np.float32)

    def __init__(self, unit):
        self.unit, self.found = unit, {}

    def write(self, place, block, level=0):
        """Take some chunks."""
        del level
        starts = (range(0, n, size) for n, size in zip(block.shape, self.unit, strict=True))
        for start in product(*starts):
            inside = tuple(slice(n, n + size) for n, size in zip(start, self.unit, strict=True))
            at = tuple(ends.start + n for ends, n in zip(place, start, strict=True))
            self.found[at] = zlib.crc32(np.ascontiguousarray(block[inside]))


def run(job):
    """Return what a stream took."""
    import zarr  # noqa: F401 - takes memory in the command line, too

    from conv3dt._run.blocks.upsampling import Upsampling
    from conv3dt.cli.stream.memory import Wanted, plan

    source, unit = source_of(job["side"], job["pieces"]), (FACTOR * job["side"],) * 3
    work = Upsampling(source.shape, (FACTOR,) * 3)
    sink = Checksums(unit)
    cut = plan(work, source, Wanted(unit, (1, 1, 1), int(job["memory"]), THREADS, True, 1))
    stream = SimpleNamespace(work=work, source=source, sink=sink, plan=cut, space=(0, 1, 2))
    wall, processor = time.perf_counter(), time.process_time()
    with Curve() as curve:
        walked(stream)
    found = {
        "bytes": prod(work.output_shape) * 4,
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": peak(),
        "planned": cut.memory,
        "reads": source.reads / prod(job["pieces"]),
        "chunks": len(sink.found),
        "checksum": zlib.crc32(repr(sorted(sink.found.items())).encode()),
        "curve": curve.largest(),
    }
    return {**job, **found, "checked": checked(stream)}


def walked(stream):
    """Compute everything, as the command line does."""
    from conv3dt.cli.stream.run import _compute_here
    from conv3dt.cli.stream.todo import Todo
    from conv3dt.cli.stream.walk import Stream

    every = np.ones(stream.plan.grid.units, np.bool_)
    _compute_here(Stream(**vars(stream)), Todo(every, ~every), lambda _: None)


def peak():
    """Return the most memory that this process ever had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(x.split()[1]) for x in lines if x.startswith("VmHWM"))


def checked(stream):
    """Return how many chunks, a row of them, have the bits of that row in one piece."""
    work, (depth, height, width) = stream.work, stream.plan.grid.unit
    row = (slice(depth, 2 * depth), slice(0, height), slice(0, work.output_shape[2]))
    y = work.compute(piece(stream.source, work.needed(row)), row, THREADS)
    starts = range(0, row[2].stop, width)
    for start in starts:
        found = zlib.crc32(np.ascontiguousarray(y[:, :, start : start + width]))
        if stream.sink.found[depth, 0, start] != found:
            raise AssertionError(f"the chunk at {(depth, 0, start)} has other bits")
    return len(starts)


def piece(source, need):
    """Return what is needed of an input."""
    side = source.chunks[0]
    box = [range(ends.start // side, -(-ends.stop // side)) for ends in need]
    x = np.empty([len(along) * side for along in box], source.dtype)
    for place in product(*box):
        at = (n - along.start for n, along in zip(place, box, strict=True))
        x[region(at, side)] = source.read(region(place, side))
    begin = (along.start * side for along in box)
    return x[tuple(slice(e.start - b, e.stop - b) for e, b in zip(need, begin, strict=True))]


def region(place, side):
    """Return the ranges of a chunk."""
    return tuple(slice(n * side, n * side + side) for n in place)


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
