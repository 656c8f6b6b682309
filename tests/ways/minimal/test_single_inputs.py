"""Axes of a single input: each tap is a phase there, whatever the stride is."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._ways.shared.layer import layer_of
from tests.helpers import cases, regions


@pytest.mark.parametrize("algorithm", ["auto", "minimal"])
@pytest.mark.parametrize("seed", range(10))
def test_parts_have_the_bits_of_the_whole(says, algorithm, seed):
    says(algorithm)
    pick = random.Random(seed).choice
    case = regions.draw_case(pick)._replace(forward=False, ci=pick((1, 16, 33)))
    axes = [
        cases.draw_axis(pick, case.padding, case.n, (1,)) if pick((False, True)) else axis
        for axis in case.axes
    ]
    regions.assert_parts_are_the_whole(case._replace(axes=tuple(axes)), pick)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_part_with_a_single_input_of_many(says, axis):
    """Its whole is computed with fewer products there, whose bits are others."""
    says("minimal")
    rng = np.random.default_rng(0)
    x, w = (
        rng.standard_normal(shape, np.float32) for shape in ((1, 6, 7, 8, 16), (3, 3, 3, 16, 16))
    )
    how = (1, 8, 9, 10, 16), 1, "VALID"
    whole = conv3dt.conv3d_transpose(x, w, *how)
    region = [(0, length) for length in whole.shape]
    region[axis] = (0, 1)
    place = conv3dt.needed(region, x.shape, w, *how)
    assert x[place].shape[axis] == 1
    part = conv3dt.conv3d_transpose(x[place], w, *how, region=region, whole=x.shape)
    np.testing.assert_array_equal(part, np.take(whole, [0], axis))


@pytest.mark.parametrize(
    ("data_format", "strides"), [("NDHWC", (4, 2, 4)), ("NCDHW", (4, 2, 1))], ids=str
)
def test_taps_are_phases(data_format, strides):
    """But outputs that are neighbours in memory stay in one."""
    shapes = [(64, 1, 5, 1, 32), (64, 4, 12, 4, 32)]
    if data_format == "NCDHW":
        shapes = [(n, c, *space) for n, *space, c in shapes]
    x, y = shapes
    plan = conv3dt.explain(x, (4, 4, 4, 32, 32), y, (1, 2, 1), "VALID", data_format)
    assert layer_of(plan.request).request.s == strides
