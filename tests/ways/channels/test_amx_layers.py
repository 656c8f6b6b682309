"""Layers by AMX, emulated: results, bits, and when it is chosen."""

import logging

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.tuning import AMX, MACHINES
from conv3dt._plan.choice import choose, make_plan, reading_directly
from conv3dt._run import run
from conv3dt._ways.channels import way as channels
from conv3dt._ways.shared.layer import Layer, axes_of, layer_of
from tests.helpers import oracle
from tests.helpers.amx import wide
from tests.helpers.layers import expected, integers
from tests.plan.test_plan import request

pytestmark = [wide, pytest.mark.skipif(PLAIN, reason="nothing is compiled")]

BFLOAT16 = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
LAYERS = [
    # x, filters, strides, dilations
    ((1, 1, 2, 33, 32), (1, 2, 3, 40, 32), 2, 1),  # along the width, tiles of 17 and 16 rows
    ((1, 2, 3, 7, 24), (1, 3, 3, 33, 24), 2, 1),  # two lines of the height; 12 pairs at once
    ((9, 1, 2, 1, 20), (3, 3, 3, 17, 20), 1, 1),  # images
    ((1, 2, 3, 18, 5), (3, 2, 3, 20, 5), 1, 2),  # an odd number of channels
    ((1, 1, 2, 16, 288), (2, 2, 2, 16, 288), 2, 1),  # two chunks of channels
    ((2, 2, 3, 20, 14), (2, 2, 2, 8, 14), 2, 1),  # read where it lies
    ((1, 1, 2, 50, 4), (1, 1, 5, 3, 4), 3, 1),  # two pairs at once
]


def amx_ways(request):
    """Return the names of the ways by AMX."""
    found = (x for x in channels.candidates(layer_of(request)) if x.shape.amx)
    return [f"channels: {x.along}" for x in found]


def output_of(layer):
    x, filters, stride, _ = layer
    return (x[0], *(stride * n for n in x[1:4]), filters[3])


@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_small_integers_are_summed_exactly(emulated, layer, data_format):
    """By every way that rows may run; tiles are shaped once a worker, and always released."""
    x_shape, w_shape, stride, dilation = layer
    x, w, output = integers(x_shape, BFLOAT16), integers(w_shape, BFLOAT16, 1), output_of(layer)
    if data_format == "NCDHW":
        x, output = np.ascontiguousarray(np.moveaxis(x, 4, 1)), (output[0], output[4], *output[1:4])
    wanted = expected(x, w, output, stride, dilations=dilation, data_format=data_format)
    call = as_call("f", x, w, output, stride, "SAME", data_format, dilation, threads=1)
    ways = amx_ways(call.request)
    assert len(ways) >= 2
    for way in ways:
        before = dict(emulated.counts)
        np.testing.assert_array_equal(run.run(call, way=way), wanted.astype(BFLOAT16))
        made = {name: count - before[name] for name, count in emulated.counts.items()}
        assert made["tdpbf16ps"] > 0
        assert made["ldtilecfg"] == made["tilerelease"] == 1


@pytest.mark.parametrize("width", [66, 13])
def test_forward(emulated, width):
    x, w = integers((2, 3, 4, width, 32), BFLOAT16), integers((2, 2, 3, 32, 40), BFLOAT16, 1)
    got = conv3dt.conv3d(x, w, 2, "SAME")
    wanted = oracle.conv3d(x, w, got.shape, (2,) * 3, "SAME")
    assert emulated.counts["tdpbf16ps"]
    np.testing.assert_array_equal(got, wanted.astype(BFLOAT16))


def test_inputs_are_read_where_they_lie_if_no_row_misses_a_tap(emulated):
    x, w = (integers(shape, BFLOAT16) for shape in LAYERS[5][:2])
    for width, direct in ((20, True), (16, True), (33, True), (50, True), (18, True), (7, True)):
        call = as_call("f", x[:, :, :, :1].repeat(width, 3), w, None, 2, "SAME", "NDHWC", 1,
                       prepared=True)  # fmt: skip
        plan = make_plan(call.request, 1, way="channels: width, AMX")
        assert reading_directly(plan).scheme.direct == direct
    call = as_call("f", x, integers((2, 2, 3, 8, 14), BFLOAT16), None, 2, "SAME", "NDHWC", 1,
                   prepared=True)  # fmt: skip
    plan = make_plan(call.request, 1, way="channels: width, AMX")
    assert not reading_directly(plan).scheme.direct


def assert_same_numbers(got, wanted):
    """NaN are the same as NaN, which they are not of this type."""
    np.testing.assert_array_equal(got.astype(np.float32), wanted.astype(np.float32))


