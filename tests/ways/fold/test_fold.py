"""Folding: whole calls however the work is cut."""

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._geometry.integers import legal_lengths
from conv3dt._geometry.tuning import TUNING
from conv3dt._plan import choice
from conv3dt._ways.fold import cost, folding, way
from tests.helpers import oracle, plans

CUTS = {
    "whole": {},
    "rows": {"fold_bytes": 30_000, "fold_tasks": 9, "fold_channels": 2},
    "everything": {"fold_bytes": 9_000, "fold_row_bytes": 3_000, "fold_channels": 1},
}


def fold_all(monkeypatch, name):
    """Fold whatever can be folded, in blocks of a few rows or positions."""
    tuning = TUNING._replace(**CUTS[name])
    for module in (cost, folding):
        monkeypatch.setattr(module, "TUNING", tuning)
    if name != "whole":  # the more tasks the better
        monkeypatch.setattr(cost, "fewest", lambda cuts, *_: max(cuts, key=lambda x: x.tasks))
    really = choice.choose

    def fold(layer, named=None, order=None):
        found = [*cost.candidates(layer)]
        return (found[0]._replace(way="fold"), "it is tested") if found else really(layer, named)

    monkeypatch.setattr(choice, "choose", fold)
    plans.forget()


@pytest.fixture(params=CUTS)
def cut(request, monkeypatch):
    fold_all(monkeypatch, request.param)
    yield request.param
    plans.forget()


