"""Every tile of depthwise filters against its definition, with NaN behind what it may read."""

import re

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._ways.correlate.channelwise.kernel import address, text
from conv3dt._ways.correlate.channelwise.records import Pair, Tile
from conv3dt._ways.correlate.channelwise.tile import ChannelwiseTile
from tests.helpers.assembly import PRODUCT, STACK, loops_over_k
from tests.helpers.kernels import aligned, call, lanes_of, random_integers


def make(storage="float32", own=None, rows=4, taps=3, stride=1, dilation=1, **others):
    """A tile; `apart` is how many vectors lie from a number of the width to the next."""
    lanes, fused = lanes_of(storage), processor.machine().fused
    step = others.get("apart", 1) * lanes * np.dtype(storage).itemsize
    return ChannelwiseTile(
        storage, lanes, fused, own or lanes, rows, taps, others.get("at_once", 4), stride, dilation,
        step, others.get("asked", 1),
    )  # fmt: skip


def check(tile, height=2, width=7, run=None):
    """Run one tile, or another in its place, on small integers, and compare every cell."""
    rng = np.random.default_rng(height + width)
    dtype, lanes = tile.storage, tile.lanes
    apart = tile.step // lanes // np.dtype(dtype).itemsize
    reach = (width - 1) * tile.stride + (tile.taps - 1) * tile.dilation + 1
    big = aligned((tile.rows, height, reach + 2, apart, lanes), dtype, np.nan)[..., 0, :]
    small = aligned((height, width + 2, apart, lanes), dtype, np.nan)[..., 0, :]
    big[:, :, 1:-1] = random_integers(rng, (tile.rows, height, reach, lanes), dtype)
    small[:, :-2] = random_integers(rng, (height, width, lanes), dtype)
    sums = aligned((tile.rows, tile.taps + 1, lanes + 3), dtype, 77)
    wanted = sums.copy()
    for r, t in np.ndindex(tile.rows, tile.taps):
        first = 1 + t * tile.dilation
        read = big[r, :, first : first + (width - 1) * tile.stride + 1 : tile.stride]
        own = slice(lanes - tile.own, lanes)
        wanted[r, t, own] += (read * small[:, :-2]).sum((0, 1))[own]
    pairs = np.array([[big[r, 0, 1].ctypes.data, sums[r].ctypes.data] for r in range(tile.rows)])
    assert pairs.shape[1] * 8 == Pair.SIZE
    told = Tile.zeros()
    told.fill(
        pairs=pairs.ctypes.data, small=small.ctypes.data, height=height, width=width,
        sums_step=sums.strides[1], big_step=big.strides[1], small_step=small.strides[0],
        ask_big=1 << 40, ask_step=64,
    )  # fmt: skip
    call(address(run or tile), (told.address,))
    np.testing.assert_array_equal(sums, wanted)


@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("taps", [1, 2, 3, 5])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 3)])
@pytest.mark.parametrize("apart", [1, 3])
def test_taps(storage, rows, taps, stride, dilation, apart):
    check(make(storage, rows=rows, taps=taps, stride=stride, dilation=dilation, apart=apart))


@pytest.mark.parametrize("at_once", [1, 2, 4])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 11])
def test_positions(at_once, width):
    for height in (1, 3):
        check(make(at_once=at_once), height, width)
        check(make(at_once=at_once, stride=2, asked=4), height, width)


def test_only_its_own_lanes_are_stored():
    for own in range(1, lanes_of("float32") + 1):
        check(make(own=own))


@pytest.mark.skipif(PLAIN or not processor.machine().fused, reason="products are no instructions")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("taps", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_no_spill(storage, taps, stride):
    registers = processor.machine().registers
    beside = 4 if registers >= 32 else 2
    taps = min(taps, (registers - 1) // 4)
    rows = (registers - 1 - beside) // taps
    tile = make(storage, rows=rows, taps=taps, at_once=beside, stride=stride)
    loops = loops_over_k(text(tile))
    found = [sum(bool(PRODUCT.search(line)) for line in loop) for loop in loops]
    assert set(found) == {rows * taps, rows * taps * beside}
    vectors = [line for loop in loops for line in loop if re.search(r"[xyz]mm\d|\bq\d", line)]
    assert not [line for line in vectors if STACK.search(line)]


def test_the_check_fails_for_a_wrong_tile():
    with pytest.raises(AssertionError):
        check(make(), run=make(taps=2))
