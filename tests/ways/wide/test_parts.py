"""Rows of inputs in parts: forward layers with strides along the width, positions in the lanes."""

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

WIDE = "wide: width, in the lanes"
# Around two vectors of inputs, and one: rows of vectors, of some numbers, of both.
WIDTHS = (1, 2, 3, 7, 16, 31, 32, 33, 34, 47, 63, 64, 65, 95, 130)


def drawn(seed, dtype="float32"):
    """Return input and filters of a layer with strides along the width, and its options."""
    pick = random.Random(seed).choice
    k, s = (
        [pick((1, 2, 3, 4, 5)) for _ in range(3)],
        [pick((1, 2, 3)), pick((1, 2)), pick((2, 2, 3))],
    )
    d, padding = pick((1, 1, 2)), pick(("SAME", "VALID"))
    k[2] = max(2, k[2])  # of one tap, those inputs are read that it reads
    i = [pick((1, 3, 5)), pick((2, 4, 9)), pick(WIDTHS)]
    if padding == "VALID":
        i = [n + d * (m - 1) for n, m in zip(i, k, strict=True)]
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (pick((1, 2)), pick((1, 2, 5, 19)), *i))
    w = rng.integers(-2, 3, (*k, x.shape[1], pick((1, 2, 3, 8, 17))))
    return x.astype(dtype), w.astype(dtype), ([1, 1, *s], padding, "NCDHW", [1, 1, d, d, d])


def computed(x, w, how, threads=1):
    """Return the result, in this way; None if it is no candidate."""
    request = conv3dt.explain_conv3d(x, w, *how, threads=threads).request
    if WIDE not in choice._best(choice.layer_of(request)):
        return None
    return run.run(Call(request, x, w.swapaxes(3, 4), None, None, threads), way=WIDE)


def wanted(x, w, how):
    """Return the result by the definition."""
    (*_, d, h, v), padding, data_format, dilations = how
    shape = conv3dt.explain_conv3d(x, w, *how).request.output_shape
    return oracle.conv3d(x, w, shape, (d, h, v), padding, dilations[2:], data_format)


SEEDS = [(seed, "float32") for seed in range(40)]
SEEDS += [(seed, dtype) for seed in range(40, 50) for dtype in ("float64", "float16", "bfloat16")]


@pytest.mark.parametrize(("seed", "dtype"), SEEDS)
def test_small_integers_are_exact(seed, dtype):
    x, w, how = drawn(seed, dtype)
    exact = wanted(x, w, how)
    for threads in THREADS:
        found = computed(x, w, how, threads)
        if found is None:
            assert dtype == "bfloat16"
            return
        np.testing.assert_array_equal(found, exact.astype(dtype))


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_nothing_beside_the_input_is_read(seed, at_end):
    x, w, how = drawn(seed)
    np.testing.assert_array_equal(computed(guarded(x, at_end), w, how), wanted(x, w, how))


@pytest.mark.parametrize("seed", range(8))
def test_inputs_in_any_order_of_memory(seed):
    x, w, how = drawn(seed)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=4)[..., ::2], x[:, :, :, :, ::-1]):
        np.testing.assert_array_equal(computed(other, w, how), wanted(other, w, how))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_outputs_that_read_it_only(bad):
    x, w = np.ones((1, 3, 4, 4, 70), np.float32), np.ones((2, 2, 3, 3, 8), np.float32)
    x[0, 1, 2, 1, 36] = bad
    found = computed(x, w, (2, "SAME", "NCDHW", 1))
    reached = np.zeros(found.shape, bool)
    reached[:, :, 1, 0, 17:19] = True
    np.testing.assert_array_equal(~np.isfinite(found), reached)


def test_parts_have_the_bits_of_the_whole():
    x = np.random.default_rng(0).standard_normal((1, 2, 20, 24, 64), np.float32)
    w = np.random.default_rng(1).standard_normal((3, 3, 3, 2, 4), np.float32)
    how = 2, "SAME", "NCDHW"
    if conv3dt.explain_conv3d(x, w, *how).choice.name != WIDE:
        pytest.skip("another way is faster here")
    places = ((0, 10), (0, 12), (5, 29)), ((3, 4), (7, 12), (0, 32)), ((2, 9), (1, 5), (31, 32))
    regions.assert_these_parts_are_the_whole(x, w, how, places)
