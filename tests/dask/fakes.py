"""Computations that are simple enough to know their answers, or that tell what they are given."""

from pathlib import Path
from typing import Any

import numpy as np


class Repeat:
    """Axis 0 is summed over, each of axis 1 is repeated, with `halo` neighbours on either side."""

    dtype = np.dtype(np.float64)

    def __init__(self, shape, times=1, halo=0):
        self.input_shape, self.times, self.halo = shape, times, halo
        self.output_shape = (1, shape[1] * times)
        self.strides = ((0, 0), (times, 1))

    def needed(self, region):
        begin, end = region[1].start, region[1].stop
        low = max(0, begin // self.times - self.halo)
        high = min(self.input_shape[1], -(-end // self.times) + self.halo)
        return slice(0, self.input_shape[0]), slice(low, max(low, high))

    def compute(self, piece, region, threads=None):
        at = self.needed(region)[1].start
        assert piece.shape == tuple(r.stop - r.start for r in self.needed(region))
        out = np.zeros((1, region[1].stop - region[1].start))
        for n, o in enumerate(range(region[1].start, region[1].stop)):
            i = o // self.times - at
            out[0, n] = piece[:, max(0, i - self.halo) : i + self.halo + 1].sum()
        return out

    def whole(self, x):
        return self.compute(x, tuple(slice(0, n) for n in self.output_shape))

    def scratch(self, region, threads=1):
        return 0

    def meaning(self) -> dict[str, Any]:
        return {"times": self.times, "halo": self.halo, "shape": self.input_shape}


class Threads(Repeat):
    """How many threads a chunk is given, wherever there is a number."""

    def compute(self, piece, region, threads=None):
        return np.full((1, region[1].stop - region[1].start), float(threads))


class Told:
    """Another work, each part of which writes a byte into a file, and takes a while."""

    def __init__(self, work, path):
        self.work, self.path = work, path
        self.input_shape, self.output_shape = work.input_shape, work.output_shape
        self.dtype, self.strides = work.dtype, work.strides
        self.needed, self.scratch = work.needed, work.scratch

    def __reduce__(self):
        return Told, (self.work, self.path)

    def compute(self, piece, region, threads=None):
        with Path(self.path).open("ab") as file:
            file.write(b".")
        return self.work.compute(piece, region, threads)

    def meaning(self):
        return {**self.work.meaning(), "path": str(self.path)}

    def parts(self):
        path = Path(self.path)
        return path.stat().st_size if path.exists() else 0
