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
    places = [tile.places(number)[: tile.channels] for number in range(tile.per)]

    def inputs(at):
        with np.errstate(all="ignore"):
            found = [numbers.widened(x) for x in numbers.at(at, tile.inputs)]
        x = np.zeros((tile.per, tile.lanes), compute_type)
        x[:, : tile.channels] = np.array(found, compute_type)[np.array(places, int)]
        return x

    def compute(a, row, panel, bias, c, c_step, ask):
        row = Row(row)
        sums = np.repeat(read(bias, tile.lanes)[None], tile.positions, axis=0)
        for jd, jh in np.ndindex(row.depth, row.height):
            lines = (jd * row.depth_lines + jh) * tile.taps * tile.per * tile.lanes
            at = panel + lines * compute_type.itemsize
            columns = read(at, tile.taps * tile.per * tile.lanes).reshape(tile.taps, tile.per, -1)
            for number, products in tile.pairs:
                plane = get(row.planes, jd)
                x = inputs(plane + a - jh * row.step_h + number * tile.step)
                for p, tap in products:
                    for number in range(tile.per):
                        with np.errstate(all="ignore"):
                            sums[p] = sums[p] + x[number] * columns[tap, number]
        results = stored(tile.storage, apply(tile.activation, sums))
        for p in range(tile.positions):
            write(c + p * c_step, tile.channels)[:] = results[p, : tile.channels]

    return compute
