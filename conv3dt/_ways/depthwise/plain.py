"""The plain twin of the depthwise way's micro-kernel: the same contract in NumPy."""

import numpy as np

from ..._compiler.activations.table import apply
from ..._compiler.words import get
from ..._geometry.storages import STORAGES
from ..shared.moving import NUMBERS
from ..shared.plain import reading, stored, writing
from .records import Open, Row
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

    def compute(a, row, panel, start, c, plane, ask):
        row, plane = Row(row), Open(plane)
        step = plane.sums_step if tile.waits else 0
        sums = np.array([read(start + p * step, tile.lanes) for p in range(tile.positions)])
        for jd, jh in np.ndindex(plane.depth, row.height):
            lines = (jd * row.taps + jh) * tile.taps * tile.per * tile.lanes
            at = panel + lines * compute_type.itemsize
            columns = read(at, tile.taps * tile.per * tile.lanes).reshape(
                tile.taps, tile.per, tile.lanes
            )
            for number, products in tile.pairs:
                x = inputs(get(plane.planes, jd) + a - jh * row.step_h + number * tile.step)
                for p, tap in products:
                    for number in range(tile.per):
                        with np.errstate(all="ignore"):
                            sums[p] = sums[p] + x[number] * columns[tap, number]
        if tile.waits and not plane.ends:
            for p in range(tile.positions):
                read(c + p * plane.step, tile.lanes)[:] = sums[p]
            return
        results = stored(tile.storage, apply(tile.activation, sums))
        for p in range(tile.positions):
            write(c + p * plane.step, tile.channels)[:] = results[p, : tile.channels]

    return compute
