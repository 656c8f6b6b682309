"""Whole calls, quick enough to be repeated on every instruction set and number of threads."""

import threading

import numpy as np
import oracle
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._compiler import processor
from conv3dt._plan import planner
from conv3dt._plan.planner import make_plan
from conv3dt._run import run
from conv3dt._run.encode import tables
from conv3dt._runtime import memory, team
from conv3dt._ways.shared import cost


def integers(shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(dtype)


def expected(x, w, output, strides, padding="SAME", dilations=1, data_format="NDHWC"):
    return oracle.conv3d_transpose(
        x, w, output, (strides,) * 3, padding, (dilations,) * 3, data_format
    )


# A row along the width, groups of rows in height, groups of images; tails of channels; long sums.
LAYERS = {
    "width": ((1, 3, 4, 33, 5), (3, 3, 3, 17, 5), 2),
    "height and width": ((1, 3, 9, 3, 7), (2, 3, 3, 33, 7), 2),
    "batch": ((17, 1, 2, 1, 9), (3, 3, 3, 40, 9), 1),
    "chunks": ((1, 2, 3, 15, 130), (2, 2, 2, 16, 130), 2),
    "few channels": ((2, 3, 3, 5, 1), (5, 4, 3, 1, 1), 3),
    "three vectors": ((1, 2, 3, 19, 4), (3, 3, 3, 48, 4), 1),
    "k less than s": ((1, 2, 3, 5, 3), (1, 2, 1, 4, 3), 3),
}


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_layers_are_exact_on_integers(layer, data_format, dtype):
    x_shape, w_shape, s = LAYERS[layer]
    x, w = integers(x_shape, dtype), integers(w_shape, dtype, 1)
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    if data_format == "NCDHW":
        x = np.ascontiguousarray(np.moveaxis(x, 4, 1))
        output = [output[0], output[4], *output[1:4]]
    y = conv3dt.conv3d_transpose(x, w, output, s, data_format=data_format)
    assert y.flags.c_contiguous
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, expected(x, w, output, s, data_format=data_format))


@pytest.fixture
def streaming(monkeypatch):
    """All outputs go past the caches."""
    machine = processor.machine()._replace(stream_from=0)
    monkeypatch.setattr(processor, "machine", lambda: machine)
    planner.clear()
    yield
    planner.clear()


@pytest.mark.usefixtures("streaming")
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
    assert plan.streamed or plan.turning.what  # what is turned has been in the caches anyway
    np.testing.assert_array_equal(out, expected(x, w, output, 2, data_format=data_format))


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
    in_parts = len(plan.tiling.blocks) == 1 and co * x.itemsize % 64
    assert plan.turning.what == ("lines" if in_parts else "")
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
    assert plan.work.co == (s * co if s * co <= cost.MOST_VECTORS * plan.lanes else co)
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


@pytest.fixture
def fresh(monkeypatch):
    """Tasks pack the filters they use, however few, wherever a panel has one user."""
    monkeypatch.setattr(planner, "TUNING", planner.TUNING._replace(serial_panels=-1))
    planner.clear()
    yield
    planner.clear()


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_filters_that_are_packed_by_the_task_that_uses_them(layer, dtype):
    x_shape, w_shape, s = LAYERS[layer]
    x, w = integers(x_shape, dtype), integers(w_shape, dtype, 1)
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    plan = conv3dt.explain(x, w, output, s, threads=1)
    assert plan.folding or (plan.fresh and not plan.panels)
    more = {"bias": integers(w_shape[3], dtype, 2), "threads": 1}
    wanted = expected(x, w, output, s) + more["bias"]
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, s, **more), wanted)
    w[0, 0, 0, -1] = np.inf  # is met by zeros around the input, unless somebody looks
    prepared = conv3dt.prepare(w, s, **more)(x, output)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, s, **more), prepared)


