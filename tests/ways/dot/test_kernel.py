"""The dot way's kernels against their definitions."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import OPERANDS
from conv3dt._ways.dot.cost import most_rows
from conv3dt._ways.dot.kernel import address, text
from conv3dt._ways.dot.records import CHANNELS, COLUMNS, Row
from conv3dt._ways.dot.tile import DotTile, FinishTile
from tests.helpers.assembly import check, loops_over_k
from tests.helpers.guarded import guarded
from tests.helpers.kernels import (
    call,
    halves,
    lanes_of,
    multiplied,
    random_factors,
    random_integers,
    read,
    stored,
)

MOST = most_rows(processor.machine())
STORED = {"float16": np.uint16, "bfloat16": np.uint16, "float32": np.float32, "float64": np.float64}


def tile(storage, rows, columns, rest=0, half=False):
    fused = processor.machine().fused
    return DotTile(storage, lanes_of(storage), fused, rows, columns, rest, half)


def as_filters(w, storage, half):
    """Return factors as filters have them, without the half of the last word that is missing."""
    if OPERANDS[storage].pairs:
        return w.view(np.uint16)[..., : 2 * w.shape[-1] - half].copy()
    if storage == "float16":
        return w.astype(np.float16).view(np.uint16)
    return (w.view(np.uint32) >> 16).astype(np.uint16) if storage == "bfloat16" else w


def table(inputs, sums):
    return np.array([[*pair] for pair in zip(inputs, sums, strict=True)], np.int64)


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("rows", range(1, MOST + 1))
@pytest.mark.parametrize("columns", range(1, CHANNELS + 1))
def test_products_are_added_where_the_rows_say(storage, rows, columns, at_end):
    """Whatever the number of channels; nothing is read beyond them."""
    rng, lanes = np.random.default_rng(0), lanes_of(storage)
    for whole in range(3):
        for rest in {0, 1, lanes // 2, lanes - 1}:
            half = bool(OPERANDS[storage].pairs and rest % 2)
            words = whole * lanes + rest + half
            w = random_factors(rng, (columns, words), storage)
            x = random_factors(rng, (rows, words), storage)
            if half:
                w[:, -1], x[:, -1] = w[:, -1] & 0xFFFF, x[:, -1] & 0xFFFF
            sums = random_integers(rng, (rows, COLUMNS), OPERANDS[storage].compute)
            wanted = sums.astype(np.float64)
            wanted[:, 3 : 3 + columns] += np.einsum(
                "mkh,jkh->mj", halves(x, storage), halves(w, storage)
            )
            lie = guarded(as_filters(w, storage, half), at_end)
            inputs = guarded(x, at_end)
            order = rng.permutation(rows)
            places = [inputs.ctypes.data + m * inputs.strides[0] for m in order]
            targets = [sums.ctypes.data + m * sums.strides[0] for m in order]
            rows_of = table(places, targets)
            arguments = rows_of.ctypes.data, 0, whole, lie.ctypes.data, lie.strides[0]
            ask = lie.ctypes.data
            kernel = address(tile(storage, rows, columns, rest, half))
            call(kernel, (*arguments, 3 * sums.itemsize, ask))
            np.testing.assert_array_equal(sums, wanted)


@pytest.mark.parametrize("storage", multiplied)
def test_no_bit_depends_on_the_tile(storage):
    """Nor on the place in it."""
    rng, lanes = np.random.default_rng(0), lanes_of(storage)
    words, compute = 5 * lanes + 3, OPERANDS[storage].compute
    x, w = (rng.standard_normal((n, words)).astype(compute) for n in (MOST, CHANNELS))
    if OPERANDS[storage].pairs:
        x, w = ((y.view(np.uint32) & 0x3FFF3FFF) | 0x30003000 for y in (x, w))
    lie, found = as_filters(w, storage, False), np.zeros((MOST, CHANNELS, 2), compute)

    def add(rows, columns, n):
        sums = [found[m, columns[0] :, n].ctypes.data for m in rows]
        apart = np.zeros((len(rows), COLUMNS), compute)
        targets = [apart.ctypes.data + m * apart.strides[0] for m in range(len(rows))]
        rows_of = table([x[m].ctypes.data for m in rows], targets)
        at = lie.ctypes.data + columns[0] * lie.strides[0]
        kernel = address(tile(storage, len(rows), len(columns), 3))
        call(kernel, (rows_of.ctypes.data, 0, 5, at, lie.strides[0], 0, at))
        found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, n] = apart[:, : len(columns)]
        assert sums

    add(range(MOST), range(CHANNELS), 0)
    for m in range(MOST):
        for j in range(CHANNELS):
            add([m], [j], 1)
    assert np.isfinite(found).all()
    assert found[..., 0].any()
    np.testing.assert_array_equal(found[..., 0], found[..., 1])


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh"])
@pytest.mark.parametrize("storage", STORED)
@pytest.mark.parametrize("channels", [1, 3, 8, 15, COLUMNS])
def test_sums_become_outputs(storage, activation, spread, channels):
    rng, compute = np.random.default_rng(0), OPERANDS[storage].compute
    fused = processor.machine().fused
    t = FinishTile(storage, lanes_of(storage), fused, channels, COLUMNS, spread, activation)
    sums, bias = (random_integers(rng, shape, compute) for shape in ((5, COLUMNS), COLUMNS))
    shape = (COLUMNS + 3, 5) if spread else (5, COLUMNS + 3)
    c = np.full(shape, 7, STORED[storage])
    places = c.T if spread else c
    order = rng.permutation(5)
    rows_of = table([c.ctypes.data + m * places.strides[0] for m in order], [0] * 5)
    call(
        address(t),
        (sums.ctypes.data, bias.ctypes.data, rows_of.ctypes.data, 5, places.strides[1]),
    )
    function = {"linear": lambda x: x, "relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}
    wanted = function[activation](sums[:, :channels].astype(np.float64) + bias[:channels])
    found = read(places[order, :channels], storage)
    if activation == "tanh":
        np.testing.assert_allclose(found, wanted, rtol=1e-2 if storage == "bfloat16" else 1e-3)
    else:
        np.testing.assert_array_equal(found, stored(wanted, storage))
    assert (places[:, channels:] == 7).all()


def test_rows_are_two_numbers():
    assert Row.NAMES == ("input", "sums")


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", ["float32", "float64", "float16"])
@pytest.mark.parametrize("rows", range(1, MOST + 1))
def test_no_spill_in_the_loop_over_channels(storage, rows):
    check(loops_over_k(text(tile(storage, rows, CHANNELS))), rows * CHANNELS)
