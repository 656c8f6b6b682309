"""Filters in lines of output channels: whole calls of forward layers, and their kernels."""

import random
from itertools import product

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import OPERANDS
from conv3dt._geometry.tuning import TUNING
from conv3dt._ways.dot.kernel import address, text
from conv3dt._ways.dot.tile import LineTile
from conv3dt._ways.shared.layer import layer_of
from tests.helpers import cases, oracle, regions
from tests.helpers.assembly import check, loops_over_k
from tests.helpers.guarded import guarded
from tests.helpers.kernels import (
    call,
    cell,
    halves,
    lanes_of,
    multiplied,
    random_factors,
    random_integers,
)
from tests.ways.dot.test_dot import CHANNELS, integers
from tests.ways.dot.test_kernel import as_filters, table

MACHINE = processor.machine()
CO = (16, 17, 20, 24, 31, 32, 33, 40, 48, 50, 63, 64, 72, 100)


def draw(seed):
    """A random layer of 16 output channels and more, the shape of its result, a type."""
    pick = random.Random(seed).choice
    d, padding, data_format = pick((1, 1, 2)), pick(("SAME", "VALID")), pick(cases.FORMATS)
    k, s = [pick((1, 2, 3, 4)) for _ in range(3)], [pick((1, 1, 2, 3)) for _ in range(3)]
    i = [pick((1, 2, 3, 5, 7)) + (d * (x - 1) if padding == "VALID" else 0) for x in k]
    o = [oracle.forward_length(*axis, d, padding) for axis in zip(i, k, s, strict=True)]
    n, ci, co = pick((1, 2, 3)), pick((*CHANNELS, 130, 257)), pick(CO)
    x, y = (cases.tensor_shape(n, *how, data_format) for how in ((i, ci), (o, co)))
    return x, (*k, ci, co), (s, padding, data_format, d), y, pick(cases.DTYPES)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(80))
def test_small_integers_are_exact(seed):
    x_shape, w_shape, how, y_shape, dtype = draw(seed)
    x, w, bias = integers(seed, x_shape, w_shape, w_shape[4:], dtype=dtype)
    plan = conv3dt.explain_conv3d(x_shape, w_shape, *how, dtype=dtype)
    layer = layer_of(plan.request)
    assert plan.choice.name == "dot: lines" or layer.lanes > layer.request.ci
    s, padding, data_format, d = how
    exact = oracle.conv3d(x, w, y_shape, s, padding, [d] * 3, data_format, bias)
    exact = np.maximum(exact, 0).astype(dtype)
    for filters in (w, np.asfortranarray(w)):
        found = conv3dt.conv3d(x, filters, *how, bias=bias, activation="relu")
        np.testing.assert_array_equal(found, exact)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(12))
def test_no_bit_depends_on_threads_or_layout(seed):
    x_shape, w_shape, how, *_ = draw(seed)
    rng = np.random.default_rng(seed)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in (x_shape, w_shape))
    whole = conv3dt.conv3d(x, w, *how, threads=1)
    for found in (
        conv3dt.conv3d(x, w, *how),
        conv3dt.conv3d(np.asfortranarray(x), np.asfortranarray(w), *how),
    ):
        np.testing.assert_array_equal(found, whole)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_parts_have_the_bits_of_the_whole(seed, hostile):
    pick = random.Random(seed).choice
    numbers = regions.with_hostile_numbers if hostile else cases.normals
    for _ in range(3):
        case = regions.draw_case(pick)._replace(ci=pick(CHANNELS), co=pick(CHANNELS), forward=True)
        regions.assert_parts_are_the_whole(case, pick, numbers)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_its_taps_and_channels_only(bad):
    x, w = (np.abs(a) + 1 for a in integers(1, (2, 3, 3, 3, 37), (3, 3, 3, 37, 41)))
    clean = conv3dt.conv3d(x, w, 1, "SAME")
    w[0, 1, 2, 36, 20] = bad
    found = np.isfinite(conv3dt.conv3d(x, w, 1, "SAME"))
    reached = np.zeros(clean.shape, bool)
    reached[:, 1:, :, :2, 20] = True
    np.testing.assert_array_equal(found, ~reached)


LAYERS = [
    ((64, 4, 4, 4, 512), (4, 4, 4, 512, 200), 1, "VALID"),
    ((1, 4, 4, 4, 512), (3, 3, 3, 512, 512), 2, "SAME"),
]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("data_format", cases.FORMATS)
@pytest.mark.parametrize(("x", "w", "s", "padding"), LAYERS, ids=str)
def test_few_positions_and_many_filters_take_it(x, w, s, padding, data_format, dtype):
    x = x if data_format == "NDHWC" else (x[0], x[4], *x[1:4])
    plan = conv3dt.explain_conv3d(x, w, s, padding, data_format, dtype=dtype)
    assert plan.choice.name == "dot: lines"
    assert not plan.panels
    assert "filters read where they lie" in str(plan)