DIRECT = {
    "kernel 1": ((2, 3, 4, 29, 40), (1, 1, 1, 24, 40), 1, 1),
    "kernel 2, stride 2": ((1, 3, 4, 15, 33), (2, 2, 2, 17, 33), 2, 1),
    "stride 3 beyond the kernel": ((1, 2, 3, 5, 200), (2, 2, 2, 19, 200), 3, 1),
    "taps along depth and height": ((1, 4, 5, 16, 8), (3, 3, 1, 16, 8), 1, 1),
    "rows in height": ((1, 2, 8, 3, 16), (2, 2, 2, 16, 16), 2, 1),
    "rows in the batch": ((9, 1, 1, 1, 16), (3, 3, 3, 16, 16), 1, 1),
    "kernel 3": ((1, 3, 4, 17, 40), (3, 3, 3, 33, 40), 1, 1),
    "kernel 4, stride 2": ((1, 3, 4, 13, 16), (4, 4, 4, 16, 16), 2, 1),
    "kernel 5, stride 3": ((1, 2, 3, 31, 8), (5, 5, 5, 16, 8), 3, 1),
    "dilation 3": ((1, 3, 4, 33, 24), (3, 3, 3, 17, 24), 1, 3),
    "dilation as long as the row": ((1, 2, 2, 12, 16), (2, 2, 3, 48, 16), 1, 11),
    "stride 2, dilation 3": ((1, 2, 3, 20, 16), (3, 3, 3, 16, 16), 2, 3),
    "long rows of few channels": ((1, 2, 3, 130, 2), (3, 3, 3, 16, 2), 1, 1),
}


def between_nans(x):
    """Return a contiguous copy of x with NaN before and behind it."""
    memory = np.full(x.size + 4000, np.nan, x.dtype)
    copy = memory[2000 : 2000 + x.size].reshape(x.shape)
    copy[...] = x
    return copy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", DIRECT)
