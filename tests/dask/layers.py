"""Random layers on arrays that are cut at random."""

import dask.array as da
import numpy as np

import conv3dt.dask
from tests.helpers import cases, regions


def chunks(pick, shape, most=4):
    """Chunks of any lengths."""
    return tuple(tuple(hi - lo for lo, hi in regions.cuts(pick, n, most)) for n in shape)


def lazy_and_whole(case, pick, numbers=cases.normals, times=1):
    """The result of a layer as dask arrays, input and result cut at random, and whole."""
    (function, _), options = regions.arguments(case)
    value, filters, bias = cases.arrays(case, numbers)
    after = {"bias": bias, "activation": case.activation, "threads": case.threads}
    whole = function(value, filters, *options, **after)
    lazily, found = getattr(conv3dt.dask, function.__name__), []
    for _ in range(times):
        x = da.from_array(value, chunks=chunks(pick, value.shape), name=False)
        wanted = pick((None, chunks(pick, whole.shape)))
        found.append(lazily(x, filters, *options, **after, chunks=wanted))
    return found, whole


def assert_same(found, whole, message=""):
    """Assert that two results have the same bits."""
    assert found.dtype == whole.dtype
    np.testing.assert_array_equal(regions.bits(found), regions.bits(whole), err_msg=message)


def picking(seed):
    """Return a source of chance, and the generator that it draws from."""
    rng = np.random.default_rng(seed)
    return lambda options: options[int(rng.integers(len(options)))]
