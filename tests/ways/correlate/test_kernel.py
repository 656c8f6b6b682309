"""Every tile against its definition, with guard cells around and NaN behind what it may read."""

import re

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._ways.correlate.kernel import address, text
from conv3dt._ways.correlate.records import Entry, Tile
from conv3dt._ways.correlate.tile import CorrelateTile
from conv3dt._ways.correlate.tiling import Columns, chains, most_rows
from tests.helpers.assembly import check as check_loops
from tests.helpers.assembly import loops_over_k
from tests.helpers.kernels import aligned, call, lanes_of, random_integers

MOST = processor.machine().rows


def make(
    storage="float32", outer=1, inner=4, vectors=2, last=None, lanes=None, chained=1, far=False
):
    lanes = lanes or lanes_of(storage)
    fused = processor.machine().fused
    last = last or lanes
    return CorrelateTile(storage, lanes, fused, outer, inner, vectors, last, far, chained)


def check(tile, lengths=(5,), fresh=True, start=8, steps=(1, 1), ask_a=0):
    """Run one tile on small integers, which are summed exactly, and compare every cell.

    `start` numbers of a line lie before the tile's columns; `steps`: lines from a k to the next.
    """
    rng = np.random.default_rng(len(lengths))
    dtype, size, width = tile.storage, np.dtype(tile.storage).itemsize, start + tile.columns
    a_outer = tile.inner + 3
    span = (tile.outer - 1) * a_outer + tile.inner
    expected = np.zeros((tile.outer, tile.inner, tile.columns))
    entries, kept = [], []
    for length in lengths:
        a = aligned((length * steps[0], span + 2), dtype, np.nan)
        b = aligned((length * steps[1], width + 2), dtype, np.nan)
        b[:: steps[1], :width] = random_integers(rng, (length, width), dtype)
        for y in range(tile.outer):
            rows = slice(1 + y * a_outer, 1 + y * a_outer + tile.inner)
            a[:: steps[0], rows] = random_integers(rng, (length, tile.inner), dtype)
            expected[y] += a[:: steps[0], rows].T @ b[:: steps[1], start:width]
        entries.append([a.ctypes.data, b.ctypes.data, length, 0])
        kept += [a, b]
    table = np.array(entries, np.int64).reshape(-1, len(Entry.NAMES))
    c = aligned((tile.outer * (tile.inner + 1) + 2, tile.columns + 3), dtype, 77)
    told = Tile.zeros()
    told.fill(
        entries=table.ctypes.data,
        n=len(lengths),
        a=size,
        b=start * size,
        c=c.ctypes.data + c.strides[0] + size,
        c_row=c.strides[0],
        c_outer=(tile.inner + 1) * c.strides[0],
        fresh=fresh,
        a_step=(span + 2) * steps[0],
        b_step=(width + 2) * steps[1],
        a_outer=a_outer,
        ask=1 << 40,
        ask_a=ask_a,
    )
    call(address(tile), (told.address,))
    rows = [1 + y * (tile.inner + 1) + x for y in range(tile.outer) for x in range(tile.inner)]
    wanted = expected.reshape(tile.rows, -1) + (0 if fresh else 77)
    np.testing.assert_array_equal(c[rows, 1:-2], wanted)
    c[rows, 1:-2] = 77
    assert (c == 77).all(), "wrote beyond the tile"


@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_every_number_of_rows(vectors):
    for rows in range(1, MOST[vectors - 1] + 1):
        check(make(inner=rows, vectors=vectors))
        check(make(inner=rows, vectors=vectors, far=True), fresh=False)


@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_every_last_vector(storage, vectors):
    for last in range(1, lanes_of(storage) + 1):
        check(make(storage, inner=3, vectors=vectors, last=last), fresh=last % 2, start=16)


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_short_vectors(lanes):
    if lanes <= lanes_of("float32"):
        for last in {1, lanes}:
            check(make(vectors=2, lanes=lanes, last=last), start=lanes)


@pytest.mark.parametrize("outer", [2, 3, 4])
@pytest.mark.parametrize("inner", [1, 2])
def test_groups_of_rows(outer, inner):
    check(make(outer=outer, inner=inner, vectors=1), (3, 4))
    check(make("float64", outer=outer, inner=inner, vectors=1), (3, 4), fresh=False)


@pytest.mark.parametrize("lengths", [(), (1,), (1, 1, 2), (64, 63), (7, 1, 8)])
@pytest.mark.parametrize("chained", [1, 2, 4])
@pytest.mark.parametrize("fresh", [True, False])
def test_runs_and_chains(lengths, chained, fresh):
    check(make(inner=1, vectors=2, chained=chained), lengths, fresh)


@pytest.mark.parametrize("steps", [(1, 3), (2, 1)])
def test_steps(steps):
    check(make(), (4, 5), steps=steps, ask_a=steps[0] - 1)


def test_chains_hide_the_latency():
    machine = processor.machine()._replace(fmas=2.0, latency=4.0, rows=(28, 14, 9))
    assert [chains(machine, *shape) for shape in ((14, 2), (4, 2), (3, 2), (2, 1), (1, 1))] == [
        1, 1, 2, 4, 8,
    ]  # fmt: skip


@pytest.mark.skipif(PLAIN or not processor.machine().fused, reason="products are no instructions")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2, 3])
@pytest.mark.parametrize("outer", [1, 2, 3])
@pytest.mark.parametrize("far", [False, True])
def test_no_spill_in_the_loop_over_k(storage, vectors, outer, far):
    lanes = lanes_of(storage)
    rows = most_rows(processor.machine(), Columns(0, lanes, vectors, lanes))
    tile = make(storage, outer, rows // outer, vectors, far=far)
    check_loops(loops_over_k(text(tile)), tile.rows * tile.vectors)


@pytest.mark.skipif(PLAIN, reason="plain Python asks for nothing")
def test_far_sums_are_asked_for():
    """Once each, beside what every k asks for."""
    near, far = (text(make(inner=5, far=far)) for far in (False, True))
    asked = [len(re.findall("prefetch|prfm", x)) for x in (near, far)]
    assert asked[1] - asked[0] == 10
