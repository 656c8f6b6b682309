"""Patches as channels: forward layers whose positions share no input, all positions in a row."""

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

# Around a vector of positions, and two; rows that are none.
WIDTHS = (1, 2, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 40, 64)


def drawn(seed, dtype="float32"):
    """Return input and filters of a layer whose strides are no shorter than its kernel, and it."""
    pick = random.Random(seed).choice
    s = [pick((1, 2, 3)), pick((1, 2, 4)), pick((2, 2, 4, 1, 3))]
    s[0] = max(2, s[0]) if s[1] == s[2] == 1 else s[0]
    k = [pick(range(1, n + 1)) for n in s]
    k[2] = pick((k[2], s[2]))
    o = [pick((1, 3, 4)), pick((1, 2, 5)), pick(WIDTHS)]
    i = [(n - 1) * a + b + pick(range(a)) for n, a, b in zip(o, s, k, strict=True)]
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (pick((1, 2)), pick((1, 2, 5, 19)), *i))
    w = rng.integers(-2, 3, (*k, x.shape[1], pick((1, 2, 3, 8, 17))))
    return x.astype(dtype), w.astype(dtype), ([1, 1, *s], "VALID", "NCDHW")


def ways(x, w, how):
    """Return the request, and the names of its candidates of patches."""
    request = conv3dt.explain_conv3d(x, w, *how).request
    names = choice._best(choice.layer_of(request))
    return request, [name for name in names if name.endswith("of patches")]


def computed(x, w, how, threads=1):
    """Return the result of each way of patches."""
    request, names = ways(x, w, how)
    assert names
    call = Call(request, x, w.swapaxes(3, 4), None, None, threads)
    return [run.run(call, way=name) for name in names]


def wanted(x, w, how):
    """Return the result by the definition."""
    (_, _, *s), padding, data_format = how
    shape = conv3dt.explain_conv3d(x, w, *how).request.output_shape
    return oracle.conv3d(x, w, shape, s, padding, (1, 1, 1), data_format)


SEEDS = [(seed, "float32") for seed in range(24)]
SEEDS += [(seed, dtype) for seed in range(24, 29) for dtype in ("float64", "float16", "bfloat16")]


@pytest.mark.parametrize(("seed", "dtype"), SEEDS)
def test_small_integers_are_exact(seed, dtype):
    x, w, how = drawn(seed, dtype)
    exact = wanted(x, w, how).astype(dtype)
    for threads in THREADS:
        for found in computed(x, w, how, threads):
            np.testing.assert_array_equal(found, exact)


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_beside_the_input_is_read(seed, dtype, at_end):
    x, w, how = drawn(seed, dtype)
    for found in computed(guarded(x, at_end), w, how):
        np.testing.assert_array_equal(found, wanted(x, w, how).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("seed", range(4))
def test_inputs_and_filters_in_any_order_of_memory(seed, dtype):
    x, w, how = drawn(seed, dtype)
    taps_together = np.ascontiguousarray(w.transpose(4, 3, 0, 1, 2)).transpose(2, 3, 4, 1, 0)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=4)[..., ::2], x[:, :, ::-1, ::-1]):
        for found in computed(other, taps_together, how):
            np.testing.assert_array_equal(found, wanted(other, w, how).astype(dtype))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_outputs_that_read_it_only(bad):
    x, w = np.ones((1, 3, 4, 4, 40), np.float32), np.ones((2, 2, 2, 3, 8), np.float32)
    x[0, 1, 2, 1, 37] = bad
    for found in computed(x, w, (2, "VALID", "NCDHW")):
        reached = np.zeros(found.shape, bool)
        reached[:, :, 1, 0, 18] = True
        np.testing.assert_array_equal(~np.isfinite(found), reached)


def test_inputs_of_two_patches_or_beyond_the_end_are_no_patches():
    x, w = np.ones((1, 2, 5, 8, 32), np.float32), np.ones((2, 2, 2, 2, 8), np.float32)
    assert not ways(x, w, (1, "VALID", "NCDHW"))[1]
    assert not ways(x, w, (2, "SAME", "NCDHW"))[1]
    assert not ways(x.transpose(0, 2, 3, 4, 1), w, (2, "VALID", "NDHWC"))[1]


def test_parts_have_the_bits_of_the_whole():
    x = np.random.default_rng(0).standard_normal((1, 12, 40, 56, 40), np.float32)
    w = np.random.default_rng(1).standard_normal((2, 2, 2, 12, 8), np.float32)
    how = 2, "VALID", "NCDHW"
    if not conv3dt.explain_conv3d(x, w, *how).choice.name.endswith("of patches"):
        pytest.skip("another way is faster here")
    places = (
        ((0, 10), (0, 12), (5, 20)),
        ((3, 4), (7, 12), (0, 20)),
        ((2, 9), (1, 5), (19, 20)),
    )
    regions.assert_these_parts_are_the_whole(x, w, how, places)
