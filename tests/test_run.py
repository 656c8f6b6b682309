"""Whole calls, quick enough to be repeated on every instruction set and number of threads."""

import threading

import numpy as np
import oracle
import pytest

import conv3dt
from conv3dt import _cpu, _memory, _plan, _run, _threads, _tiling
from conv3dt._arguments import as_call
from conv3dt._plan import make_plan


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


@pytest.mark.skipif(_cpu.host().isa != "avx512", reason="other tiles have other best rows")
@pytest.mark.parametrize("layer", ["width", "height and width", "batch"])
def test_the_rows_are_those_the_layer_is_named_for(layer):
    x_shape, w_shape, s = LAYERS[layer]
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    assert conv3dt.explain(x_shape, w_shape, output, s).tiling.along == layer


def test_blocks_of_fewer_positions_than_a_vector_has(monkeypatch):
    """So many channels that the packed input of a whole vector would exceed the scratch."""

    def wide(layer, exact, folding=None, way=None):
        return min(_tiling._wide_tilings(layer), key=lambda tiling: tiling.cycles)

    monkeypatch.setattr(_plan, "choose_tiling", wide)
    x, w = integers((1, 1, 2, 40, 60_000)), integers((3, 3, 3, 1, 60_000), seed=1)
    plan = conv3dt.explain(x, w, [1, 1, 2, 40, 1], 1)
    assert plan.blocking.block[3] % plan.lanes
    wanted = expected(x, w, [1, 1, 2, 40, 1], 1)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, [1, 1, 2, 40, 1], 1), wanted)

    # A block writes its own outputs and no others: they may be another thread's.
    plan = make_plan.__wrapped__(plan.request, 1)
    plan.__dict__["tasks"] = 1
    y = np.full((1, 1, 2, 40, 1), np.nan, np.float32)
    call = as_call("test", x, w, y.shape, 1, "SAME", "NDHWC", 1, out=y)
    _run.convolve(_run.pack(plan, w, None), call)
    own = plan.blocking.block[3]
    np.testing.assert_array_equal(y[:, :, :, :own], wanted[:, :, :, :own])
    assert np.isnan(y[:, :, :, own:]).all()


def test_infinite_weights_meet_no_zeros_beyond_the_input():
    x, w = integers((1, 2, 3, 9, 3)), integers((3, 3, 3, 5, 3), seed=1)
    w[0, 0, 0, 1, 2] = np.inf
    w[2, 1, 2, 0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        wanted = expected(x, w, [1, 4, 6, 18, 5], 2)
    y = conv3dt.conv3d_transpose(x, w, [1, 4, 6, 18, 5], 2)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(wanted))
    np.testing.assert_array_equal(y[~np.isnan(y)], wanted[~np.isnan(wanted)])


@pytest.mark.skipif(_threads.available() < 2, reason="there is one thread")
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
    monkeypatch.setattr(_memory, "available", lambda: 1 << 20)
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
        if threads <= _threads.available():
            plan = conv3dt.explain(x_shape, w_shape, output, s, threads=threads)
            assert plan.scratch < 32 << 20
