"""bfloat16 of one input channel: two taps of the width make a pair."""

import random

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call, as_forward_call
from conv3dt._compiler import processor
from conv3dt._plan.choice import make_plan, order_of
from conv3dt._run import run
from conv3dt._ways.list import WAYS
from conv3dt._ways.shared.layer import layer_of
from tests.helpers import cases, oracle, regions
from tests.helpers.guarded import guarded
from tests.helpers.layers import integers

pytestmark = pytest.mark.skipif(
    not processor.machine().pairs, reason="pairs are not multiplied here"
)

BFLOAT16 = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)


def ways(request):
    """Names of the ways by which taps are paired."""
    forms = [form for form in layer_of(request).forms() if form.taps]
    found = [
        f"{name}: {x.along}{form.form}"
        for form in forms
        for name, way in WAYS.items()
        for x in way.candidates(form)
    ]
    return list(dict.fromkeys(found))


def transposed(x, w, s=1, d=1, output=None, data_format="NDHWC", padding="SAME", **more):
    if output is None:
        output = (len(x), *(n * s for n in x.shape[1:4]), w.shape[3])
    return as_call(
        "conv3d_transpose", x, w, output, s, padding, data_format, d, **{"threads": 1} | more
    )


def same_numbers(got, wanted):
    """NaN are the same as NaN, which they are not of this type."""
    np.testing.assert_array_equal(got.astype(np.float32), wanted.astype(np.float32))


def in_layout(x, layout, data_format):
    """The array in another layout; numbers between its own are NaN."""
    x = np.ascontiguousarray(oracle.channels_as(x, data_format))
    if layout == "reversed":
        return np.ascontiguousarray(x[..., ::-1, ::-1])[..., ::-1, ::-1]
    if layout == "sliced":
        around = np.full([2 * n + 1 for n in x.shape], np.nan, x.dtype)
        around[tuple(slice(1, None, 2) for _ in x.shape)] = x
        return around[tuple(slice(1, None, 2) for _ in x.shape)]
    return x


def drawn(pick, forward):
    """Yield arrays, options as the oracle has them, and where the arrays lie."""
    for _ in range(5):
        s_w = pick((1, 1, 2, 3))
        k_w = pick(range(2, 8)) if forward or s_w == 1 else s_w * pick((2, 3))
        d_w = pick((1, 1, 2, 3)) if forward or s_w == 1 else 1
        k, s, d = (pick((1, 2)), pick((1, 3)), k_w), (1, pick((1, 2)), s_w), (1, 1, d_w)
        space = pick((1, 2, 3)), pick((3, 4)), pick(range(1, 41))
        co, padding = pick((1, 2, 5, 16, 33)), pick(("SAME", "VALID"))
        layout = pick(("NDHWC", "NCDHW")), pick(("C", "reversed", "sliced"))
        yield (pick((1, 2)), *space, 1), (k, s, d), co, padding, *layout


@pytest.mark.parametrize("seed", range(6))
def test_small_integers_are_summed_exactly(seed):
    pick = random.Random(seed).choice
    for x_shape, (k, s, d), co, padding, data_format, layout in drawn(pick, False):
        x, w = integers(x_shape, BFLOAT16), integers((*k, co, 1), BFLOAT16, 1)
        axes = zip(x_shape[1:4], k, s, d, strict=True)
        output = x_shape[0], *(pick(oracle.legal_lengths(*a, padding)) for a in axes), co
        wanted = oracle.conv3d_transpose(x, w, output, s, padding, d, "NDHWC")
        shape = (output[0], co, *output[1:4]) if data_format == "NCDHW" else output
        value = in_layout(x, layout, data_format)
        call = transposed(value, w, s, d, shape, data_format, padding)
        assert ways(call.request)
        for way in ways(call.request):
            got = oracle.channels_last(run.run(call, way=way), data_format)
            np.testing.assert_array_equal(got, wanted.astype(BFLOAT16), f"{seed} {way}\n{call}")


@pytest.mark.parametrize("seed", range(4))
def test_forward(seed):
    pick = random.Random(100 + seed).choice
    for x_shape, (k, s, d), co, _, data_format, layout in drawn(pick, True):
        x, w = integers(x_shape, BFLOAT16), integers((*k, 1, co), BFLOAT16, 1)
        value = in_layout(x, layout, data_format)
        call = as_forward_call("conv3d", value, w, s, "SAME", data_format, d, threads=1)
        shape = call.request.n, *call.request.o, co
        wanted = oracle.conv3d(x, w, shape, s, "SAME", d)
        assert ways(call.request)
        for way in ways(call.request):
            got = oracle.channels_last(run.run(call, way=way), data_format)
            np.testing.assert_array_equal(got, wanted.astype(BFLOAT16), f"{seed} {way}\n{call}")


LAYERS = [
    # width, kernel, stride, dilation, output channels
    (33, 3, 1, 1, 16),
    (20, 4, 2, 1, 3),
    (9, 5, 1, 2, 33),
    (1, 2, 1, 3, 5),
    (5, 6, 3, 1, 1),
]


def layer(width, k, s, d, co, seed=0):
    """Input, filters, stride and dilation of a layer with other numbers of rows on each axis."""
    x, w = integers((1, 2, 3, width, 1), BFLOAT16, seed), integers((k, k, k, co, 1), BFLOAT16, 1)
    return x, w, s, d


