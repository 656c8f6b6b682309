"""Every wide tile against its definition, with guard cells around the output."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.storages import OPERANDS
from conv3dt._ways.shared.lane_tile import LaneTile
from conv3dt._ways.shared.records import Entry, Table
from conv3dt._ways.wide.kernel import address
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


def make(storage="float32", outer=1, channels=1, vectors=2, phases=2, apart=False,
         activation="linear"):  # fmt: skip
    machine = processor.machine()
    lanes = lanes_of(storage)
    row = (vectors + 1) * lanes + 3
    return LaneTile(
        storage, lanes, machine.fused, outer, row, channels, vectors, phases, apart, activation
    )


def check(tile, taps, length, missing=0, seed=0, on_lines=False):
    """Run one tile on small integers and compare every cell; `missing` numbers are not wanted.

    `on_lines`: rows of the output start at cache lines.
    """
    rng = np.random.default_rng(seed)
    number, (factor, nan) = OPERANDS[tile.storage].compute, cell(tile.storage)
    width = tile.vectors * tile.lanes
    planes = aligned((length, tile.outer, tile.outer_step), factor, nan)
    planes[...] = random_factors(rng, planes.shape, tile.storage)
    panels = aligned((tile.phases, taps, length, tile.channels), factor, nan)
    panels[...] = random_factors(rng, panels.shape, tile.storage)
    bias = random_integers(rng, tile.channels, number)
    tables = np.zeros((tile.phases, (Table.SIZE + Entry.SIZE * taps) // 8), np.int64)
    sums = np.zeros((tile.phases, tile.outer, tile.channels, width)) + bias[:, None]
    shift = rng.integers(0, 4, (tile.phases, taps))  # unaligned, as the taps are
    for r in range(tile.phases):
        table = Table(tables[r].ctypes.data)
        table.entries = taps
        table.following = tables.ctypes.data + (r + 1) * tables.strides[0]
        for e in range(taps):
            entry = Entry(table.address + Table.SIZE + e * Entry.SIZE)
            to_a, panel = shift[r, e] * planes.itemsize, panels[r, e].ctypes.data
            entry.fill(input=to_a, panel=panel, length=length, rows=0)
            x = halves(planes[:, :, shift[r, e] : shift[r, e] + width], tile.storage)
            sums[r] += np.einsum("kywh,kmh->ymw", x, halves(panels[r, e], tile.storage))
    if tile.activation == "relu":
        sums = np.maximum(sums, 0)
    wanted = stored(sums, tile.storage)

    size = OPERANDS[tile.storage].item
    cells = np.dtype(f"u{size}") if size == 2 else np.dtype(tile.storage)
    run = width * tile.streams
    rows = tile.outer * (tile.channels if tile.apart else 1)
    guard = 77 if size == 2 else 77.0
    left, right = (64 // size, -run % (64 // size)) if on_lines else (2, 3)
    c = aligned((rows + 2, left + run + right), cells, guard)
    step = c.strides[0]
    c_outer, c_channel = (step * tile.channels, step) if tile.apart else (step, 0)
    call(
        address(tile),
        (planes.ctypes.data, tables.ctypes.data, planes.strides[0], bias.ctypes.data,
         c.ctypes.data + step + left * size, c_outer, c_channel, run - missing, 0),
    )  # fmt: skip

    order = (1, 2, 3, 0) if tile.apart else (1, 3, 0, 2)
    wanted = wanted.transpose(order).reshape(rows, run)[:, : run - missing]
    got = c[1 : 1 + rows, left : left + run - missing]
    np.testing.assert_array_equal(read(got.copy(), tile.storage), wanted)
    got[...] = guard
    assert (c == guard).all(), "wrote beyond the tile"


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("phases", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_phases_and_channels(channels, phases, apart):
    check(make(channels=channels, phases=phases, apart=apart), taps=2, length=3)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("channels", "phases"), [(8, 2), (5, 3), (16, 1), (4, 4), (7, 2)])
def test_many_streams(channels, phases, apart):
    tile = make(channels=channels, vectors=1, phases=phases, apart=apart)
    for missing in (0, 1, tile.lanes, tile.lanes * tile.streams - 1):
        check(tile, taps=1, length=2, missing=missing)


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("apart", [False, True])
def test_storages(storage, apart):
    check(make(storage, channels=2, apart=apart), taps=2, length=2)
    check(make(storage, channels=2, apart=apart, activation="relu"), taps=2, length=2, missing=7)


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("on_lines", [False, True])
def test_streaming(on_lines, apart, storage):
    tile = make(storage, outer=2, channels=4, apart=apart)._replace(streamed=True)
    for missing in (0, 1, tile.lanes):
        check(tile, taps=2, length=2, missing=missing, on_lines=on_lines)


@pytest.mark.parametrize("missing", [1, 2, 7, 15, 16, 17, 31])
def test_parts_of_a_row(missing):
    tile = make(phases=3)
    check(tile, taps=1, length=2, missing=min(missing, tile.lanes * 2 * 3 - 1))


@pytest.mark.parametrize("outer", [1, 2, 3, 4])
@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_rows_and_vectors(outer, vectors):
    check(make(outer=outer, vectors=vectors, phases=2), taps=3, length=5)


@pytest.mark.parametrize("taps", [0, 1, 5])
def test_taps(taps):
    check(make(), taps, length=1)


def test_the_check_fails_for_a_wrong_tile():
    with pytest.raises(AssertionError):
        check(make()._replace(activation="leaky_relu"), taps=2, length=3)
