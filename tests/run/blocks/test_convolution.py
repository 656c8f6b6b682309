"""Convolutions part by part, as lazy arrays and streams compute them."""

import json
import pickle
import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call, as_forward_call
from conv3dt._run.blocks.convolution import Convolution
from tests.helpers import cases, regions


def work_of(case, value, filters, bias):
    """The work of a case, and its whole result."""
    (function, _), options = regions.arguments(case)
    read = as_forward_call if case.forward else as_call
    after = {"bias": bias, "activation": case.activation}
    call = read("f", value, filters, *options, **after)
    return Convolution(call), function(value, filters, *options, **after)


@pytest.mark.parametrize("seed", range(10))
def test_parts_are_the_whole(seed):
    pick = random.Random(seed).choice
    case = regions.draw_case(pick)
    value, filters, bias = cases.arrays(case)
    work, whole = work_of(case, value, filters, bias)
    again = pickle.loads(pickle.dumps(work))
    assert (work.input_shape, work.output_shape) == (value.shape, whole.shape)
    assert work.dtype == whole.dtype
    for region in regions.regions(pick, whole.shape):
        at = tuple(slice(*ends) for ends in region)
        piece = value[work.needed(at)]
        for one in (work, again):
            part = one.compute(piece, at, threads=1)
            np.testing.assert_array_equal(regions.bits(part), regions.bits(whole[at]))
        assert work.scratch(at) >= 0
    assert json.dumps(work.meaning()) == json.dumps(again.meaning())


def test_a_pickle_holds_the_filters_once_and_no_input():
    value, filters = np.ones((1, 64, 64, 64, 8), "f4"), np.ones((2, 2, 2, 64, 8), "f4")
    call = as_call("f", value, filters, (1, 128, 128, 128, 64), 2, "SAME", "NDHWC", None)
    work = Convolution(call)
    place = tuple(slice(0, n) for n in (1, 4, 4, 4, 64))
    work.compute(value[work.needed(place)], place)
    assert len(pickle.dumps(work)) < filters.nbytes + 2000


def test_what_decides_the_bits_is_told():
    value, filters = np.ones((1, 4, 4, 4, 2), "f4"), np.ones((2, 2, 2, 3, 2), "f4")

    def meaning(filters=filters, **options):
        how = as_call("f", value, filters, (1, 8, 8, 8, 3), 2, "SAME", "NDHWC", None, **options)
        return Convolution(how).meaning()

    assert meaning() == meaning(filters.copy())
    others = meaning(2 * filters), meaning(bias=np.ones(3, "f4")), meaning(activation="relu")
    assert all(meaning() != other for other in others)


def test_all_threads_or_fewer():
    value, filters = np.ones((1, 9, 9, 9, 16), "f4"), np.ones((2, 2, 2, 16, 16), "f4")
    call = as_call("f", value, filters, (1, 18, 18, 18, 16), 2, "SAME", "NDHWC", None)
    whole = tuple(slice(0, n) for n in (1, 18, 18, 18, 16))
    expected = conv3dt.conv3d_transpose(value, filters, (1, 18, 18, 18, 16), 2)
    for threads in (None, 1, 1000):
        found = Convolution(call).compute(value, whole, threads)
        np.testing.assert_array_equal(found, expected)