@pytest.mark.parametrize("numbers", LAYERS, ids=str)
def test_infinite_and_missing_inputs_reach_what_they_should(numbers):
    """As widened: no neighbour is multiplied that does not belong to an output."""
    x, w, s, d = layer(*numbers)
    for at, value in ((0, np.inf), (-1, np.nan), (x.size // 2, -np.inf)):
        x.reshape(-1)[at] = value
    call = transposed(x, w, s, d)
    wanted = run.run(call, way="channels: width")
    for way in ways(call.request):
        same_numbers(run.run(call, way=way), wanted)


@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_weights_that_are_not_finite_meet_no_zeros(data_format):
    """The ends of rows have zeros for inputs: such weights are multiplied one by one."""
    x, w, s, d = layer(*LAYERS[0])
    w[1, 1, 1, 3, 0] = np.inf
    output = 1, 2, 3, 33, 16
    wanted = run.run(transposed(x.astype("f4"), w.astype("f4"), s, d, output))
    x, shape = oracle.channels_as(x, data_format), oracle.channels_as(np.empty(output), data_format)
    call = transposed(np.ascontiguousarray(x), w, s, d, shape.shape, data_format)
    assert not any(form.taps for form in layer_of(call.request, no_zeros=True).forms())
    for way in ways(call.request):
        same_numbers(oracle.channels_last(run.run(call, way=way), data_format), wanted)


@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("numbers", LAYERS, ids=str)
def test_parts_have_the_bits_of_the_whole(numbers, hostile):
    """Also where a part has none of the channels whose weights are not finite."""
    width, k, s, d, co = numbers
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 2, 3, width, 1)).astype(BFLOAT16)
    w = rng.standard_normal((k, k, k, co, 1)).astype(BFLOAT16)
    w[0, 0, 0, 0] = np.inf if hostile else 1
    how = (1, 2 * s, 3 * s, width * s, co), s, "SAME", "NDHWC", d
    whole = conv3dt.conv3d_transpose(x, w, *how)
    for lo in range(0, width * s, 4):
        ends = lo, min(lo + 5 + lo % 3, width * s)
        region = (0, 1), (0, 2 * s), (1, 3 * s), ends, (co // 2, co)
        place = conv3dt.needed(region, x, w, *how)
        part = conv3dt.conv3d_transpose(x[place], w, *how, region=region, whole=x)
        at = tuple(slice(*pair) for pair in region)
        np.testing.assert_array_equal(regions.bits(part), regions.bits(whole[at]), str(region))


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_random_layers(seed):
    pick = random.Random(seed).choice
    for _ in range(6):
        case = regions.draw_case(pick)
        case = case._replace(dtype="bfloat16", **{"co" if case.forward else "ci": 1})
        numbers = pick((cases.normals, regions.with_hostile_numbers))
        regions.assert_parts_are_the_whole(case, pick, numbers)


@pytest.mark.usefixtures("znver4")
def test_orders_tell_pairs_of_taps_from_others():
    x, w, s, d = layer(64, 3, 1, 1, 16)
    call = transposed(x, w, s, d)
    assert order_of(call.request) == "by taps, taps in pairs"
    assert order_of(call.request, no_zeros=True) == "by taps"
    part = make_plan(call.request, 1, order="by taps")
    assert not part.layer.taps
    assert make_plan(call.request, 1).layer.taps == 3


def test_filters_are_packed_once_for_inputs_of_all_widths():
    w = integers((4, 4, 4, 16, 1), BFLOAT16, 1)
    prepared = conv3dt.prepare(w, 2)
    for width in (30, 7, 30, 64):
        x = integers((1, 2, 3, width, 1), BFLOAT16)
        got = prepared(x)
        wanted = conv3dt.conv3d_transpose(x.astype("f4"), w.astype("f4"), got.shape, 2)
        np.testing.assert_array_equal(got, wanted.astype(BFLOAT16))


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("numbers", LAYERS, ids=str)
def test_nothing_is_read_beyond_the_input(numbers, at_end):
    """The input lies beside pages that nobody may touch: who does so ends the process."""
    x, w, s, d = layer(*numbers)
    wanted = run.run(transposed(x, w, s, d), way="channels: width")
    call = transposed(guarded(x, at_end), guarded(w, at_end), s, d)
    for way in ways(call.request):
        np.testing.assert_array_equal(run.run(call, way=way), wanted)


@pytest.mark.usefixtures("znver4")
@pytest.mark.parametrize(
    ("shape", "k", "s", "co", "taps"),
    [
        ((48, 48, 48), 3, 1, 16, 3),
        ((32, 32, 32), 4, 2, 1, 2),
        ((32, 32, 32), 6, 3, 1, 2),
        ((32, 32, 32), 3, 2, 16, 0),  # phases of two taps and of one
        ((32, 32, 32), 5, 2, 16, 0),  # of three and of two
        ((32, 32, 32), 1, 1, 16, 0),
        ((4, 4, 4), 2, 1, 1, 0),  # joining would take longer than the products
    ],
)
def test_where_it_is_chosen(shape, k, s, co, taps):
    x, w = np.zeros((1, *shape, 1), BFLOAT16), np.zeros((k, k, k, co, 1), BFLOAT16)
    plan = make_plan(transposed(x, w, s).request, 1)
    assert plan.layer.taps == taps
    assert ("taps in pairs:" in str(plan)) == ("pairs of bfloat16" in str(plan)) == (taps > 0)
    widened = make_plan(transposed(x.astype("f4"), w.astype("f4"), s).request, 1)
    assert plan.flops == widened.flops
