"""A computation that is simple enough to know its answer: every number, some times, and neighbours."""

from typing import Any

import numpy as np


class Repeat:
    """Axis 0 is summed over, of axis 1 each is repeated, `halo` neighbours of it are added."""

    dtype = np.dtype(np.float64)

    def __init__(self, shape, times, halo=0):
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
        out = np.zeros((1, region[1].stop - region[1].start))
        for o in range(region[1].start, region[1].stop):
            i = o // self.times - at
            taken = piece[:, max(0, i - self.halo) : i + self.halo + 1]
            out[0, o - region[1].start] = taken.sum()
        return out

    def whole(self, x):
        return self.compute(x, tuple(slice(0, n) for n in self.output_shape))

    def scratch(self, region, threads=1):
        return 0

    def meaning(self) -> dict[str, Any]:
        return {"times": self.times, "halo": self.halo, "shape": self.input_shape}