def test_infinite_and_missing_inputs_reach_what_they_should(emulated):
    """As with float32: nothing is multiplied that does not belong to an output."""
    (x_shape, w_shape, stride, dilation), rng = LAYERS[1], np.random.default_rng(0)
    x, w = integers(x_shape, BFLOAT16), integers(w_shape, BFLOAT16, 1)
    x.reshape(-1)[rng.integers(0, x.size, 9)] = np.resize([np.inf, -np.inf, np.nan], 9)
    call = as_call("f", x, w, output_of(LAYERS[1]), stride, "SAME", "NDHWC", dilation)
    wanted = run.run(call, way="channels: width")
    assert np.isnan(wanted).any()
    assert np.isinf(wanted).any()
    for way in amx_ways(call.request):
        assert_same_numbers(run.run(call, way=way), wanted)


def test_weights_that_are_not_finite_meet_no_zeros(emulated):
    x, w = integers((1, 1, 1, 20, 32), BFLOAT16), integers((1, 1, 3, 32, 32), BFLOAT16, 1)
    w[0, 0, 1, 3, 5] = np.inf
    call = as_call("f", x, w, (1, 2, 2, 40, 32), 2, "SAME", "NDHWC", 1)
    wanted = run.run(call, way="channels: width")
    got = run.run(call, run.pack, "channels: width, AMX")  # packed ahead, and looked at
    assert not emulated.counts["tdpbf16ps"]
    assert_same_numbers(got, wanted)
    assert_same_numbers(run.run(call, way="channels: width, AMX"), wanted)


def test_bits_depend_neither_on_threads_nor_on_where_a_part_begins(emulated):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype(BFLOAT16) for s in ((1, 2, 4, 40, 48), (1, 2, 3, 32, 48)))
    output, how = (1, 4, 8, 80, 32), {"strides": 2, "padding": "SAME"}
    assert make_plan(as_call("f", x, w, output, 2, "SAME", "NDHWC", 1).request).scheme.shape.amx
    whole = conv3dt.conv3d_transpose(x, w, output, **how, threads=1)
    exact = expected(x.astype(float), w.astype(float), output, 2)
    assert np.abs(whole.astype(float) - exact).max() < 2.0**-8 * np.abs(exact).max()
    two = conv3dt.conv3d_transpose(x, w, output, **how, threads=2)
    np.testing.assert_array_equal(two.view(np.uint16), whole.view(np.uint16))
    region = ((0, 1), (1, 3), (3, 8), (21, 70), (0, 32))
    place = conv3dt.needed(region, x.shape, w, output, **how)
    made = emulated.counts["tdpbf16ps"]
    part = conv3dt.conv3d_transpose(x[place], w, output, **how, region=region, whole=x.shape)
    assert emulated.counts["tdpbf16ps"] > made
    at = tuple(slice(*ends) for ends in region)
    np.testing.assert_array_equal(part.view(np.uint16), whole[at].view(np.uint16))


def test_it_is_told(emulated, caplog):
    x, w = integers((1, 1, 4, 32, 32), BFLOAT16), integers((1, 2, 2, 64, 32), BFLOAT16, 1)
    call = as_call("f", x, w, None, 2, "SAME", "NDHWC", 1, prepared=True)
    with caplog.at_level(logging.DEBUG, "conv3dt"):
        run.run(call)
    assert "avx512 pairs of bfloat16 channels AMX 32x2" in caplog.text
    words = str(make_plan(call.request))
    assert "avx512, pairs of bfloat16, 16 per vector): tiles of AMX 32x2 (positions" in words
    assert "along width, AMX: " in words


# ---- the choice ----------------------------------------------------------------------------------


def chosen(machine=MACHINES[AMX], no_zeros=False, **layer):
    """Return the choice for a machine, whatever this one is."""
    r = request(**{"dtype": "bfloat16", "ci": 128, "co": 64, **layer})
    return choose(Layer(r, r, axes_of(r), machine, no_zeros))[0]


@pytest.mark.parametrize(
    ("layer", "along"),
    [
        ({"i": (16, 16, 32)}, "width, AMX"),
        ({"i": (16, 16, 16), "k": 4, "n": 2}, "height and width, AMX"),
        ({"i": (4, 4, 4), "ci": 512, "co": 256, "n": 32}, "batch, AMX"),
        ({"i": (32, 32, 32), "k": 2, "ci": 64, "co": 32}, "width, AMX"),
        ({"i": (32, 32, 32), "s": 1, "d": 2, "ci": 32, "co": 32}, "width, AMX"),
        ({"data_format": "NCDHW", "i": (16, 16, 32)}, "width, AMX"),
    ],
)
def test_it_is_chosen_where_it_takes_fewer_cycles(layer, along):
    found = chosen(**layer)
    assert (found.along, found.way, found.order) == (along, "channels", "by tiles")
    assert chosen(MACHINES["avx512"], **layer).cycles > 1.5 * found.cycles


@pytest.mark.parametrize(
    "layer",
    [{"dtype": "float32"}, {"dtype": "float16"}, {"ci": 1}, {"co": 1}, {"ci": 34, "co": 8},
     {"no_zeros": True}, {"machine": MACHINES[AMX]._replace(amx=0.0)}],
    ids=str,
)  # fmt: skip
def test_other_layers_are_computed_as_without_it(layer):
    assert "AMX" not in chosen(**layer).along
