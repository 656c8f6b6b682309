"""Kernel 1, stride 1 in NCDHW: positions are one row, or longer ones, whatever memory it has."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._compiler import processor
from conv3dt._run import run
from tests.helpers import oracle
from tests.helpers.cases import DTYPES
from tests.helpers.checks import THREADS
from tests.helpers.guarded import guarded
from tests.helpers.layers import integers

SPACES = {
    "whole vectors": (4, 8, 16),
    "the last tile begins earlier": (5, 7, 33),
    "fewer than a vector": (1, 2, 3),
    "rows of one": (5, 30, 1),
    "several blocks": (2, 40, 83),
}
CHANNELS = (3, 1), (8, 4), (24, 24), (70, 7)


def spread(x):
    """Return a view of the same numbers whose rows end, between NaN."""
    room = np.full([n + 2 for n in x.shape], np.nan, x.dtype)
    view = room[1:-1, 1:-1, 1:-1, 1:-1, 1:-1]
    view[...] = x
    return view


def channels_last(x):
    """Return a view of the same numbers, channels next to each other in memory."""
    return np.ascontiguousarray(np.moveaxis(x, 1, 4)).transpose(0, 4, 1, 2, 3)


def every_other(x):
    """Return a view of every other number of a wider array."""
    view = np.repeat(x, 2, axis=4)[..., ::2]
    assert view.shape == x.shape
    return view


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("space", SPACES)
def test_results_are_those_of_the_definition(space, dtype, threads):
    for ci, co in CHANNELS:
        x, w = integers((2, ci, *SPACES[space]), dtype), integers((1, 1, 1, ci, co), dtype, 1)
        output, bias = (2, co, *SPACES[space]), integers(co, dtype, 2)
        wanted = oracle.conv3d(x, w, output, (1,) * 3, "SAME", data_format="NCDHW")
        wanted = wanted + bias[:, None, None, None]
        up = conv3dt.prepare(w.swapaxes(3, 4), 1, data_format="NCDHW", bias=bias, threads=threads)
        lie = guarded(x, True), guarded(x, False), spread(x), channels_last(x), every_other(x)
        for value in lie:
            y = conv3dt.conv3d(value, w, 1, "SAME", "NCDHW", bias=bias, threads=threads)
            np.testing.assert_array_equal(y, wanted)
            np.testing.assert_array_equal(up(value), wanted)


def is_read_where_it_lies(ci, co, space, dtype="float32"):
    """Return whether the input of such a layer is."""
    made = (1, co, *space)
    plan = conv3dt.explain((1, ci, *space), (1, 1, 1, co, ci), made, 1, "SAME", "NCDHW",
                           dtype=dtype, threads=1)  # fmt: skip
    assert "all positions of a channel in a row" in str(plan)
    assert plan.choice.way == "wide"
    return plan.scheme.direct


def test_inputs_are_read_where_they_lie():
    assert is_read_where_it_lies(32, 1, (64, 64, 64))
    assert is_read_where_it_lies(32, 3, (7, 9, 13))
    for dtype in DTYPES:  # those of 16 bits are widened, or joined, in registers
        assert is_read_where_it_lies(32, 3, (8, 8, 9), dtype)


@pytest.mark.usefixtures("znver4")
def test_inputs_are_packed_where_vectors_are_longer_or_many_blocks_read_them():
    assert not is_read_where_it_lies(32, 3, (1, 2, 3))  # a vector would read beyond the row
    assert is_read_where_it_lies(64, 160, (16, 16, 15))
    assert not is_read_where_it_lies(64, 160, (16, 16, 16))  # rows at multiples of a page
    assert not is_read_where_it_lies(64, 160, (16, 16, 15), "float16")


def test_bits_do_not_depend_on_memory_nor_on_the_part():
    rng = np.random.default_rng(0)
    for ci, co, space in [(32, 1, (20, 24, 28)), (40, 3, (6, 5, 70)), (64, 64, (4, 4, 5))]:
        x = rng.standard_normal((1, ci, *space)).astype("f4")
        w = rng.standard_normal((1, 1, 1, co, ci)).astype("f4")
        layer = (1, co, *space), 1, "SAME", "NCDHW"
        bias = rng.standard_normal(co).astype("f4")
        whole = conv3dt.conv3d_transpose(x, w, *layer, bias=bias)
        for value in (spread(x), channels_last(x)):  # some alone would be folded, in another order
            y = conv3dt.conv3d_transpose(value, w, *layer, bias=bias)
            np.testing.assert_array_equal(y, whole)
        region = (1, 4), (0, 4), (2, space[2] - 1)
        place = (slice(None), slice(None), *(slice(*ends) for ends in region))
        for value in (x[place], np.ascontiguousarray(x[place])):
            part = {"region": region, "whole": x.shape}
            y = conv3dt.conv3d_transpose(value, w, *layer, bias=bias, **part)
            np.testing.assert_array_equal(y, whole[place])


def test_weights_that_are_not_finite():
    x, w = integers((1, 5, 3, 4, 9)), integers((1, 1, 1, 5, 4), seed=1)
    w[0, 0, 0, 2, 1] = np.inf
    with np.errstate(invalid="ignore"):
        wanted = np.einsum("ncdhw,co->nodhw", x, w[0, 0, 0])
    for value in (x, spread(x)):
        np.testing.assert_array_equal(conv3dt.conv3d(value, w, 1, "SAME", "NCDHW"), wanted)


@pytest.mark.parametrize("ci", [7, 20, 64])
@pytest.mark.parametrize("offset", [0, 1, 7])
def test_lines_are_joined_between_blocks_of_a_row(streaming, offset, ci):
    x, w = integers((2, ci, 3, 50, 75)), integers((1, 1, 1, ci, 8), seed=1)
    up = conv3dt.prepare(w.swapaxes(3, 4), 1, data_format="NCDHW", threads=THREADS[-1])
    wanted = oracle.conv3d(x, w, (2, 8, 3, 50, 75), (1,) * 3, "SAME", data_format="NCDHW")
    room = np.full(wanted.size + 64, 9, np.float32)
    first = -room.ctypes.data // 4 % 16 + offset
    found = room[first : first + wanted.size].reshape(wanted.shape)
    np.testing.assert_array_equal(up(x, out=found), wanted)
    assert (room[:first] == 9).all()
    assert (room[first + wanted.size :] == 9).all()
    (plan,) = up._held._packed
    assert plan.scheme.n_blocks[3] >= THREADS[-1]
    if ci == 64 and processor.host().isa == "avx512":
        assert plan.scheme.seamed


@pytest.mark.parametrize("space", [(16, 32, 32), (15, 33, 41)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("offset", [0, 1, 7, 15, 31])
def test_tiles_of_long_rows_begin_with_lines_of_outputs(streaming, offset, dtype, space):
    x, w = integers((1, 4, *space), dtype), integers((1, 1, 1, 16, 4), dtype, seed=1)
    wanted = np.einsum("ncdhw,oc->nodhw", x, w[0, 0, 0])
    line = 64 // x.itemsize
    room = np.full(wanted.size + 4 * line, 9, dtype)
    first = -room.ctypes.data // x.itemsize % line + offset % line
    found = room[first : first + wanted.size].reshape(wanted.shape)
    for threads in THREADS:
        found[...] = 0
        how = {"out": found, "threads": threads}
        call = as_call("test", x, w, wanted.shape, 1, "SAME", "NCDHW", None, **how)
        way = "wide: all positions, a few channels at a time"
        assert run.plan_of(call, way).scheme.on_lines == (processor.machine().stream_from == 0)
        np.testing.assert_array_equal(run.run(call, way=way), wanted)
        assert (room[:first] == 9).all()
        assert (room[first + wanted.size :] == 9).all()


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("space", SPACES)
def test_rows_of_depthwise_layers(space, dtype, threads):
    for groups, each in [(3, 1), (12, 1), (24, 1), (5, 3)]:
        x, co = integers((2, groups, *SPACES[space]), dtype), groups * each
        w, bias = integers((1, 1, 1, 1, co), dtype, 1), integers(co, dtype, 2)
        wanted = np.repeat(x, each, 1) * w[0, 0, 0, 0, :, None, None, None]
        wanted = wanted + bias[:, None, None, None]
        how = {"bias": bias, "groups": groups, "threads": threads}
        for value in (guarded(x, True), guarded(x, False), spread(x), every_other(x)):
            y = conv3dt.conv3d(value, w, 1, "SAME", "NCDHW", **how)
            np.testing.assert_array_equal(y, wanted)
        part = x[:, :, :, :2]
        region = [(0, n) for n in part.shape[2:]]
        y = conv3dt.conv3d(part, w, 1, "SAME", "NCDHW", region=region, whole=x.shape, **how)
        np.testing.assert_array_equal(y, wanted[:, :, :, :2])


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ((16, 16, 16), "positions of a channel in rows of 256"),
        ((5, 7, 7), "all positions of a channel in a row"),
        ((3, 37, 41), "positions of a channel in rows of 123"),
        ((31, 37, 41), ""),  # no longer row divides these
        ((1, 1, 300), ""),
    ],
)
def test_rows_that_plans_of_depthwise_layers_show(space, said):
    shape = (1, 32, *space)
    plan = conv3dt.explain(shape, (1, 1, 1, 1, 32), shape, 1, "SAME", "NCDHW", groups=32, threads=1)
    assert ("positions of a channel" in str(plan)) == bool(said)
    assert said in str(plan)


@pytest.mark.skipif(len(THREADS) == 1, reason="there is one thread")
def test_threads_share_a_row():
    shapes = (1, 16, 20, 24, 28), (1, 1, 1, 4, 16), (1, 4, 20, 24, 28)
    assert conv3dt.explain(*shapes, 1, "SAME", "NCDHW", threads=2).tasks >= 2