@pytest.mark.parametrize("ci", [240, 241])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_outputs_that_lie_apart_are_few_beside_filters(dtype, ci):
    """25 cycles store a vector, not a number: counted so, others were taken, twice as slow."""
    x, w = (16, ci, 1, 1, 1), (4, 4, 4, ci, 384)
    plan = conv3dt.explain_conv3d(x, w, 1, "SAME", "NCDHW", dtype=dtype)
    assert plan.choice.name == "dot: lines"


def test_many_positions_and_few_filters_do_not():
    plan = conv3dt.explain_conv3d((1, 8, 8, 8, 64), (3, 3, 3, 64, 64), 1, "SAME")
    assert plan.choice.way != "dot"


@pytest.mark.usefixtures("everywhere")
def test_inputs_that_are_gathered_stay_in_the_cache():
    i = TUNING.line_positions
    taken = [
        conv3dt.explain_conv3d((n, 1, 1, i // 4, 64), (1, 1, 1, 64, 32), 1, "SAME") for n in (4, 5)
    ]
    assert [plan.choice.way == "dot" for plan in taken] == [True, False]


def tile(storage, rows, vectors, lanes=0, last=0, step=9, half=False):
    lanes = lanes or lanes_of(storage)
    return LineTile(storage, lanes, MACHINE.fused, rows, vectors, last or lanes, step, 2, half)


def run(t, order, inputs, filters, sums, count):
    """Call a kernel whose rows are added to sums in an order, from channel 3 on."""
    item = sums.itemsize
    rows = table(
        [inputs.ctypes.data] * t.rows, [sums.ctypes.data + m * sums.strides[0] for m in order]
    )
    at, lie = filters.ctypes.data, filters.strides[0] * (2 if OPERANDS[t.storage].pairs else 1)
    arguments = rows.ctypes.data, inputs.ctypes.data, count - t.half, at, lie, 3 * item, at, 0
    call(address(t), arguments)


def as_lines(w, storage, half):
    """Return factors as filters have them: of pairs a line of each half, the last maybe missing."""
    if not OPERANDS[storage].pairs:
        return as_filters(w, storage, False)
    both = np.stack([w & 0xFFFF, w >> 16], axis=1).reshape(2 * len(w), -1)
    return both.astype(np.uint16)[: len(both) - half].copy()


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("vectors", [1, 2])
def test_products_are_added_where_the_rows_say(storage, vectors, at_end):
    """Whatever the number of channels; nothing is read beyond them, nothing else is written."""
    rng, compute = np.random.default_rng(0), OPERANDS[storage].compute
    dtype, nan = cell(storage)
    for lanes, half in product(
        {lanes_of(storage), lanes_of(storage) // 2}, {False, OPERANDS[storage].pairs}
    ):
        for rows in range(1, MACHINE.rows[vectors - 1] + 1):
            count, last = (int(rng.integers(1, most)) for most in (10, lanes + 1))
            columns = (vectors - 1) * lanes + last
            x = np.full((rows, 9), nan, dtype)
            x[:, :count] = random_factors(rng, (rows, count), storage)
            w = random_factors(rng, (count, columns), storage)
            if half:
                x[:, count - 1] &= 0xFFFF
                w[-1] &= 0xFFFF
            sums = random_integers(rng, (rows, 3 + (vectors + 1) * lanes), compute)
            wanted, order = sums.astype(np.float64), rng.permutation(rows)
            wanted[order, 3 : 3 + columns] += np.einsum(
                "mkh,kjh->mj", halves(x[:, :count], storage), halves(w, storage)
            )
            lie = guarded(as_lines(w, storage, half), at_end)
            t = tile(storage, rows, vectors, lanes, last, half=half)
            run(t, order, guarded(x, at_end), lie, sums, count)
            np.testing.assert_array_equal(sums, wanted)


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
@pytest.mark.skipif(not MACHINE.fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", [x for x in multiplied if x != "bfloat16"])
@pytest.mark.parametrize("vectors", [1, 2])
def test_no_spill_in_the_loop_over_channels(storage, vectors):
    rows = MACHINE.rows[vectors - 1]
    check(loops_over_k(text(tile(storage, rows, vectors, step=128))), rows * vectors)