def test_inputs_are_read_where_they_lie(layer, dtype):
    x_shape, w_shape, s, d = DIRECT[layer]
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    x, w = integers(x_shape, dtype), integers(w_shape, dtype, 1)
    assert conv3dt.explain(x, w, output, s, dilations=d).direct
    wanted = oracle.conv3d_transpose(x, w, output, (s,) * 3, "SAME", dilations=(d,) * 3)
    padded = np.full((*x_shape[:4], x_shape[4] + 3), np.nan, dtype)
    elsewhere = padded[..., 1 : x_shape[4] + 1]
    elsewhere[...] = x
    for value in (between_nans(x), elsewhere, x.astype(f">f{x.itemsize}")):
        y = conv3dt.conv3d_transpose(value, w, output, s, dilations=d)
        np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize(("k", "s", "d"), [(3, 1, 1), (3, 2, 1), (2, 3, 1), (5, 2, 1), (3, 2, 3)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_forward_inputs_are_read_where_they_lie(k, s, d, padding):
    x, w = integers((1, 13, 14, 37, 8)), integers((k, k, k, 8, 16), seed=1)
    assert conv3dt.explain_conv3d(x, w, s, padding, dilations=d).direct
    y = conv3dt.conv3d(between_nans(x), w, s, padding, dilations=d)
    wanted = oracle.conv3d(x, w, y.shape, (s,) * 3, padding, dilations=(d,) * 3)
    np.testing.assert_array_equal(y, wanted)


def test_inputs_that_are_not_as_tiles_need_them_are_packed():
    w, output = (3, 3, 3, 16, 16), [1, 8, 8, 32, 16]
    assert conv3dt.explain((1, 4, 4, 16, 16), w, output, 2).direct
    assert not conv3dt.explain((1, 4, 4, 16, 16), w, output, 2, dtype="float16").direct
    ncdhw = (1, 16, 4, 4, 16), w, [1, 16, 8, 8, 32]
    assert not conv3dt.explain(*ncdhw, 2, data_format="NCDHW").direct
    # Rows in height need zeros above; more taps than a tile has loops for need them beside it.
    assert not conv3dt.explain((1, 8, 8, 2, 16), w, [1, 8, 8, 2, 16], 1).direct
    assert not conv3dt.explain((1, 4, 4, 40, 16), (1, 1, 41, 16, 16), [1, 4, 4, 40, 16], 1).direct
    # A batch of images whose rows share cache lines.
    assert not conv3dt.explain((8, 4, 4, 4, 64), (4, 4, 4, 64, 64), [8, 8, 8, 8, 64], 2).direct
    # With a single tap, and a stride, other inputs than every second one are not read.
    assert not conv3dt.explain_conv3d((1, 4, 4, 16, 16), (1, 1, 1, 16, 16), 2, "SAME").direct


SLABS = {
    "rows along the width": ((2, 4, 4, 4, 40), (2, 2, 2, 40, 40), 2),
    "rows in the batch": ((9, 1, 1, 1, 24), (4, 4, 4, 33, 24), 1),
    "rows in height": ((1, 3, 5, 3, 16), (3, 3, 3, 17, 16), 2),
    "one output of a row is missing": ((2, 3, 4, 5, 90), (3, 3, 3, 16, 90), 3),
    "several blocks along depth": ((1, 40, 4, 5, 64), (3, 3, 3, 48, 64), 1),
}


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
        assert conv3dt.explain(x, w, output, s, **more).turning.what == "slabs"
    wanted = expected(x, w, output, s, data_format="NCDHW") + bias[:, None, None, None]
    y = conv3dt.conv3d_transpose(x, w, output, s, bias=bias, **more)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.usefixtures("fresh")
def test_forward_filters_that_are_packed_by_the_task_that_uses_them():
    x, w = integers((1, 4, 5, 19, 7)), integers((3, 2, 3, 7, 33), seed=1)
    assert conv3dt.explain_conv3d(x, w, 2, "SAME", threads=1).fresh
    wanted = oracle.conv3d(x, w, (1, 2, 3, 10, 33), (2, 2, 2), "SAME")
    np.testing.assert_array_equal(conv3dt.conv3d(x, w, 2, "SAME", threads=1), wanted)


def test_only_panels_of_one_user_are_packed_by_tasks():
    few, many = (64, 1, 1, 1, 200), (1, 32, 32, 32, 200)
    w = (4, 4, 4, 512, 200)
    assert conv3dt.explain(few, w, (64, 4, 4, 4, 512), 1, "VALID").fresh
    assert not conv3dt.explain(many, w, (1, 35, 35, 35, 512), 1, "VALID").fresh
    small = (1, 4, 4, 4, 8), (3, 3, 3, 8, 8), (1, 8, 8, 8, 8)
    assert not conv3dt.explain(*small, 2).fresh  # are packed at once


def test_few_positions_are_one_block_for_every_task_of_many_channels():
    shapes = (2, 4, 4, 4, 320), (2, 2, 2, 320, 320), (2, 8, 8, 8, 320)
    plan = conv3dt.explain(*shapes, 2, threads=1)
    assert plan.direct
    assert plan.fresh
    assert plan.n_blocks == (1, 1, 1, 1)
    assert plan.tasks == plan.blocking.groups > 4
    x, w = integers(shapes[0]), integers(shapes[1], seed=1)
    wanted = expected(x, w, shapes[2], 2)
    for threads in {1, team.available()}:
        y = conv3dt.conv3d_transpose(x, w, shapes[2], 2, threads=threads)
        np.testing.assert_array_equal(y, wanted)


@pytest.mark.skipif(processor.host().isa != "avx512", reason="other tiles have other best rows")
@pytest.mark.parametrize("layer", ["width", "height and width", "batch"])
def test_the_rows_are_those_the_layer_is_named_for(layer):
    x_shape, w_shape, s = LAYERS[layer]
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    assert conv3dt.explain(x_shape, w_shape, output, s).tiling.along == layer


def test_blocks_of_fewer_positions_than_a_vector_has(monkeypatch):
    """So many channels that the packed input of a whole vector would exceed the scratch."""

    def wide(layer, exact, folding=None, way=None):
        return min(cost._wide_tilings(layer), key=lambda tiling: tiling.cycles)

    monkeypatch.setattr(planner, "choose_tiling", wide)
    output = [1, 1, 2, 40, 1]
    x, w = integers((1, 1, 2, 40, 100_000)), integers((3, 3, 3, 1, 100_000), seed=1)
    plan = conv3dt.explain(x, w, output, 1)
    assert plan.blocking.block[3] % plan.lanes
    wanted = expected(x, w, output, 1)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, 1), wanted)

    # A block writes its own outputs and no others: they may be another thread's.
    plan = make_plan.__wrapped__(plan.request, 1)
    plan.__dict__["tasks"] = 1
    y = np.full(output, np.nan, np.float32)
    call = as_call("test", x, w, y.shape, 1, "SAME", "NDHWC", 1, out=y)
    run.convolve(run.pack(plan, w, None), call)
    _, _, h, w = plan.blocking.block
    np.testing.assert_array_equal(y[:, :, :h, :w], wanted[:, :, :h, :w])
    y[:, :, :h, :w] = np.nan
    assert np.isnan(y).all()


