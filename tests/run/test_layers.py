"""Whole calls of layers of all kinds: exact, the same bits for any number of threads."""

import threading

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._compiler import processor
from conv3dt._plan import choice
from conv3dt._plan.choice import make_plan
from conv3dt._run import run
from conv3dt._runtime import team
from conv3dt._ways.wide import cost
from tests.helpers import plans
from tests.helpers.layers import LAYERS, expected, integers


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


@pytest.mark.usefixtures("direct")
@pytest.mark.skipif(processor.host().isa != "avx512", reason="other tiles have other best rows")
@pytest.mark.parametrize("layer", ["width", "height and width", "batch"])
def test_the_rows_are_those_the_layer_is_named_for(layer):
    x_shape, w_shape, s = LAYERS[layer]
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    assert conv3dt.explain(x_shape, w_shape, output, s).choice.along == layer


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


@pytest.fixture
def wide(monkeypatch):
    """Whatever is planned has positions in the lanes."""

    def choose(layer, way=None, order=None):
        best = min(cost.candidates(layer), key=lambda candidate: candidate.cycles)
        return best._replace(way="wide"), "it is tested"

    monkeypatch.setattr(choice, "choose", choose)
    plans.forget()
    yield
    plans.forget()


@pytest.mark.usefixtures("wide")
def test_blocks_of_fewer_positions_than_a_vector_has():
    """So many channels that the packed input of a whole vector would exceed the scratch."""
    output = [1, 1, 2, 35, 1]
    x, w = integers((1, 1, 2, 35, 100_000)), integers((3, 3, 3, 1, 100_000), seed=1)
    plan = conv3dt.explain(x, w, output, 1)
    assert plan.scheme.blocking.block[3] % plan.scheme.lanes
    wanted = expected(x, w, output, 1)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, 1), wanted)

    # A block writes its own outputs and no others: they may be another thread's.
    plan = make_plan.__wrapped__(plan.request, 1)
    plan.scheme.__dict__["tasks"] = 1
    y = np.full(output, np.nan, np.float32)
    call = as_call("test", x, w, y.shape, 1, "SAME", "NDHWC", 1, out=y)
    run.convolve(run.pack(plan, w, None), call)
    _, _, h, w = plan.scheme.blocking.block
    np.testing.assert_array_equal(y[:, :, :h, :w], wanted[:, :, :h, :w])
    y[:, :, :h, :w] = np.nan
    assert np.isnan(y).all()
