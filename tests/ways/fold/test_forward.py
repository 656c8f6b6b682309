"""Forward layers without strides are folded as the transposed ones that they are, taps reversed."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import Call
from conv3dt._plan import choice
from conv3dt._run import run
from tests.helpers import oracle, regions
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded

FOLD = "fold: width of the input, in the lanes"
WIDTHS = (1, 2, 7, 15, 16, 17, 31, 33, 40, 64)


def drawn(seed, dtype="float32"):
    """Return input and filters of a forward layer without strides, and its options."""
    pick = random.Random(seed).choice
    k, d = [pick((1, 2, 3, 4, 5)) for _ in range(3)], pick((1, 1, 1, 2, 3))
    padding, data_format = pick(("SAME", "VALID")), pick(("NDHWC", "NCDHW"))
    i = [pick((1, 3, 6)), pick((1, 4, 7)), pick(WIDTHS)]
    if padding == "VALID":
        i = [n + d * (m - 1) for n, m in zip(i, k, strict=True)]
    if data_format == "NCDHW" and k == [1, 1, 1]:
        k[0] = 2  # all positions are a row otherwise
        i[0] += d
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (pick((1, 2)), *i, pick((2, 5, 8, 19))))
    w = rng.integers(-2, 3, (*k, x.shape[-1], pick((1, 2, 3, 8))))
    x = np.moveaxis(x, -1, 1) if data_format == "NCDHW" else x
    return np.ascontiguousarray(x, dtype), w.astype(dtype), (1, padding, data_format, d)


def folded(x, w, how, threads=1):
    """Return the result, folded."""
    request = conv3dt.explain_conv3d(x, w, *how).request
    assert FOLD in choice._best(choice.layer_of(request))
    return run.run(Call(request, x, w.swapaxes(3, 4), None, None, threads), way=FOLD)


def wanted(x, w, how):
    """Return the result by the definition."""
    _, padding, data_format, d = how
    shape = conv3dt.explain_conv3d(x, w, *how).request.output_shape
    return oracle.conv3d(x, w, shape, (1, 1, 1), padding, (d, d, d), data_format)


SEEDS = [(seed, "float32") for seed in range(16)]
SEEDS += [(seed, dtype) for seed in range(16, 20) for dtype in ("float64", "float16", "bfloat16")]


@pytest.mark.parametrize(("seed", "dtype"), SEEDS)
def test_small_integers_are_exact(seed, dtype):
    x, w, how = drawn(seed, dtype)
    for threads in THREADS:
        np.testing.assert_array_equal(folded(x, w, how, threads), wanted(x, w, how).astype(dtype))


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_beside_the_arrays_is_read(seed, at_end):
    x, w, how = drawn(seed)
    found = folded(guarded(x, at_end), guarded(w, at_end), how)
    np.testing.assert_array_equal(found, wanted(x, w, how))


@pytest.mark.parametrize("seed", range(3))
def test_filters_in_any_order_of_memory(seed):
    x, w, how = drawn(seed)
    together = np.ascontiguousarray(w.transpose(4, 3, 0, 1, 2)).transpose(2, 3, 4, 1, 0)
    for other in (together, w[::-1, :, ::-1].copy()[::-1, :, ::-1]):
        np.testing.assert_array_equal(folded(x, other, how), wanted(x, w, how))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_outputs_that_read_it_only(bad):
    x, w = np.ones((1, 4, 4, 40, 8), np.float32), np.ones((1, 2, 3, 8, 1), np.float32)
    x[0, 2, 1, 36, 3] = bad
    found = folded(x, w, (1, "SAME", "NDHWC", 1))
    reached = np.zeros(found.shape, bool)
    reached[0, 2, 0:2, 35:38] = True
    np.testing.assert_array_equal(~np.isfinite(found), reached)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_filters_that_are_not_finite(bad):
    x, w = np.ones((1, 4, 6, 40, 8), np.float32), np.ones((3, 3, 3, 8, 1), np.float32)
    w[0, 1, 1, 2, 0] = bad
    found = conv3dt.conv3d(x, w, 1, "SAME")
    reached = np.ones(found.shape, bool)
    reached[0, 0] = False  # its first plane has no input there
    np.testing.assert_array_equal(~np.isfinite(found), reached)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_parts_have_the_bits_of_the_whole(padding):
    x = np.random.default_rng(0).standard_normal((1, 20, 24, 40, 16), np.float32)
    w = np.random.default_rng(1).standard_normal((3, 3, 3, 16, 1), np.float32)
    how = 1, padding, "NDHWC"
    if conv3dt.explain_conv3d(x, w, *how).choice.name != FOLD:
        pytest.skip("another way is faster here")
    places = ((0, 10), (0, 12), (5, 29)), ((3, 4), (7, 12), (0, 32)), ((2, 9), (1, 5), (31, 32))
    regions.assert_these_parts_are_the_whole(x, w, how, places)
