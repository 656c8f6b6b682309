"""Every tile of long rows against its definition, with guard cells around the output."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.storages import OPERANDS
from conv3dt._ways.shared.records import Entry, Table
from conv3dt._ways.wide.kernel import address
from conv3dt._ways.wide.row_tile import RowTile
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

VECTORS = 5


def make(storage="float32", channels=2, inputs=3, rest=2, once=False, **options):
    how = {"activation": "linear", "ahead": True} | options
    machine = processor.machine()
    return RowTile(
        storage, lanes_of(storage), machine.fused, channels, VECTORS, inputs, rest, once, **how
    )


def inputs_of(tile, rng, length, count):
    """Return inputs as the tile reads them, and as (k, position, number of a word) in float64.

    Behind each row is NaN.
    """
    if not tile.as_they_lie:
        factor, nan = cell(tile.storage)
        x = aligned((length, count + 3), factor, nan)
        x[:, :count] = random_factors(rng, (length, count), tile.storage)
        return x, halves(x[:, :count], tile.storage)
    pairs = OPERANDS[tile.storage].pairs
    numbers = random_integers(rng, (length * (2 if pairs else 1), count), np.float32)
    x = aligned(
        (len(numbers), count + 3), np.uint16, 0x7E00 if tile.storage == "float16" else 0x7FC0
    )
    x[:, :count] = narrow(numbers, tile.storage)
    if tile.half:
        x[-1], numbers[-1] = 0x7FC0, 0
    numbers = numbers.astype(np.float64)
    return x, numbers.reshape(length, -1, count).transpose(0, 2, 1)


def narrow(numbers, storage):
    """Return the bits of small integers in a type of 16 bits."""
    if storage == "float16":
        return numbers.astype(np.float16).view(np.uint16)
    return (numbers.view(np.uint32) >> 16).astype(np.uint16)


def check(tile, rounds, count, seed=0, offset=0):
    """Run a tile on small integers, and compare every cell; rows begin `offset` numbers later."""
    assert count <= tile.vectors * tile.lanes, "more positions than the tile has sums for"
    rng = np.random.default_rng(seed)
    length = tile.rest if tile.once else tile.inputs * rounds + tile.rest
    number, (factor, nan) = OPERANDS[tile.storage].compute, cell(tile.storage)
    x, wanted_inputs = inputs_of(tile, rng, length, count)
    panel = aligned((length, tile.channels), factor, nan)
    panel[...] = random_factors(rng, panel.shape, tile.storage)
    if tile.half:
        panel[-1] &= np.uint32(0xFFFF)
    bias = random_integers(rng, tile.channels, number)
    table = np.zeros((Table.SIZE + Entry.SIZE) // 8, np.int64)
    Entry(table.ctypes.data + Table.SIZE).fill(
        input=x.strides[0], panel=panel.ctypes.data, length=length, rows=0
    )
    sums = np.einsum("kph,kmh->mp", wanted_inputs, halves(panel, tile.storage)) + bias[:, None]
    wanted = stored(np.maximum(sums, 0) if tile.activation == "relu" else sums, tile.storage)

    size = OPERANDS[tile.storage].item
    cells, guard = (np.dtype("u2"), 77) if size == 2 else (np.dtype(tile.storage), 77.0)
    c = aligned((tile.channels + 2, 64 + count + 16), cells, guard)
    step, left = c.strides[0], 64 + offset
    plane = x.strides[0] * (2 if tile.as_they_lie and OPERANDS[tile.storage].pairs else 1)
    call(
        address(tile),
        (x.ctypes.data - x.strides[0], table.ctypes.data, plane, bias.ctypes.data,
         c.ctypes.data + step + left * size, 0, step, count, 0),
    )  # fmt: skip
    got = c[1:-1, left : left + count]
    np.testing.assert_array_equal(read(got.copy(), tile.storage), wanted)
    got[...] = guard
    assert (c == guard).all(), "wrote beyond the tile"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("as_they_lie", [False, True])
@pytest.mark.parametrize("storage", multiplied)
def test_storages(storage, as_they_lie, streamed):
    as_they_lie = as_they_lie and OPERANDS[storage].item == 2
    for activation in ("linear", "relu"):
        tile = make(storage, as_they_lie=as_they_lie, streamed=streamed, activation=activation)
        check(tile, rounds=2, count=3 * tile.lanes + 1)
        check(tile._replace(once=True), rounds=0, count=2 * tile.lanes)


@pytest.mark.parametrize("once", [False, True])
def test_a_pair_may_have_one_channel(once):
    if not OPERANDS.keys() & {x for x in multiplied if OPERANDS[x].pairs}:
        pytest.skip("nothing multiplies pairs here")
    tile = make("bfloat16 pairs", as_they_lie=True, half=True, once=once)
    check(tile, rounds=1, count=2 * tile.lanes + 5)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("rounds", [1, 2, 4])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_and_rounds(channels, rounds, streamed):
    for inputs, rest in ((1, 1), (4, 4), (4, 1), (8, 3)):
        tile = make(channels=channels, inputs=inputs, rest=rest, streamed=streamed)
        check(tile, rounds, count=VECTORS * tile.lanes - 3)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("storage", ["float32", "float64", "float16"])
def test_lengths_and_places(storage, streamed):
    tile = make(storage, streamed=streamed)
    for behind in (0, 1, tile.lanes // 2, tile.lanes - 1, tile.lanes, 2 * tile.lanes + 1):
        for offset in (0, 1, 5, 8):
            check(tile, rounds=1, count=tile.lanes + behind, offset=offset, seed=behind)


def test_streaming_tiles_store_past_the_caches():
    if processor.host().isa not in ("avx512", "avx2"):
        pytest.skip("looks for an instruction of x86")
    from conv3dt._ways.wide.kernel import text

    assert "movntps" in text(make(streamed=True))
    assert "movntps" not in text(make())


def test_the_check_fails_for_a_wrong_tile():
    with pytest.raises(AssertionError, match="not equal"):
        check(make(activation="leaky_relu"), rounds=1, count=20)
