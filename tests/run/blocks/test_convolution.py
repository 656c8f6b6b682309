"""Convolutions part by part, as lazy arrays and streams compute them."""

import json
import math
import pickle
import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call, as_forward_call
from conv3dt._run.blocks.convolution import Convolution
from conv3dt._ways.minimal import cost
from conv3dt._ways.shared.scheme import BY_FEWER, BY_TILES
from tests.helpers import cases, plans, regions


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


# ---- other processors ----------------------------------------------------------------------------


def few_products():
    """An input, and the work of a layer that has fewer products than the definition here."""
    rng = np.random.default_rng(0)
    shape = (1, 12, 12, 12, 48)
    x = rng.standard_normal(shape).astype("f4")
    w = rng.standard_normal((3, 3, 3, 48, 48)).astype("f4")
    work = Convolution(as_call("f", x, w, shape, 1, "SAME", "NDHWC", None))
    assert work.meaning()["order"] == BY_FEWER
    return x, work


def test_a_processor_that_finds_another_way_faster_takes_that_of_the_first(monkeypatch):
    x, work = few_products()
    place = tuple(slice(*ends) for ends in ((0, 1), (3, 8), (0, 12), (5, 12), (0, 48)))
    expected = work.compute(x[work.needed(place)], place)
    pickled = pickle.dumps(work)
    monkeypatch.setattr(cost, "predicted_cycles", lambda layer: math.inf)
    plans.forget()
    there = pickle.loads(pickled)
    np.testing.assert_array_equal(there.compute(x[there.needed(place)], place), expected)
    plans.forget()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (("bfloat16 pairs", BY_FEWER), "the first one multiplies bfloat16 pairs, this one float32"),
        (("float32", BY_TILES), "in the order of the whole, by tiles; this processor has by taps"),
    ],
)
def test_a_processor_that_cannot_do_as_the_first_says_so(how, message):
    x, work = few_products()
    other = Convolution(work._call, how)
    place = tuple(slice(0, n) for n in x.shape)
    with pytest.raises(RuntimeError, match=message):
        other.compute(x, place)
