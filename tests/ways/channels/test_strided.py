"""Inputs of which strides leave some out are read where they lie."""

from itertools import product

import numpy as np
import pytest

import conv3dt
from conv3dt._plan import choice
from tests.helpers import oracle
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded

# space, kernel, stride, dilation, input and output channels
FORWARD = [
    ((5, 7, 33), (1, 1, 1), (2, 2, 2), 1, 16, 32),
    ((4, 6, 40), (3, 1, 1), (1, 2, 3), 1, 8, 40),
    ((3, 9, 31), (1, 3, 1), (2, 1, 2), 1, 5, 16),
    ((4, 6, 40), (1, 1, 1), (1, 2, 2), 1, 512, 16),
    ((7, 7, 30), (2, 2, 2), (2, 2, 2), 2, 8, 16),
]


def layer(case):
    space, k, s, d, ci, co = case
    rng = np.random.default_rng(ci)
    x = rng.integers(-2, 3, (2, *space, ci)).astype(np.float32)
    return x, rng.integers(-2, 3, (*k, ci, co)).astype(np.float32), s, (d,) * 3


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("case", FORWARD, ids=str)
def test_small_integers_are_exact(case, padding):
    """Before and behind the input is memory that nobody may read."""
    x, w, s, d = layer(case)
    shape = conv3dt.explain_conv3d(x, w, s, padding, dilations=d).request.output_shape
    wanted = oracle.conv3d(x, w, shape, s, padding, d)
    for at_end, threads in product((False, True), THREADS):
        got = conv3dt.conv3d(
            guarded(x, at_end), w, s, padding, dilations=d, threads=threads, algorithm="direct"
        )
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("case", FORWARD[:4], ids=str)
def test_what_lies_at_pages_is_packed(case):
    """Positions whose lines share a few places of L1: 512 channels, every other one."""
    x, w, s, d = layer(case)
    request = conv3dt.explain_conv3d(x, w, s, "SAME", dilations=d).request
    plan = choice.make_plan(request, 1, way="channels: width")
    assert choice.reading_directly(plan).scheme.direct == (case[4] < 512)
