"""The kernel that combines rows against its definition, with NaN behind what it may read."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._ways.correlate.minimal.kernel import address
from conv3dt._ways.correlate.minimal.tile import MixTile
from tests.helpers.kernels import aligned, call, lanes_of, random_integers

QUARTERS = [4, -4, 2, -2, 1, -1, 4, 2, -1]


@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("sources", [1, 2, 3, 4, 6, 9])
@pytest.mark.parametrize("short", [1, 2])
def test_combinations(storage, sources, short):
    lanes = lanes_of(storage) // short
    tile = MixTile(storage, lanes, processor.machine().fused, sources)
    rng = np.random.default_rng(sources)
    for count in {*range(lanes, 9 * lanes, 3), 4 * lanes, 8 * lanes}:
        rows = aligned((sources, count + 2), storage, np.nan)
        rows[:, 1:-1] = random_integers(rng, (sources, count), storage)
        to = aligned((count + 2,), storage, 77)
        wanted = to.copy()
        factors = np.array(QUARTERS[:sources])
        wanted[1:-1] = (factors[:, None] / 4 * rows[:, 1:-1]).sum(0)
        listed = np.array([[row[1:].ctypes.data, n] for row, n in zip(rows, factors, strict=True)])
        call(address(tile), (listed.ctypes.data, to[1:].ctypes.data, count))
        np.testing.assert_array_equal(to, wanted)
