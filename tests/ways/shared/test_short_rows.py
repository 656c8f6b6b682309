"""NCDHW layers of short rows, which are turned several rows at a time."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call, as_forward_call
from conv3dt._run import run
from tests.helpers import oracle
from tests.helpers.cases import DTYPES
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded
from tests.helpers.layers import integers


@pytest.mark.parametrize("algorithm", ["direct", "minimal"])
@pytest.mark.parametrize("width", [3, 14, 17, 20, 33])
@pytest.mark.parametrize(
    ("k", "s"), [((1, 1, 1), 1), ((3, 3, 3), 1), ((2, 4, 2), 2), ((2, 3, 1), 1)]
)
def test_small_integers_are_exact(k, s, width, algorithm):
    rng = np.random.default_rng(width)
    x = rng.integers(-4, 5, (2, 18, 3, 7, width)).astype(np.float32)
    w = rng.integers(-4, 5, (*k, 40, 18)).astype(np.float32)
    output = (2, 40, 3 * s, 7 * s, width * s)
    for threads in THREADS:
        found = conv3dt.conv3d_transpose(
            x, w, output, s, data_format="NCDHW", threads=threads, algorithm=algorithm
        )
        exact = oracle.conv3d_transpose(x, w, output, [s] * 3, "SAME", [1] * 3, "NCDHW")
        np.testing.assert_array_equal(found, exact)


def test_a_slab_of_a_part_of_the_height():
    x = np.random.default_rng(0).integers(-4, 5, (1, 16, 3, 900, 7)).astype(np.float32)
    w = np.random.default_rng(1).integers(-4, 5, (3, 2, 3, 16, 48)).astype(np.float32)
    call, way = as_forward_call("f", x, w, 1, "SAME", "NCDHW", 1), "channels: width"
    scheme = run.plan_of(call, way).scheme
    assert scheme.made.what == "slabs"
    assert scheme.blocking.block[2] < 900
    found = run.run(call, way=way)
    last = conv3dt.conv3d(np.moveaxis(x, 1, 4), w, 1, "SAME", algorithm="direct")
    np.testing.assert_array_equal(np.moveaxis(found, 1, 4), last)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [3, 8, 16, 17, 35])
@pytest.mark.parametrize("ci", [2, 3, 4, 7, 8, 9])
def test_few_channels(ci, width, dtype):
    """Up to eight rows are interleaved, between pages that nobody may read."""
    x, w = integers((2, ci, 3, 5, width), dtype), integers((2, 3, 3, 6, ci), dtype, 1)
    wanted = oracle.conv3d_transpose(
        x, w, (2, 6, 6, 10, 2 * width), [2] * 3, "SAME", [1] * 3, "NCDHW"
    )
    for value in (guarded(x, True), guarded(x, False)):
        call = as_call("f", value, w, wanted.shape, 2, "SAME", "NCDHW", 1, threads=1)
        np.testing.assert_array_equal(run.run(call, way="channels: width"), wanted)
        np.testing.assert_array_equal(run.run(call, way="channels: batch"), wanted)
