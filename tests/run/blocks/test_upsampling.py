"""Upsampling part by part: borders are those of the whole, other axes stay apart."""

import json
import pickle
import random

import numpy as np
import pytest

from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import trilinear
from tests.helpers import regions


def assert_parts(work, volume, whole, pick):
    for region in regions.regions(pick, whole.shape):
        at = tuple(slice(*ends) for ends in region)
        part = work.compute(volume[work.needed(at)], at, threads=1)
        assert part.dtype == whole.dtype
        np.testing.assert_array_equal(regions.bits(part), regions.bits(whole[at]))


def everything(work):
    return tuple(slice(0, length) for length in work.output_shape)


@pytest.mark.parametrize("seed", range(20))
def test_parts_are_the_whole(seed):
    pick = random.Random(seed).choice
    shape = tuple(pick(range(1, 14)) for _ in range(3))
    factors = tuple(pick(range(1, 5)) for _ in range(3))
    volume = np.random.default_rng(seed).normal(size=shape).astype("f4")
    whole = trilinear.upsample(volume, factors)
    work = pickle.loads(pickle.dumps(Upsampling(shape, factors)))
    assert_parts(work, volume, whole, pick)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("space", [(0, 1, 2), (1, 2, 3), (0, 2, 4)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_other_axes(dtype, space, mirrored):
    rng, rank = np.random.default_rng(0), 5 if space[2] == 4 else 4
    shape = tuple(rng.integers(2, 7, rank).tolist())
    volume = rng.integers(0, 255, shape).astype("u1")
    work = Upsampling(shape, (2, 1, 3), space, dtype, mirrored)
    whole = work.compute(volume, everything(work))
    others = [axis for axis in range(rank) if axis not in space]
    for place in np.ndindex(*(shape[axis] for axis in others)):
        at = [slice(None)] * rank
        for axis, number in zip(others, place, strict=True):
            at[axis] = number
        one = volume[tuple(at)].astype("f8" if dtype == "f8" else "f4")
        one = np.asfortranarray(one) if mirrored else one
        np.testing.assert_array_equal(
            whole[tuple(at)], trilinear.upsample(one, (2, 1, 3)).astype(dtype)
        )
    assert_parts(work, volume, whole, random.Random(1).choice)
    assert work.scratch(everything(work)) > 0
    json.dumps(work.meaning())
