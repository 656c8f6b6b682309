"""Every depthwise tile against its definition, with guard cells around the output."""

import itertools
import re

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import STORAGES
from conv3dt._ways.depthwise.kernel import address, text
from conv3dt._ways.depthwise.records import Open, Row
from conv3dt._ways.depthwise.tile import DepthwiseTile
from tests.helpers.assembly import PRODUCT, loops_over_k
from tests.helpers.kernels import aligned, call, lanes_of, random_integers, read, stored

DEPTH, HEIGHT = 2, 3  # taps


def make(storage="float32", channels=None, share=1, first=0, per=1, positions=5, taps=3, in_s=1,
         dilation=1, inside=None, step=None, activation="linear", widened=False,
         **more):  # fmt: skip
    lanes = lanes_of(storage)
    extent = (positions - 1) * in_s + max(0, taps - 1) * dilation + 1
    kind = STORAGES[storage]
    numbers = (2 * lanes + 3) * per
    return DepthwiseTile(
        storage, kind.compute if widened else storage, lanes, processor.machine().fused,
        channels or lanes, share, first, per, positions, taps, in_s, dilation,
        inside or (0, extent), step or numbers * (kind.size if widened else kind.item), activation,
        **more,
    )  # fmt: skip


def bits_of(x, storage):
    """Small integers as they lie in memory, in a type that NumPy has."""
    if storage == "bfloat16":
        return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return x.astype(storage).view(np.uint16) if storage == "float16" else x.astype(storage)