def integers(shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(dtype)


# Input, kernel, channels in and out, strides, dilations, padding, rows less than the most legal.
CASES = [
    ((2, 5, 6, 40), (4, 4, 4), 9, 1, (2, 2, 2), (1, 1, 1), "SAME", 0),
    ((1, 7, 9, 33), (3, 3, 3), 17, 2, (2, 2, 2), (1, 1, 1), "SAME", 1),
    ((1, 6, 20, 150), (3, 5, 4), 3, 1, (1, 1, 1), (1, 1, 1), "SAME", 0),
    ((1, 4, 5, 31), (1, 2, 1), 4, 2, (3, 3, 3), (1, 1, 1), "SAME", 1),  # gaps between taps
    ((1, 4, 5, 17), (3, 3, 3), 4, 1, (2, 3, 2), (2, 3, 5), "VALID", 0),
    ((3, 1, 1, 1), (2, 3, 4), 5, 2, (2, 1, 3), (1, 2, 1), "VALID", 0),
    ((1, 3, 4, 16), (5, 5, 5), 1, 1, (4, 4, 4), (1, 1, 1), "SAME", 3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_calls_are_exact_on_integers(case, data_format, cut):
    (n, *i), k, ci, co, s, d, padding, less = case
    co = co if data_format == "NDHWC" else 2 * co + 3
    x, w, b = integers((n, *i, ci)), integers((*k, co, ci), seed=1), integers(co, seed=2)
    lengths = [legal_lengths(*axis, padding) for axis in zip(i, k, s, d, strict=True)]
    o = [max(x[0], x[-1] - less) for x in lengths]
    wanted = oracle.conv3d_transpose(x, w, [n, *o, co], s, padding, d, "NDHWC") + b
    shape = [n, *o, co]
    if data_format == "NCDHW":
        x, shape = np.ascontiguousarray(np.moveaxis(x, 4, 1)), [n, co, *o]
        wanted = np.moveaxis(wanted, 4, 1)
    arguments = x, w, shape, s, padding, data_format, d
    plan = conv3dt.explain(*arguments)
    assert plan.choice.way == "fold" or cut == "everything"
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(*arguments, bias=b), wanted)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_dtypes(dtype, cut):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x, w = integers((1, 4, 5, 37, 6), dtype), integers((3, 3, 3, 2, 6), dtype, 1)
    y = conv3dt.conv3d_transpose(x, w, (1, 8, 10, 74, 2), 2)
    wanted = oracle.conv3d_transpose(
        x.astype(float), w.astype(float), (1, 8, 10, 74, 2), (2,) * 3, "SAME", (1,) * 3, "NDHWC"
    )
    np.testing.assert_array_equal(y.astype(float), wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("step", ["neighbours", "position", "channel"])
def test_pieces_are_turned_from_wherever_channels_lie(step, dtype, cut):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x, w = integers((1, 4, 5, 70, 8), dtype), integers((3, 3, 3, 1, 8), dtype, 1)
    arguments = w.astype(float), (1, 8, 10, 140, 1), (2,) * 3, "SAME", (1,) * 3, "NDHWC"
    wanted = oracle.conv3d_transpose(x.astype(float), *arguments)
    if step == "position":  # some channels of more
        x = np.concatenate([x, x], axis=4)[..., :8]
    elif step == "channel":  # positions lie as far apart as neighbours' would, channels do not
        rows = np.zeros((8, 4, 5, 70, 8), dtype)
        rows[..., 0] = np.moveaxis(x[0], 3, 0)
        x = np.moveaxis(rows[None, ..., 0], 1, 4)
    y = conv3dt.conv3d_transpose(x, w, (1, 8, 10, 140, 1), 2)
    np.testing.assert_array_equal(y.astype(float), wanted)


def test_a_nan_reaches_its_own_outputs_only(cut):
    x, w = integers((1, 4, 5, 37, 6)), integers((3, 3, 3, 1, 6), seed=1)
    x[0, 2, 3, 36, 4] = np.nan
    x[0, 0, 0, 0, 0] = np.inf
    arguments = w, (1, 8, 10, 74, 1), (2,) * 3, "SAME", (1,) * 3, "NDHWC"
    with np.errstate(invalid="ignore"):
        wanted = oracle.conv3d_transpose(x, *arguments)
    y = conv3dt.conv3d_transpose(x, w, (1, 8, 10, 74, 1), 2)
    np.testing.assert_array_equal(y, wanted)


def test_the_bits_do_not_depend_on_the_cut(cut):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 9, 12, 70, 20)).astype(np.float32)
    w = rng.standard_normal((4, 4, 4, 1, 20)).astype(np.float32)
    y = conv3dt.conv3d_transpose(x, w, (2, 18, 24, 140, 1), 2, threads=1)
    again = conv3dt.conv3d_transpose(x, w, (2, 18, 24, 140, 1), 2)
    np.testing.assert_array_equal(y.view(np.uint32), again.view(np.uint32))


@pytest.mark.parametrize(("width", "channels"), [(70, 20), (41, 7), (64, 8)])
@pytest.mark.parametrize("data_format", ["NDHWC", "NCDHW"])
def test_the_bits_do_not_depend_on_where_pieces_begin(width, channels, data_format, monkeypatch):
    rng, found, really = np.random.default_rng(0), [], cost.choose_folding
    x = rng.standard_normal((1, 5, 6, width, channels)).astype(np.float32)
    w = rng.standard_normal((3, 3, 5, 2, channels)).astype(np.float32)
    shape = [1, 10, 12, 2 * width, 2]
    if data_format == "NCDHW":
        x, shape = np.ascontiguousarray(np.moveaxis(x, 4, 1)), [1, 2, 10, 12, 2 * width]
    # A thread may begin with the last block, of fewer planes than are in work in others.
    for block in (
        (10, 12, 2 * width),
        (4, 6, 26),
        (10, 2, 70),
        (2, 12, 74),
        *[(8, 12, 2 * width)] * 9,
    ):
        with monkeypatch.context() as patch:
            fold_all(patch, "whole")
            for module in (cost, way):
                patch.setattr(
                    module, "choose_folding", lambda *args, b=block: really(*args)._replace(block=b)
                )
            y = conv3dt.conv3d_transpose(x, w, shape, 2, bias=[3, -2], data_format=data_format)
            found.append(y.view(np.uint32))
            plans.forget()
    for y in found[1:]:
        np.testing.assert_array_equal(y, found[0])


@pytest.mark.parametrize("rows", [slice(0, 3), slice(2, 9), slice(13, 16)])
def test_parts_whose_first_planes_nothing_reaches(rows, cut):
    x, w = integers((1, 4, 3, 20, 8)), integers((2, 2, 2, 1, 8), seed=1)
    options = w, (1, 16, 9, 60, 1), (4, 3, 3)
    y = conv3dt.conv3d_transpose(x, *options, bias=[5])
    region = (slice(None), rows, slice(1, 9), slice(7, 59), slice(None))
    place = conv3dt.needed(region, x, *options)
    part = conv3dt.conv3d_transpose(x[place], *options, bias=[5], region=region, whole=x)
    np.testing.assert_array_equal(part, y[region])


def test_work_is_cut_only_where_the_last_thread_is_done_earlier():
    """A cut multiplies the inputs beside it twice; one image too many leaves a thread idle."""

    def tasks(n, threads):
        shapes = (n, 32, 32, 32, 64), (4, 4, 4, 1, 64), (n, 64, 64, 64, 1)
        request = conv3dt.explain(*shapes, 2).request
        return cost.choose_folding(request, processor.machine(), threads).tasks

    assert [tasks(n, 1) for n in (1, 3)] == [1, 3]
    assert tasks(1, 2) == 2
    assert tasks(4, 2) == 4
    assert tasks(3, 2) > 3


def test_layers_that_cannot_be_folded():
    request = conv3dt.explain((1, 4, 4, 4, 8), (3, 3, 3, 9, 8), (1, 8, 8, 8, 9), 2).request
    machine = processor.machine()
    assert cost.choose_folding(request, machine, 1) is None  # 18 streams would be interleaved
    assert cost.choose_folding(request._replace(co=4), machine, 1) is not None
    assert cost.choose_folding(request._replace(k=(0, 3, 3), co=4), machine, 1) is None
    assert cost.choose_folding(request._replace(ci=0, co=4), machine, 1) is None
    huge = request._replace(ci=1 << 20, co=4)
    assert cost.choose_folding(huge, machine, 1) is None