def test_infinite_weights_meet_no_zeros_beyond_the_input():
    x, w = integers((1, 2, 3, 9, 3)), integers((3, 3, 3, 5, 3), seed=1)
    w[0, 0, 0, 1, 2] = np.inf
    w[2, 1, 2, 0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        wanted = expected(x, w, [1, 4, 6, 18, 5], 2)
    y = conv3dt.conv3d_transpose(x, w, [1, 4, 6, 18, 5], 2)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(wanted))
    np.testing.assert_array_equal(y[~np.isnan(y)], wanted[~np.isnan(wanted)])


@pytest.mark.skipif(team.available() < 2, reason="there is one thread")
def test_the_bits_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5, 6, 21, 70)).astype(np.float32)
    w = rng.standard_normal((3, 3, 3, 33, 70)).astype(np.float32)
    one = conv3dt.conv3d_transpose(x, w, [2, 10, 12, 42, 33], 2, threads=1)
    for _ in range(3):
        two = conv3dt.conv3d_transpose(x, w, [2, 10, 12, 42, 33], 2, threads=2)
        np.testing.assert_array_equal(one.view(np.uint32), two.view(np.uint32))


def test_calls_from_several_python_threads_are_right():
    x, w = integers((1, 6, 6, 20, 16)), integers((3, 3, 3, 16, 16), seed=1)
    wanted = expected(x, w, [1, 12, 12, 40, 16], 2)
    wrong = []

    def work():
        for _ in range(5):
            y = conv3dt.conv3d_transpose(x, w, [1, 12, 12, 40, 16], 2)
            if not np.array_equal(y, wanted):
                wrong.append(y)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_memory_that_cannot_be_had_is_an_error_before_any_work(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1 << 20)
    x, w = np.zeros((1, 8, 8, 8, 1), np.float32), np.zeros((1, 1, 1, 1000, 1), np.float32)
    with pytest.raises(MemoryError, match=r"needs 0\.12 GiB .* 0\.00 GiB can be had"):
        conv3dt.conv3d_transpose(x, w, [1, 32, 32, 32, 1000], 4)


def test_more_memory_than_there_is():
    w = np.zeros((1, 1, 1, 1, 1), np.float32)
    x = np.broadcast_to(np.float32(0), (1 << 20, 1, 1, 1, 1))
    with pytest.raises(MemoryError, match="GiB"):
        conv3dt.conv3d_transpose(x, w, [1 << 20, 1 << 10, 1 << 10, 1 << 10, 1], 1 << 10)


