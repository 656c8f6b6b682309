"""
A volume in blocks
==================

A result need not fit into memory: any block of it can be computed from a block of the input, to the
bits of one call. Here the memory of this process is watched while it makes a volume twice as fine,
once in one piece and once in slabs that are written to a file.
"""

import mmap
import tempfile
import threading
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import conv3dt
from conv3dt.cli.phantom import shepp_logan

SIZE, SLAB = 192, 32  # voxels of the input along an axis, planes of the result in a slab
triangle = np.array([1, 3, 3, 1], np.float32) / 4  # linear interpolation
filters = (triangle[:, None, None] * triangle[:, None] * triangle)[..., None, None]
double = conv3dt.prepare(filters, strides=2)
volume = shepp_logan(SIZE)[None, ..., None]


def resident():
    """Return the memory that this process occupies, in MB, as Linux tells it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE / 1e6


class Watch(threading.Thread):
    """Notes the memory every few milliseconds, from `with` to its end."""

    def __enter__(self):
        conv3dt.clear_cache()  # what earlier results have left
        self.began, self.ended, self.seen = time.perf_counter(), False, []
        self.before = resident()
        self.start()
        return self

    def run(self):
        while not self.ended:
            self.seen.append((time.perf_counter() - self.began, resident() - self.before))
            time.sleep(0.002)

    def __exit__(self, *_):
        self.ended = True
        self.join()


# %%
# In slabs: ``needed`` tells which planes of the input a slab takes; ``whole`` says what it is a
# part of, so that it is summed as the whole is.

fine = 1, 2 * SIZE, 2 * SIZE, 2 * SIZE, 1
conv3dt.warmup(conv3dt.explain(volume, filters, fine, 2))
path = Path(tempfile.mkdtemp()) / "fine.raw"
with Watch() as slabs, path.open("wb") as file:
    for first in range(0, 2 * SIZE, SLAB):
        region = (first, first + SLAB), (0, 2 * SIZE), (0, 2 * SIZE)
        part = volume[double.needed(region, volume)]
        file.write(double(part, region=region, whole=volume))

with Watch() as piece:
    result = double(volume)

assert np.array_equal(np.fromfile(path, np.float32), result.ravel())  # to the bit
print(f"{result.nbytes / 1e6:.0f} MB made of {volume.nbytes / 1e6:.0f} MB")

# %%
figure, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
for watch, name in (piece, "in one piece"), (slabs, "in slabs, to a file"):
    ax.plot(*np.transpose(watch.seen), label=name)
ax.set(xlabel="seconds", ylabel="more memory than before, MB")
ax.legend()
plt.show()
