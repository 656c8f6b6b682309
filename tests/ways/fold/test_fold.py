"""Folding: its kernels against their definitions, and whole calls however the work is cut."""

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._geometry.integers import legal_lengths
from conv3dt._geometry.storages import OPERANDS, PAIRS
from conv3dt._geometry.tuning import TUNING
from conv3dt._plan import choice
from conv3dt._ways.fold import cost, folding
from conv3dt._ways.fold.kernel import finish_address, fold_address
from conv3dt._ways.shared.lane_tile import LaneTile
from tests.helpers import oracle
from tests.helpers.kernels import (
    aligned,
    call,
    cell,
    halves,
    lanes_of,
    multiplied,
    random_factors,
    random_integers,
    read,
    stored,
)


def tile(storage="float32", channels=1, vectors=1, phases=1, apart=True, activation="linear"):
    machine = processor.machine()
    lanes = lanes_of(storage)
    return LaneTile(
        storage, lanes, machine.fused, 1, 0, channels, vectors, phases, apart, activation
    )


# ---- the kernels ---------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["float32", "float64", *{PAIRS} & {*multiplied}])
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("columns", [1, 2, 5, processor.machine().rows[1]])
def test_products_are_added_where_the_rows_say(columns, vectors, storage):
    t = tile(storage, columns, vectors)
    rng = np.random.default_rng(0)
    width, length = t.lanes * vectors, 7
    a = aligned((length, width + 3), *cell(storage))
    a[:, :width] = random_factors(rng, (length, width), storage)
    b = random_factors(rng, (length, columns), storage)
    sums = np.full((columns, width + 9), 5, OPERANDS[storage].compute)
    wanted = sums.copy()
    order = rng.permutation(columns)
    shifts = rng.integers(0, 4, columns)  # unaligned, as taps are
    x = halves(a[:, :width], storage)
    for m in range(columns):
        y = np.einsum("kh,kwh->w", halves(b[:, m], storage), x)
        wanted[order[m], shifts[m] + 5 :][:width] += y.astype(wanted.dtype)
    rows = [sums[order[m]].ctypes.data + int(shifts[m]) * a.itemsize for m in range(columns)]
    rows = np.array(rows, np.int64)
    entry = np.array([0, b.ctypes.data, length, 0], np.int64)
    call(
        fold_address(t),
        (
            a.ctypes.data,
            a.strides[0],
            entry.ctypes.data,
            rows.ctypes.data,
            5 * a.itemsize,
            a.ctypes.data,
            64,
        ),
    )
    np.testing.assert_array_equal(sums, wanted)


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize(("phases", "channels"), [(1, 1), (2, 1), (3, 2), (2, 4)])
def test_finished_outputs_are_interleaved(phases, channels, storage):
    t = tile(storage, channels, 1, phases, apart=False, activation="relu")
    number = OPERANDS[storage].compute
    for count in (1, t.lanes * t.streams - 1, t.lanes * t.streams, 3 * t.lanes * t.streams + 2):
        length = -(-count // (t.lanes * t.streams)) * t.lanes
        x = random_integers(np.random.default_rng(count), (channels, phases, length + 1), number)
        size = OPERANDS[storage].item
        cells = np.dtype(f"u{size}") if size == 2 else np.dtype(storage)
        c = np.full(count + 4, 77, cells)
        call(
            finish_address(t),
            (x.ctypes.data, x.strides[1], x.strides[0], c.ctypes.data + 2 * size, count),
        )
        run = np.maximum(x[:, :, :length], 0).transpose(2, 1, 0).ravel()[:count]
        np.testing.assert_array_equal(read(c[2:-2].copy(), storage), stored(run, storage))
        assert (c[[0, 1, -2, -1]] == 77).all()


# ---- whole calls ---------------------------------------------------------------------------------


@pytest.fixture(params=["whole", "rows", "everything"])
def cut(request, monkeypatch):
    """Fold whatever can be folded, in blocks of a few rows or positions."""
    small = {
        "whole": {},
        "rows": {"fold_bytes": 30_000, "fold_tasks": 9, "fold_channels": 2},
        "everything": {"fold_bytes": 9_000, "fold_row_bytes": 3_000, "fold_channels": 1},
    }
    tuning = TUNING._replace(**small[request.param])
    for module in (cost, folding):
        monkeypatch.setattr(module, "TUNING", tuning)
    if request.param != "whole":  # the more tasks the better
        monkeypatch.setattr(cost, "fewest", lambda cuts, *_: max(cuts, key=lambda x: x.tasks))
    really = choice.choose

    def fold(layer, way=None, order=None):
        found = [*cost.candidates(layer)]
        return (found[0]._replace(way="fold"), "it is tested") if found else really(layer, way)

    monkeypatch.setattr(choice, "choose", fold)
    choice.clear()
    yield request.param
    choice.clear()


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
