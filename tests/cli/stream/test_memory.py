"""Volumes of 13 and of 43 GB that are made chunk by chunk: memory, readings, and the bits."""

import json
import subprocess
import sys

import pytest

from tests.helpers.commands import ENVIRONMENT

pytest.importorskip("zarr")

PROGRAM = """
import hashlib, json, sys, threading
from pathlib import Path
import numpy as np, zarr
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli.stream.memory import Wanted, plan
from conv3dt.cli.stream.source import Source
from conv3dt.cli.stream.todo import Todo
from conv3dt.cli.stream.walk import Stream, walk

LONG = 128
planes = int(sys.argv[1])
base = np.random.default_rng(0).standard_normal((LONG,) * 3, dtype="f4")


class Virtual(Source):
    path, shape, dtype = Path("none"), (planes, 1024, 1024), np.dtype("f4")
    chunks = stored = (LONG,) * 3
    order, reads = (0, 1, 2), 0

    def read(self, place):
        self.reads += 1
        i, j, k = (p.start // LONG for p in place)
        return base * np.float32(1 + (i * 73 + j * 37 + k * 11) % 97)


class Hashing:
    levels, dtype, unit = 0, np.dtype("f4"), (2 * LONG,) * 3
    hashes = {}

    def write(self, region, block, level=0):
        rows = np.ascontiguousarray(block[::64])
        self.hashes[tuple(r.start for r in region)] = hashlib.sha256(rows).hexdigest()


source, sink = Virtual(), Hashing()
work = Upsampling(source.shape, (2, 2, 2))
sink.shape = work.output_shape
cut = plan(work, source, Wanted(sink.unit, (1, 1, 1), 10**9, 2, True, 0))
every = np.ones(cut.grid.units, bool)
walk(Stream(work, source, sink, cut, (0, 1, 2)), Todo(every, ~every), lambda _: None)
peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0]

# one layer of units, computed from whole planes of the input: a way of its own
layer = tuple(slice(0, n) for n in (256, 2048, 512))
need = work.needed(layer)
planes_in = np.empty([n.stop - n.start for n in need], "f4")
for index in np.ndindex(*(-(-n.stop // LONG) for n in need)):
    chunk = source.read(tuple(slice(i * LONG, i * LONG + LONG) for i in index))
    place = tuple(slice(i * LONG, min(i * LONG + LONG, n.stop)) for i, n in zip(index, need))
    planes_in[place] = chunk[tuple(slice(0, p.stop - p.start) for p in place)]
    source.reads -= 1
slab = work.compute(planes_in, layer)
same = all(
    sink.hashes[0, y, x] == hashlib.sha256(
        np.ascontiguousarray(slab[:256:64, y : y + 256, x : x + 256])
    ).hexdigest()
    for y in range(0, 2048, 256) for x in range(0, 512, 256)
)
count = planes // LONG * 64
print(json.dumps([int(peak.split()[1]) / 1e6, source.reads / count, same, len(sink.hashes)]))
"""


def streamed(planes: int) -> tuple[float, float, bool, int]:
    """Return peak memory in GB, readings of a chunk, whether bits are right, and units."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(planes)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    peak, reads, same, units = json.loads(done.stdout)
    return peak, reads, same, units


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks of Linux")
def test_memory_is_what_was_said_whatever_the_size() -> None:
    small, large = streamed(384), streamed(1280)  # 13 and 43 GB of results
    assert large[3] == 640
    for peak, reads, same, _ in (small, large):
        assert peak < 1.0
        assert reads <= 1.5
        assert same
    assert large[0] < small[0] * 1.05