def check(tile, run=None):
    """Run a tile, or another one in its place, on small integers and compare every cell."""
    rng = np.random.default_rng(0)
    storage, wide = STORAGES[tile.storage], STORAGES[tile.storage].compute
    item = STORAGES[tile.read].item
    extent = (tile.positions - 1) * tile.in_s + max(0, tile.taps - 1) * tile.dilation + 1
    x = random_integers(rng, (DEPTH, HEIGHT, extent, tile.step // item), np.float64)
    raw = bits_of(x, tile.read)
    memory = aligned((raw.size,), raw.dtype, 0)
    memory[:] = raw.ravel()
    panel = aligned((DEPTH, HEIGHT, tile.taps, tile.per, tile.lanes), wide, 0)
    panel[...] = random_integers(rng, panel.shape, wide)
    bias = random_integers(rng, tile.lanes, wide)
    rows = extent * tile.step
    # Taps of the height are read from the last row of a plane on.
    planes = np.array([memory.ctypes.data + d * HEIGHT * rows for d in range(DEPTH)], np.int64)
    row, plane = Row.zeros(), Open.zeros()
    row.fill(height=HEIGHT, step_h=rows, taps=HEIGHT)
    sums = np.tile(bias.astype(np.float64), (tile.positions, 1))
    groups = [(tile.first + lane) // tile.share for lane in range(tile.channels)]
    for d, h in np.ndindex(DEPTH, HEIGHT):
        for number, products in tile.pairs:
            for (p, t), c in itertools.product(products, range(tile.per)):
                of = x[d, HEIGHT - 1 - h, number, [g * tile.per + c for g in groups]]
                sums[p, : tile.channels] += of * panel[d, h, t, c, : tile.channels]
    wanted = np.maximum(sums, 0) if tile.activation == "relu" else sums
    size = storage.item
    cells = np.dtype(f"u{size}") if size == 2 else np.dtype(tile.storage)
    c = aligned((tile.positions + 2, tile.lanes + 5), cells, 77)
    place = c[1, 2:].ctypes.data

    def run_taps(first, taps, start, sums_step, to, step, ends):
        at = planes[first:].ctypes.data
        plane.fill(planes=at, depth=taps, sums_step=sums_step, step=step, ends=ends)
        call(address(run or tile), [
            (HEIGHT - 1) * rows, row.address, panel[first].ctypes.data, start, to, plane.address,
            memory.ctypes.data,
        ])  # fmt: skip

    if tile.waits:
        waiting = aligned((tile.positions, tile.lanes), wide, 0)
        at, step = waiting.ctypes.data, waiting.strides[0]
        run_taps(0, 1, bias.ctypes.data, 0, at, step, 0)
        assert (c == 77).all(), "stored outputs that are not complete"
        run_taps(1, DEPTH - 1, at, step, place, c.strides[0], 1)
    else:
        run_taps(0, DEPTH, bias.ctypes.data, 0, place, c.strides[0], 1)
    made = c[1:-1, 2 : 2 + tile.channels]
    expected = stored(wanted, tile.storage)[:, : tile.channels]
    np.testing.assert_array_equal(read(made.copy(), tile.storage), expected)
    made[...] = 77
    assert (c == 77).all(), "wrote beyond the tile"


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("widened", [False, True])
def test_types(storage, widened):
    check(make(storage, widened=widened))
    check(make(storage, widened=widened, activation="relu", channels=min(3, lanes_of(storage))))


@pytest.mark.parametrize("storage", STORAGES)
def test_sums_that_wait(storage):
    check(make(storage, waits=True))
    few = min(3, lanes_of(storage))
    check(make(storage, waits=True, activation="relu", channels=few, inside=(1, 7)))
    check(make(storage, waits=True, widened=True, share=2, first=1, in_s=2))


def test_inputs_that_are_asked_for_need_not_exist():
    check(make(asked=(0, 64, 1 << 40), ask_step=-(1 << 44)))
    check(make(asked=(0, 64, 1 << 40), ask_step=1 << 44, waits=True))


@pytest.mark.parametrize("taps", [0, 1, 2, 3, 5, 7, 16])
@pytest.mark.parametrize(("in_s", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 3)])
def test_taps(taps, in_s, dilation):
    for positions in (1, 2, 7, 12):
        check(make(taps=taps, in_s=in_s, dilation=dilation, positions=positions))


@pytest.mark.parametrize("inside", [(0, 0), (1, 7), (0, 3), (2, 5), (6, 7)])
def test_inputs_that_do_not_exist_are_not_used(inside):
    check(make(inside=inside))
    check(make(inside=inside, positions=3, in_s=2))


@pytest.mark.parametrize("share", [2, 3, 5])
def test_several_outputs_of_an_input(share):
    for first in range(share):
        for channels in (1, lanes_of("float32") - 1, lanes_of("float32")):
            check(make(share=share, first=first, channels=channels))
    check(make("float16", share=share, first=1))


@pytest.mark.parametrize("per", [2, 3, 4])
@pytest.mark.parametrize("share", [1, 2, 3, 4])
def test_several_inputs_of_an_output(per, share):
    for first in range(share):
        check(make(share=share, first=first, per=per))
    check(make(share=share, per=per, channels=3, in_s=2))
    check(make("float16", share=share, per=per))
    check(make("float64", share=share, per=per, widened=True))


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_that_do_not_exist_are_not_read_or_stored(channels):
    check(make(channels=min(channels, lanes_of("float32"))))


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("taps", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("waits", [False, True])
def test_no_spill(taps, waits):
    machine = processor.machine()
    positions = max(4, min(12, machine.registers - taps - 3))
    loops = loops_over_k(text(make(taps=taps, positions=positions, step=128, waits=waits)))
    assert loops
    for loop in loops:
        assert sum(bool(PRODUCT.search(line)) for line in loop) == positions * taps
        stores = re.compile(r"\bv?mov\w+\s+%[xyz]mm\d+, .*\)$|\bst[rp]\s+q")
        assert not [line for line in loop if stores.search(line)]


def test_the_check_fails_for_a_wrong_tile():
    with pytest.raises(AssertionError):
        check(make(), run=make(inside=(1, 7)))
    with pytest.raises(AssertionError):
        check(make(waits=True), run=make())
