"""Who packs the filters: each task those it uses, or all tasks before the work."""

import ml_dtypes
import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._plan.choice import make_plan
from conv3dt._run.filters import Filters
from conv3dt._run.run import pack, run
from conv3dt._runtime import team
from conv3dt._ways.shared import blocked
from tests.helpers import oracle, plans
from tests.helpers.cases import DTYPES
from tests.helpers.layers import LAYERS, expected, integers


@pytest.fixture
def fresh(monkeypatch):
    """Tasks pack the filters they use, however few, wherever a panel has one user."""
    monkeypatch.setattr(blocked, "TUNING", blocked.TUNING._replace(serial_panels=-1))
    plans.forget()
    yield
    plans.forget()


@pytest.mark.usefixtures("fresh", "direct")
@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_filters_that_are_packed_by_the_task_that_uses_them(layer, dtype):
    x_shape, w_shape, s = LAYERS[layer]
    x, w = integers(x_shape, dtype), integers(w_shape, dtype, 1)
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    plan = conv3dt.explain(x, w, output, s, threads=1)
    assert plan.choice.way == "fold" or (plan.scheme.fresh and not plan.panels)
    more = {"bias": integers(w_shape[3], dtype, 2), "threads": 1}
    wanted = expected(x, w, output, s) + more["bias"]
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, s, **more), wanted)
    w[0, 0, 0, -1] = np.inf  # is met by zeros around the input, unless somebody looks
    prepared = conv3dt.prepare(w, s, **more)(x, output)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(x, w, output, s, **more), prepared)


@pytest.mark.usefixtures("fresh", "direct")
@pytest.mark.parametrize("ci", [15, 31, 33, 35, 63, 65, 129, 34])
@pytest.mark.parametrize("co", [5, 17, 33, 52])
def test_an_odd_number_of_channels_of_bfloat16(ci, co):
    """Words of two channels begin between words of memory, and the last has one channel."""
    dtype = ml_dtypes.bfloat16
    x, w = integers((1, 2, 3, 5, ci), dtype), integers((2, 1, 2, co, ci), dtype, 1)
    shape = 1, 4, 6, 10, co
    for last in w[0, 0, 0, -1, -1], np.inf:
        w[0, 0, 0, -1, -1] = last
        wanted = expected(x, w, shape, 2).astype(dtype)
        call = as_call("conv3d_transpose", x, w, shape, 2, "SAME", "NDHWC", None, threads=1)
        for packed in Filters(w, None).packed, None:
            found = run(call, packed, "channels: width")
            np.testing.assert_array_equal(found.astype("f4"), wanted.astype("f4"))


@pytest.mark.usefixtures("fresh")
def test_forward_filters_that_are_packed_by_the_task_that_uses_them():
    x, w = integers((1, 4, 5, 19, 7)), integers((3, 2, 3, 7, 33), seed=1)
    assert conv3dt.explain_conv3d(x, w, 2, "SAME", threads=1).scheme.fresh
    wanted = oracle.conv3d(x, w, (1, 2, 3, 10, 33), (2, 2, 2), "SAME")
    np.testing.assert_array_equal(conv3dt.conv3d(x, w, 2, "SAME", threads=1), wanted)


def test_only_panels_of_one_user_are_packed_by_tasks():
    few, many = (64, 1, 1, 1, 200), (1, 32, 32, 32, 200)
    w = (4, 4, 4, 512, 200)
    assert conv3dt.explain(few, w, (64, 4, 4, 4, 512), 1, "VALID").scheme.fresh
    assert not conv3dt.explain(many, w, (1, 35, 35, 35, 512), 1, "VALID").scheme.fresh
    small = (1, 4, 4, 4, 8), (3, 3, 3, 8, 8), (1, 8, 8, 8, 8)
    assert conv3dt.explain(*small, 2, threads=1).scheme.fresh  # the only task's


def test_few_positions_are_one_block_for_every_task_of_many_channels():
    shapes = (2, 4, 4, 4, 320), (2, 2, 2, 320, 320), (2, 8, 8, 8, 320)
    plan = conv3dt.explain(*shapes, 2, threads=1)
    assert plan.scheme.direct
    assert plan.scheme.fresh
    assert plan.scheme.n_blocks == (1, 1, 1, 1)
    assert plan.tasks == plan.scheme.blocking.groups > 4
    x, w = integers(shapes[0]), integers(shapes[1], seed=1)
    wanted = expected(x, w, shapes[2], 2)
    for threads in {1, team.available()}:
        y = conv3dt.conv3d_transpose(x, w, shapes[2], 2, threads=threads)
        np.testing.assert_array_equal(y, wanted)


@pytest.mark.skipif(team.available() < 2, reason="one thread cuts nothing")
def test_what_threads_would_cut_stays_whole_where_a_panel_has_one_user_then():
    shapes = (8, 4, 4, 4, 256), (4, 4, 4, 128, 256), (8, 8, 8, 8, 128)
    plan = conv3dt.explain(*shapes, 2, threads=2, algorithm="direct")
    assert plan.scheme.fresh
    assert plan.tasks == plan.scheme.blocking.groups > 2
    x, w = integers(shapes[0]), integers(shapes[1], seed=1)
    found, whole = (
        conv3dt.conv3d_transpose(x, w, shapes[2], 2, threads=n, algorithm="direct") for n in (2, 1)
    )
    np.testing.assert_array_equal(found, whole)
    np.testing.assert_array_equal(found, expected(x, w, shapes[2], 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_taps_that_never_read_inside_are_not_packed(dtype):
    """Nor does a weight there matter that is not finite."""
    x, w = integers((1, 1, 2, 1, 20), dtype), integers((3, 3, 3, 40, 20), dtype, 1)
    wanted = expected(x, w, (1, 2, 4, 2, 40), 2)
    w[2], w[:, :, 2] = np.nan, np.inf
    y = conv3dt.conv3d_transpose(x, w, (1, 2, 4, 2, 40), 2, threads=1)
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_filter_that_is_not_finite_is_found_as_it_is_packed(dtype, bad):
    """Wherever it lies in a vector; the largest finite number is none."""
    plan = make_plan(explained(dtype), 1, way="channels: width")
    largest = ml_dtypes.finfo(dtype).max
    w = np.full((2, 1, 1, 20, 18), -largest, dtype)
    assert pack(plan, w, None).plan is plan
    for place in np.ndindex(2, 1, 1, 3, 18):
        w[place] = bad
        assert pack(plan, w, None).plan.layer.no_zeros
        w[place] = largest


def explained(dtype):
    """The request of a small layer."""
    shapes = (1, 2, 2, 40, 18), (2, 1, 1, 20, 18), (1, 2, 2, 40, 20)
    return conv3dt.explain(*shapes, 1, dtype=dtype).request
