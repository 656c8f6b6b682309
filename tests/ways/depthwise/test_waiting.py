"""Depthwise layers whose sums wait, while planes of inputs are read one after the other."""

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import TUNING
from tests.helpers import cases, oracle, plans, regions
from tests.helpers.checks import every_dtype, every_format

LAYERS = [  # space, kernel, stride, channels
    ((9, 10, 37), (5, 5, 5), (1, 1, 1), 32),
    ((7, 19, 25), (7, 5, 7), (2, 2, 2), 24),
    ((5, 6, 30), (4, 7, 7), (2, 1, 1), 40),
    ((3, 8, 29), (7, 7, 7), (3, 1, 2), 32),
    ((6, 5, 26), (3, 3, 3), (1, 1, 1), 16),
]


@pytest.fixture(autouse=True)
def _all_that_can_wait(monkeypatch):
    """Sums wait also where L1 could hold all inputs of a tile, as it can with small vectors."""
    wait = TUNING._replace(depthwise_ways=(0.0, 0.0), depthwise_waiting=0)
    monkeypatch.setattr("conv3dt._ways.depthwise.caches.TUNING", wait)
    plans.forget()
    yield
    plans.forget()


def layer(number, dtype, data_format, numbers=cases.integers):
    """Arrays of a layer, and how it is called."""
    space, k, s, channels = LAYERS[number]
    rng = np.random.default_rng(number)
    value = numbers(rng, (2, *space, channels), dtype)
    filters = numbers(rng, (*k, 1, channels), dtype)
    if data_format == "NCDHW":
        value = np.ascontiguousarray(np.moveaxis(value, 4, 1))
    rest = filters, s, "SAME", data_format
    options = {"groups": channels, "activation": "relu"}
    assert "planes of sums wait" in str(conv3dt.explain_conv3d(value.shape, *rest, **options))
    return value, rest, options


def definition(x, filters, s, padding, data_format, shape, bias):
    """A depthwise layer channel by channel, from its definition."""
    axis, channels = data_format.index("C"), filters.shape[4]
    shape = tuple(1 if a == axis else n for a, n in enumerate(shape))
    parts = np.split(x, channels, axis), np.split(filters, channels, 4), np.split(bias, channels)
    found = [
        oracle.conv3d(x, w, shape, s, padding, data_format=data_format, bias=b)
        for x, w, b in zip(*parts, strict=True)
    ]
    return np.concatenate(found, axis)


@every_format
@every_dtype
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_results(number, dtype, data_format):
    value, rest, options = layer(number, dtype, data_format)
    bias = cases.integers(np.random.default_rng(9), options["groups"], dtype)
    y = conv3dt.conv3d(value, *rest, bias=bias, **options)
    wanted = np.maximum(definition(value, *rest, y.shape, bias), 0).astype(value.dtype)
    np.testing.assert_array_equal(y.astype(np.float64), wanted.astype(np.float64))


@every_format
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_threads_and_parts_have_the_same_bits(number, data_format):
    value, rest, options = layer(number, "float32", data_format, cases.normals)
    value.reshape(-1)[[77, -5]] = np.nan, np.inf
    whole = regions.bits(conv3dt.conv3d(value, *rest, **options, threads=1))
    np.testing.assert_array_equal(regions.bits(conv3dt.conv3d(value, *rest, **options)), whole)
    plans.forget()
    d, h, w = oracle.extents(whole.shape, data_format)
    part = (min(1, d - 1), d), (1, h - 1), (0, w)
    spaces = [slice(*ends) for ends in part]
    place = cases.tensor_shape(slice(None), spaces, slice(None), data_format)
    where = conv3dt.needed_conv3d(part, value.shape, *rest, groups=options["groups"])
    found = conv3dt.conv3d(value[where], *rest, **options, region=part, whole=value.shape)
    np.testing.assert_array_equal(regions.bits(found), whole[place])


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_sums_that_wait_have_the_bits_of_others(number, monkeypatch):
    value, rest, options = layer(number, "float32", "NDHWC", cases.normals)
    waiting = regions.bits(conv3dt.conv3d(value, *rest, **options))
    never = TUNING._replace(depthwise_ways=(1e9, 1e9))
    monkeypatch.setattr("conv3dt._ways.depthwise.caches.TUNING", never)
    plans.forget()
    assert "sums wait" not in str(conv3dt.explain_conv3d(value.shape, *rest, **options))
    np.testing.assert_array_equal(regions.bits(conv3dt.conv3d(value, *rest, **options)), waiting)


@every_format
@pytest.mark.parametrize("offset", [0, 16])
@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_results_past_the_caches(number, offset, data_format, monkeypatch):
    value, rest, options = layer(number, "float32", data_format)
    wanted = conv3dt.conv3d(value, *rest, **options)
    machine = processor.machine()._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    plans.forget()
    room = np.full(wanted.nbytes + 256, 7, np.uint8)
    start = 64 - room.ctypes.data % 64 + offset
    out = room[start:][: wanted.nbytes].view(np.float32).reshape(wanted.shape)
    conv3dt.conv3d(value, *rest, **options, out=out)
    np.testing.assert_array_equal(out, wanted)
    assert (np.delete(room, np.s_[start : start + wanted.nbytes]) == 7).all()


@pytest.mark.parametrize(
    ("i", "k", "s", "padding"), [(1, 5, 1, "SAME"), (2, 7, 3, "SAME"), (5, 5, 1, "VALID")]
)
def test_few_planes(i, k, s, padding):
    rng = np.random.default_rng(1)
    value = cases.integers(rng, (1, i, 9, 30, 16), "float32")
    filters = cases.integers(rng, (k, 3, 3, 1, 16), "float32")
    y = conv3dt.conv3d(value, filters, (s, 1, 1), padding, groups=16)
    wanted = definition(value, filters, (s, 1, 1), padding, "NDHWC", y.shape, np.zeros(16))
    np.testing.assert_array_equal(y, wanted)
