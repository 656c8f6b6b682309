"""The first result of a new process, where compiled kernels are kept already and where not.

    python benchmarks/bench_compile.py

prints seconds and seconds of processor time of the whole process, imports included.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import run_python

FIRST_CALL = """
import numpy as np, conv3dt
x, w = np.ones((1, 8, 8, 32, 16), "f4"), np.ones((3, 3, 3, 16, 16), "f4")
conv3dt.conv3d_transpose(x, w, (1, 16, 16, 64, 16), 2)
"""


def first_call(folder, threads):
    """Return seconds, and seconds of processor time, of a process that makes one call."""
    before, start = os.times(), time.perf_counter()
    run_python(FIRST_CALL, CONV3DT_CACHE_DIR=folder, NUMBA_NUM_THREADS=str(threads))
    seconds, after = time.perf_counter() - start, os.times()
    used = after.children_user - before.children_user
    return seconds, used + after.children_system - before.children_system


class FirstCall:
    params = (("cold", "warm"), (1, 2))
    param_names = ("cache", "threads")
    number, repeat, warmup_time = 1, (1, 3, 60.0), 0  # a second run would find the cache filled
    timeout = 300

    def setup(self, cache, threads):
        self.folder = tempfile.TemporaryDirectory()
        if cache == "warm":
            first_call(self.folder.name, threads)

    def teardown(self, cache, threads):
        self.folder.cleanup()

    def time_first_call(self, cache, threads):
        first_call(self.folder.name, threads)

    def track_processor_time(self, cache, threads):
        return first_call(self.folder.name, threads)[1]

    track_processor_time.unit = "s"


def main(rounds=3):
    """Print the bests of a few rounds."""
    print("| cache | threads | seconds | of processor time |\n| --- | ---: | ---: | ---: |")
    for cache in FirstCall.params[0]:
        for threads in FirstCall.params[1]:
            found = []
            for _ in range(rounds):
                bench = FirstCall()
                bench.setup(cache, threads)
                found.append(first_call(bench.folder.name, threads))
                bench.teardown(cache, threads)
            wall, used = (min(column) for column in zip(*found, strict=True))
            print(f"| {cache} | {threads} | {wall:.2f} | {used:.2f} |", flush=True)


if __name__ == "__main__":
    main()
