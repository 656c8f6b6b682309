"""How outputs are stored: past the caches, copied row by row, turned in slabs."""

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import TUNING
from conv3dt._run import run
from conv3dt._runtime import team
from tests.helpers import oracle
from tests.helpers.layers import expected, integers


@pytest.mark.usefixtures("streaming", "direct")
@pytest.mark.parametrize("co", [1, 4, 16, 40])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
@pytest.mark.parametrize("shifted", [0, 4])
def test_outputs_that_go_past_the_caches(co, data_format, shifted):
    x, w = integers((2, 3, 4, 32, 5)), integers((3, 3, 3, co, 5), seed=1)
    output = [2, 6, 8, 64, co]
    if data_format == "NCDHW":
        x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
        output = [2, co, 6, 8, 64]
    memory = np.empty(4 * int(np.prod(output)) + 128, np.uint8)
    start = -memory.ctypes.data % 64 + shifted
    out = memory[start:][: 4 * int(np.prod(output))].view(np.float32).reshape(output)
    conv3dt.conv3d_transpose(x, w, output, 2, data_format=data_format, out=out)
    plan = conv3dt.explain(x, w, output, 2, data_format=data_format)
    made = plan.choice.way == "channels" and plan.scheme.made.what
    assert "past the caches" in str(plan) or made  # what is turned has been in the caches anyway
    np.testing.assert_array_equal(out, expected(x, w, output, 2, data_format=data_format))


@pytest.mark.usefixtures("streaming", "direct")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("s", [1, 2])
def test_blocks_of_channels_take_turns_row_by_row(dtype, s):
    """Of whole lines that go past the caches: those of a position are written together."""
    dtype = np.dtype(dtype) if dtype == "float32" else pytest.importorskip("ml_dtypes").bfloat16
    x, w = integers((2, 3, 4, 33, 6), dtype), integers((2, 3, 2, 160, 6), dtype, seed=1)
    output = (2, 3 * s, 4 * s, 33 * s, 160)
    call = as_call("conv3d_transpose", x, w, output, s, "SAME", "NDHWC", 1, threads=1)
    plan = run.plan_of(call, "channels: width")
    blocks = len(plan.scheme.shape.blocks)
    few = 1 < blocks <= TUNING.row_lists // s  # of each phase of the height
    assert plan.scheme.in_order == (plan.scheme.streamed and few)
    wanted = expected(x.astype(np.float32), w.astype(np.float32), output, s)
    found = run.run(call, way="channels: width").astype(np.float32)
    np.testing.assert_array_equal(found, wanted.astype(dtype).astype(np.float32))


@pytest.mark.usefixtures("streaming")
@pytest.mark.parametrize("co", [1, 3, 5, 8, 12])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("shifted", [0, 8, 56])
def test_rows_that_tiles_write_in_parts_of_lines_are_copied(co, dtype, shifted):
    x, w = integers((2, 3, 4, 33, 5), dtype), integers((3, 3, 3, co, 5), dtype, seed=1)
    output = (2, 5, 8, 65, co)  # odd: the last rows end within a line
    size = x.itemsize * int(np.prod(output))
    memory = np.full(size + 192, 7, np.uint8)
    start = 64 - memory.ctypes.data % 64 + shifted
    out = memory[start:][:size].view(dtype).reshape(output)
    options, way = (output, 2, "SAME", "NDHWC", 1), "channels: width"
    call = as_call("conv3d_transpose", x, w, *options, out=out)
    plan = run.plan_of(call, way)
    alone = plan.scheme.blocking.groups == 1  # else another thread may have the rest of a line
    in_parts = alone and (co * x.itemsize % 64 or shifted)
    assert plan.scheme.made.what == ("lines" if in_parts else "")
    run.run(call, way=way)
    np.testing.assert_array_equal(out, expected(x, w, output, 2))
    out[...] = 0
    rest = np.delete(memory, np.s_[start : start + size])
    assert (rest == 7).all(), "wrote beyond the output"