@pytest.mark.parametrize(
    "layer",
    [
        ((1, 64, 64, 64, 64), (2, 2, 2, 32, 64), 2),
        ((8, 4, 4, 4, 512), (4, 4, 4, 256, 512), 2),
        ((1, 40, 40, 2000, 3), (5, 5, 5, 3, 3), 1),
        ((1, 3, 3, 3, 5000), (3, 3, 3, 8, 5000), 1),
        ((1, 1, 1, 1 << 22, 1), (1, 1, 3, 1, 1), 2),
        ((4, 8, 8, 64, 10_000), (5, 5, 5, 16, 10_000), 2),
        ((4, 8, 8, 64, 10_000), (3, 3, 3, 1, 10_000), 1),
    ],
    ids=str,
)
def test_scratch_stays_below_32_megabytes(layer):
    x_shape, w_shape, s = layer
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    for threads in (1, 2):
        if threads <= team.available():
            plan = conv3dt.explain(x_shape, w_shape, output, s, threads=threads)
            assert plan.scratch < 32 << 20


SMALL = ((1, 2, 2, 3, 3), (2, 2, 2, 5, 3), [1, 4, 4, 6, 5])


def small_call(seed):
    """Return a small call with numbers of its own, and its result; all have the same plan."""
    x, w, bias = (
        integers(SMALL[0], seed=seed),
        integers(SMALL[1], seed=seed + 1),
        integers(5, seed=seed),
    )
    call = as_call("test", x, w, SMALL[2], 2, "SAME", "NDHWC", 1, bias=bias, threads=1)
    return call, expected(x, w, SMALL[2], 2) + bias


def spare(call):
    """Return what calls of the same plan have left."""
    found = tables(run.plan_of(call))
    return [*found.desks, *found.packed]


def test_calls_of_one_plan_are_right_one_after_the_other():
    for seed in range(5):
        call, wanted = small_call(seed)
        np.testing.assert_array_equal(run.run(call), wanted)
    assert len(spare(call)) == 2


def test_a_call_within_a_call_works_on_memory_of_its_own(monkeypatch):
    """As the handler of a signal may, which arrives between any two steps."""
    (outer, wanted), (inner, wanted_inside) = small_call(0), small_call(1)
    run.run(outer)
    launch, found = run._launch, []

    def interrupted(*arguments):
        monkeypatch.setattr(run, "_launch", launch)
        found.append(run.run(inner))
        launch(*arguments)
        found.append(run.run(inner))
        monkeypatch.setattr(run, "_launch", interrupted)

    monkeypatch.setattr(run, "_launch", interrupted)
    np.testing.assert_array_equal(run.run(outer), wanted)
    assert len(found) == 4
    for y in found:
        np.testing.assert_array_equal(y, wanted_inside)


def test_small_calls_from_several_python_threads_are_right():
    calls = [small_call(seed) for seed in range(4)]
    wrong = []

    def work(call, wanted):
        wrong.extend(0 for _ in range(300) if not np.array_equal(run.run(call), wanted))

    workers = [threading.Thread(target=work, args=of_one) for of_one in calls]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert len(spare(calls[0][0])) <= 2 * len(calls)


def test_a_call_that_is_interrupted_leaves_nothing(monkeypatch):
    call, wanted = small_call(0)

    def stop(*_):
        raise KeyboardInterrupt

    for step in ("convolve", "_launch"):
        conv3dt.clear_cache()
        with monkeypatch.context() as patch:
            patch.setattr(run, step, stop)
            with pytest.raises(KeyboardInterrupt):
                run.run(call)
        assert not spare(call)
    np.testing.assert_array_equal(run.run(call), wanted)


def test_what_calls_leave_is_small_and_goes_with_the_cache():
    call, _ = small_call(0)
    run.run(call)
    assert spare(call)
    conv3dt.clear_cache()
    assert not spare(call)
    x, w = integers((1, 2, 16, 16, 64), "float16"), integers((1, 1, 3, 64, 64), "float16")
    call = as_call("test", x, w, [1, 2, 16, 16, 64], 1, "SAME", "NDHWC", 1)
    run.run(call)
    assert not spare(call)


def test_infinite_weights_do_not_change_the_next_call():
    call, wanted = small_call(0)
    infinite = call.filters.copy()
    infinite[0] = np.inf
    for _ in range(2):
        assert not np.isfinite(run.run(call._replace(filters=infinite))).all()
        np.testing.assert_array_equal(run.run(call), wanted)
