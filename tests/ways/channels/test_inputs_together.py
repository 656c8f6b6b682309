"""bfloat16, kernel and stride equal: inputs of a row that a position reads are its channels."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import Call
from conv3dt._compiler import processor
from conv3dt._plan import choice
from conv3dt._run import run
from tests.helpers import oracle, regions
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded

pytestmark = pytest.mark.skipif(not processor.machine().pairs, reason="there are no pairs")
FORM = ", inputs of a row in pairs"


def drawn(seed):
    """Return input and filters of a layer of an odd number of channels, and its options."""
    pick = random.Random(seed).choice
    s = [pick((1, 2, 3)), pick((1, 2, 4)), pick((2, 2, 4, 6))]
    k = [pick((1, 2, 3)), pick((1, 2, 4)), s[2]]
    o = [pick((1, 3)), pick((1, 2, 5)), pick((1, 2, 7, 8, 15, 17, 33))]
    i = [(n - 1) * a + b for n, a, b in zip(o, s, k, strict=True)]
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (pick((1, 2)), *i, pick((1, 3, 5, 19))))
    w = rng.integers(-2, 3, (*k, x.shape[-1], pick((1, 2, 3, 8, 17, 40))))
    return x.astype("bfloat16"), w.astype("bfloat16"), ([1, *s, 1], pick(("SAME", "VALID")))


def computed(x, w, how, threads=1):
    """Return the result of each way that takes the layer so."""
    request = conv3dt.explain_conv3d(x, w, *how).request
    names = [n for n in choice._best(choice.layer_of(request)) if n.endswith(FORM)]
    assert names
    call = Call(request, x, w.swapaxes(3, 4), None, None, threads)
    return [run.run(call, way=name) for name in names]


def wanted(x, w, how):
    """Return the result by the definition."""
    (_, *s, _), padding = how
    shape = conv3dt.explain_conv3d(x, w, *how).request.output_shape
    return oracle.conv3d(x, w, shape, s, padding, (1, 1, 1), "NDHWC").astype("bfloat16")


@pytest.mark.parametrize("seed", range(16))
def test_small_integers_are_exact(seed):
    x, w, how = drawn(seed)
    for threads in THREADS:
        for found in computed(x, w, how, threads):
            np.testing.assert_array_equal(found, wanted(x, w, how))


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_beside_the_arrays_is_read(seed, at_end):
    x, w, how = drawn(seed)
    for found in computed(guarded(x, at_end), guarded(w, at_end), how):
        np.testing.assert_array_equal(found, wanted(x, w, how))


@pytest.mark.parametrize("seed", range(4))
def test_inputs_and_filters_in_any_order_of_memory(seed):
    x, w, how = drawn(seed)
    together = np.ascontiguousarray(w.transpose(4, 3, 0, 1, 2)).transpose(2, 3, 4, 1, 0)
    for other in (np.asfortranarray(x), x[:, ::-1, :, ::-1], np.repeat(x, 2, axis=4)[..., ::2]):
        for found in computed(other, together, how):
            np.testing.assert_array_equal(found, wanted(other, w, how))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_outputs_that_read_it_only(bad):
    x, w = np.ones((1, 2, 4, 40, 3), "bfloat16"), np.ones((2, 2, 2, 3, 8), "bfloat16")
    x[0, 0, 2, 37, 1] = bad
    for found in computed(x, w, (2, "VALID")):
        reached = np.zeros(found.shape, bool)
        reached[0, 0, 1, 18] = True
        np.testing.assert_array_equal(~np.isfinite(found.astype(np.float32)), reached)


def test_parts_have_the_bits_of_the_whole():
    x = np.random.default_rng(0).standard_normal((1, 16, 32, 64, 3), np.float32).astype("bfloat16")
    w = np.random.default_rng(1).standard_normal((2, 4, 4, 3, 48), np.float32).astype("bfloat16")
    how = (1, 2, 4, 4, 1), "VALID"
    if not conv3dt.explain_conv3d(x, w, *how).choice.name.endswith(FORM):
        pytest.skip("another way is faster here")
    places = ((0, 4), (0, 8), (5, 16)), ((3, 4), (2, 7), (0, 9)), ((2, 8), (1, 5), (15, 16))
    regions.assert_these_parts_are_the_whole(x, w, how, places)