@pytest.mark.parametrize(("co", "s"), [(1, 2), (3, 3), (5, 2), (8, 2), (8, 4), (24, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_outputs_of_an_input_are_channels_where_kernel_and_stride_are_equal(co, s, dtype):
    x, w = integers((2, 3, 4, 17, 6), dtype), integers((3, 2, s, co, 6), dtype, seed=1)
    output, strides, bias = (2, 3, 8, 17 * s, co), (1, 2, s), integers(co, dtype, seed=2)
    plan = conv3dt.explain(x, w, output, strides, bias=bias)
    assert plan.layer.request.co == (
        s * co if s * co <= len(plan.layer.machine.rows) * plan.layer.lanes else co
    )
    apart = np.asfortranarray(w)
    for weights in (w, apart, w[..., ::-1, :].copy()[..., ::-1, :]):
        wanted = oracle.conv3d_transpose(x, w, output, strides, "SAME") + bias
        y = conv3dt.conv3d_transpose(x, weights, output, strides, bias=bias)
        np.testing.assert_array_equal(y, wanted)
        prepared = conv3dt.prepare(weights, strides, bias=bias)
        np.testing.assert_array_equal(prepared(x, output), wanted)
    w[1, 1, 1, 0, 2] = np.inf
    wanted = oracle.conv3d_transpose(x, w, output, strides, "SAME") + bias
    y = conv3dt.conv3d_transpose(x, w, output, strides, bias=bias)
    np.testing.assert_array_equal(y, wanted)


SLABS = {
    "rows along the width": ((2, 4, 4, 4, 40), (2, 2, 2, 40, 40), 2),
    "rows in the batch": ((9, 1, 1, 1, 24), (4, 4, 4, 33, 24), 1),
    "rows in height": ((1, 3, 5, 3, 16), (3, 3, 3, 17, 16), 2),
    "one output of a row is missing": ((2, 3, 4, 5, 90), (3, 3, 3, 16, 90), 3),
    "several blocks along depth": ((1, 40, 4, 5, 64), (3, 3, 3, 48, 64), 1),
}


@pytest.mark.usefixtures("direct")
@pytest.mark.parametrize("threads", sorted({1, team.available()}))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", SLABS)
def test_slabs_are_turned_where_channels_lie_apart(layer, dtype, threads):
    x_shape, w_shape, s = SLABS[layer]
    missing = 1 if "missing" in layer else 0
    space = [i * s - missing for i in x_shape[1:4]]
    x, w, bias = (
        integers(x_shape, dtype),
        integers(w_shape, dtype, 1),
        integers(w_shape[3], dtype, 2),
    )
    x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
    output = [x_shape[0], w_shape[3], *space]
    more = {"data_format": "NCDHW", "threads": threads}
    # For two threads height may be cut; with smaller vectors rows are long enough.
    if threads == 1 and processor.host().isa == "avx512":
        assert conv3dt.explain(x, w, output, s, **more).scheme.made.what == "slabs"
    wanted = expected(x, w, output, s, data_format="NCDHW") + bias[:, None, None, None]
    y = conv3dt.conv3d_transpose(x, w, output, s, bias=bias, **more)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.usefixtures("streaming")
@pytest.mark.parametrize("threads", sorted({1, team.available()}))
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("channels", [16, 24, 32])
@pytest.mark.parametrize("shifted", [0, 32])
def test_depthwise_outputs_are_turned_past_the_caches(channels, dtype, threads, shifted):
    for width in (16, 24, 31):
        x = integers((2, 4, 6, width, channels), dtype)
        w = integers((3, 3, 3, 1, channels), dtype, 1)
        wanted = [
            oracle.conv3d(a, f, (2, 4, 6, width, 1), (1,) * 3, "SAME")
            for a, f in zip(np.split(x, channels, 4), np.split(w, channels, 4), strict=True)
        ]
        room = np.full(x.nbytes + 192, 7, np.uint8)
        start = 64 - room.ctypes.data % 64 + shifted
        out = room[start:][: x.nbytes].view(x.dtype).reshape(2, channels, 4, 6, width)
        apart = np.ascontiguousarray(np.moveaxis(x, 4, 1))
        given = apart, w, 1, "SAME", "NCDHW"
        conv3dt.conv3d(*given, groups=channels, out=out, threads=threads)
        past = conv3dt.explain_conv3d(*given, groups=channels).scheme.made == "turn_past"
        assert past == (np.dtype(dtype).itemsize > 2)
        found = np.moveaxis(out, 1, 4).astype(np.float64)
        np.testing.assert_array_equal(found, np.concatenate(wanted, 4).astype(np.float64))
        rest = np.delete(room, np.s_[start : start + x.nbytes])
        assert (rest == 7).all(), "wrote beyond the output"


# ---- outputs that begin between cache lines ------------------------------------------------------


@pytest.mark.parametrize("offset", [1, 4, 15])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rows_are_made_whole_where_the_output_begins_between_lines(streaming, dtype, offset):
    rng = np.random.default_rng(0)
    x = rng.integers(-4, 5, (1, 3, 4, 9, 20)).astype(dtype)
    w = rng.integers(-4, 5, (2, 2, 2, 16, 20)).astype(dtype)
    up = conv3dt.prepare(w, 2, threads=1)
    expected = up(x)
    room = np.zeros(expected.size + 64, dtype)
    first = -room.ctypes.data // room.itemsize % (64 // room.itemsize) + offset
    found = room[first : first + expected.size].reshape(expected.shape)
    np.testing.assert_array_equal(up(x, out=found), expected)
    assert not room[:first].any()
    assert not room[first + expected.size :].any()
    used = list(up._held._packed)
    if any(plan.choice.way != "channels" for plan in used):
        pytest.skip("another way is faster")
    schemes = [plan.scheme for plan in used]
    in_parts = schemes[0].layer.request.co * x.itemsize % 64  # of a line, be it shifted or not
    made = "seams" if processor.host().isa == "avx512" else "lines"
    assert {scheme.made.what for scheme in schemes} == ({"lines"} if in_parts else {"", made})
