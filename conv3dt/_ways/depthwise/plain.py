"""The plain twin of the depthwise way's micro-kernel: the same contract in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import get
from ..._geometry.storages import STORAGES
from ..shared.moving import NUMBERS
from ..shared.plain import reading, stored, writing
from .records import Row
from .tile import DepthwiseTile

__all__ = ["kernel"]


def kernel(tile: DepthwiseTile):
    """Return a Python function that does what the compiled kernel of `tile` does."""
    read, write, numbers = reading(tile.storage), writing(tile.storage), NUMBERS[tile.read]
    compute_type = np.dtype(STORAGES[tile.storage].compute)
    places = [(tile.first + lane) // tile.share for lane in range(tile.channels)]

    def inputs(at):
        with np.errstate(all="ignore"):
            found = [numbers.widened(x) for x in numbers.at(at, tile.inputs)]
        x = np.zeros(tile.lanes, compute_type)
        x[: tile.channels] = np.array(found, compute_type)[places]
        return x

    def compute(a, row, panel, bias, c, c_step, ask):
        row = Row(row)
        sums = np.repeat(read(bias, tile.lanes)[None], tile.positions, axis=0)
        for jd, jh in np.ndindex(row.depth, row.height):
            lines = (jd * row.depth_lines + jh) * tile.taps * tile.lanes
            at = panel + lines * compute_type.itemsize
            columns = read(at, tile.taps * tile.lanes).reshape(tile.taps, tile.lanes)
            for number, products in tile.pairs:
                plane = get(row.planes, jd)
                x = inputs(plane + a - jh * row.step_h + number * tile.step)
                for p, tap in products:
                    with np.errstate(all="ignore"):
                        sums[p] = sums[p] + x * columns[tap]
        results = stored(tile.storage, apply(tile.activation, sums))
        for p in range(tile.positions):
            write(c + p * c_step, tile.channels)[:] = results[p, : tile.channels]

    return compute
