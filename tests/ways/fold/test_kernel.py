"""Folding: its kernels against their definitions."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.storages import OPERANDS, PAIRS
from conv3dt._ways.fold.kernel import finish_address, fold_address
from conv3dt._ways.shared.lane_tile import LaneTile
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


@pytest.mark.parametrize("storage", ["float32", "float64", *{PAIRS} & {*multiplied}])
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("columns", [1, 5, processor.machine().rows[1]])
def test_two_vectors_are_turned_beside_products(columns, vectors, storage):
    t = tile(storage, columns, vectors)
    rng = np.random.default_rng(1)
    width, length = t.lanes * vectors, 12
    a, b = (random_factors(rng, (length, n), storage) for n in (width, columns))
    x = random_factors(rng, (2 * t.lanes, length), storage)
    y = aligned((length, 2 * t.lanes + 3), *cell(storage))
    y[:] = 7
    packed = aligned(y.shape, *cell(storage))
    packed[:, :width] = a
    sums = np.zeros((columns, width), OPERANDS[storage].compute)
    rows = np.array([row.ctypes.data for row in sums], np.int64)
    entry = np.array([0, b.ctypes.data, length, 0], np.int64)
    call(
        fold_address(t, x.strides[0]),
        (
            packed.ctypes.data,
            packed.strides[0],
            entry.ctypes.data,
            rows.ctypes.data,
            0,
            packed.ctypes.data,
            64,
            x.ctypes.data,
            y.ctypes.data,
        ),
    )
    np.testing.assert_array_equal(y[:, : 2 * t.lanes], x.T)
    assert (y[:, 2 * t.lanes :] == 7).all()
    wanted = np.einsum("kmh,kwh->mw", halves(b, storage), halves(a, storage))
    np.testing.assert_array_equal(sums, wanted.astype(sums.dtype))


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize(("phases", "channels"), [(1, 1), (2, 1), (3, 2), (2, 4)])
def test_finished_outputs_are_interleaved_and_their_sums_become_the_bias(phases, channels, storage):
    t = tile(storage, channels, 1, phases, apart=False, activation="relu")
    number = OPERANDS[storage].compute
    for count in (1, t.lanes * t.streams - 1, t.lanes * t.streams, 3 * t.lanes * t.streams + 2):
        length = -(-count // (t.lanes * t.streams)) * t.lanes
        x = random_integers(np.random.default_rng(count), (channels, phases, length + 1), number)
        given, bias = x.copy(), np.arange(1, channels + 1, dtype=number)
        size = OPERANDS[storage].item
        cells = np.dtype(f"u{size}") if size == 2 else np.dtype(storage)
        c = np.full(count + 4, 77, cells)
        call(
            finish_address(t),
            (
                x.ctypes.data,
                x.strides[1],
                x.strides[0],
                c.ctypes.data + 2 * size,
                count,
                bias.ctypes.data,
            ),
        )
        run = np.maximum(given[:, :, :length], 0).transpose(2, 1, 0).ravel()[:count]
        np.testing.assert_array_equal(read(c[2:-2].copy(), storage), stored(run, storage))
        assert (c[[0, 1, -2, -1]] == 77).all()
        assert (x[:, :, :length] == bias[:, None, None]).all()  # what is added next begins there
        assert (x[:, :, length:] == given[:, :, length:]).all()
