"""Every tile against its definition, with guard cells around and NaN behind what it may read."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._geometry.storages import OPERANDS
from conv3dt._geometry.tuning import MACHINES
from conv3dt._ways.channels.kernel import address
from conv3dt._ways.channels.tile import ChannelTile, Edge, Part
from conv3dt._ways.shared.records import EDGE, ROWS_FROM, Entry
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

NAN_ROWS = 2  # behind each operand


def check(tile, taps, length, seed=0, on_lines=False, some=()):
    """Run one tile on small integers, which every type sums exactly, and compare every cell.

    `on_lines`: rows of the output start at cache lines. `some`: inner rows from .. to for which the
    first entries are; the others hold zeros there, or NaN if the tile has a loop for those rows.
    """
    rng = np.random.default_rng(seed)
    number, (factor, nan) = OPERANDS[tile.storage].compute, cell(tile.storage)
    width = tile.vectors * tile.lanes
    channels = width - tile.lanes + tile.last
    span = (tile.outer - 1) * tile.outer_step + (tile.inner - 1) * tile.inner_step
    inputs = [aligned(span + length + NAN_ROWS, factor, nan) for _ in range(taps)]
    panels = [aligned((length + NAN_ROWS, width), factor, nan) for _ in range(taps)]
    bias = aligned(width, number, random_integers(rng, width, number))
    expected = np.tile(bias.astype(np.float64), (tile.rows, 1))
    parts = [*some, *[(0, tile.inner)] * (taps - len(some))]
    for x, panel, (from_row, to_row) in zip(inputs, panels, parts, strict=True):
        panel[:length] = random_factors(rng, (length, width), tile.storage)
        for m in range(tile.rows):
            y, z = divmod(m, tile.inner)
            at = y * tile.outer_step + z * tile.inner_step
            x[at : at + length] = random_factors(rng, length, tile.storage)
            if not from_row <= z < to_row:
                x[at : at + length] = nan if edge_of(from_row, to_row) in tile.edges else 0
    for x, panel, (from_row, to_row) in zip(inputs, panels, parts, strict=True):
        for m in range(tile.rows):
            y, z = divmod(m, tile.inner)
            at = y * tile.outer_step + z * tile.inner_step
            if from_row <= z < to_row:
                row = halves(x[at : at + length], tile.storage)
                expected[m] += np.einsum("kh,kch->c", row, halves(panel[:length], tile.storage))
    first = inputs[0].ctypes.data if taps else 0
    table = np.array(
        [
            (
                *(x.ctypes.data - first, b.ctypes.data, length),
                0 if part == (0, tile.inner) else part[0] * ROWS_FROM + part[1],
            )
            for x, b, part in zip(inputs, panels, parts, strict=True)
        ],
        np.int64,
    ).reshape(-1, len(Entry.NAMES))

    size = OPERANDS[tile.storage].item
    cells = np.dtype(f"u{size}") if size == 2 else np.dtype(tile.storage)
    # The output lies in a larger array of guard cells: rows and channels two cells apart.
    steps = (2 * tile.inner + 1, 2, 0)
    left = 64 // size if on_lines else 1
    shape = (tile.outer * steps[0] + 3, 2 * width + (64 // size if on_lines else 3))
    guard = 77 if size == 2 else 77.0
    c = aligned(shape, cells, guard)
    if tile.spread:
        c_steps = [steps[0] * shape[1] * size, steps[1] * shape[1] * size, 2 * size]
        columns = slice(left, left + 2 * channels, 2)
    else:
        c_steps = [steps[0] * shape[1] * size, steps[1] * shape[1] * size, 0]
        columns = slice(left, left + channels)
    start = c.ctypes.data + size * (shape[1] + left)
    arguments = (first, table.ctypes.data, taps, bias.ctypes.data, start, *c_steps, 0, 1 << 46)
    call(address(tile), arguments)

    rows = [1 + y * steps[0] + z * steps[1] for y in range(tile.outer) for z in range(tile.inner)]
    got = read(c[rows, columns], tile.storage)
    wanted = expected[:, :channels]
    if tile.activation == "relu":
        wanted = np.maximum(wanted, 0)
    np.testing.assert_array_equal(got, stored(wanted, tile.storage))
    c[rows, columns] = guard
    assert (c == guard).all(), "wrote beyond the tile"


def edge_of(first, end):
    """Return the edge whose entries are for the inner rows from .. to."""
    return Edge(first * ROWS_FROM + end, (Part(0, first, end),))


def make(storage="float32", outer=1, inner=4, vectors=2, last=None, spread=False, step=5,
         outer_step=None, activation="linear"):  # fmt: skip
    machine = processor.machine()
    lanes = lanes_of(storage)
    return ChannelTile(
        storage, lanes, machine.fused, outer, inner,
        (outer_step or (inner + 2) * step) if outer > 1 else 0, step if inner > 1 else 0,
        vectors, lanes if last is None else min(last, lanes), spread, activation,
    )  # fmt: skip


@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_every_number_of_rows(vectors):
    for rows in range(1, processor.machine().rows[vectors - 1] + 1):
        check(make(inner=rows, vectors=vectors), taps=3, length=5)


@pytest.mark.skipif(not processor.machine().half_loads, reason="half vectors save no time here")
@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("spread", [False, True])
def test_half_a_vector(storage, spread):
    half = make(storage, vectors=1).lanes // 2
    for rows in range(1, processor.machine().rows[0] + 1):
        tile = make(storage, inner=rows, vectors=1, last=1 + rows % half, spread=spread)
        check(tile._replace(lanes=half), taps=2, length=5)


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("last", [1, 2, 3, 5, 7, 8, 11, 15, 16])
def test_every_kind_of_last_vector(storage, spread, last):
    for vectors in (1, 2):
        check(make(storage, inner=3, vectors=vectors, last=last, spread=spread), 2, 4)


@pytest.mark.parametrize(("outer", "inner"), [(2, 1), (1, 1), (3, 4), (2, 7), (6, 2), (14, 1)])
def test_groups_of_rows(outer, inner):
    if outer * inner > processor.machine().rows[1]:
        pytest.skip("more rows than this machine has registers for")
    check(make(outer=outer, inner=inner), taps=2, length=3)
    check(make("float64", outer=outer, inner=inner, spread=True), taps=2, length=3)


@pytest.mark.parametrize("taps", [0, 1, 2, 27])
@pytest.mark.parametrize("length", [1, 2, 63, 64, 65])
def test_taps_and_lengths(taps, length):
    check(make(inner=2, step=70), taps, length)


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("edges", [((1, 7),), ((0, 6), (2, 7)), ((3, 4), (0, 1), (6, 7)), ()])
def test_entries_for_some_of_the_rows(edges, length):
    """By loops for just these rows, which never use the others; or with zeros for the others."""
    some = edges or ((1, 7), (0, 5))
    edges = tuple(edge_of(*rows) for rows in edges)
    for outer in (1, 2):
        tile = make(inner=7, outer=outer, vectors=1)._replace(edges=edges)
        check(tile, len(some) + 2, length, some=some)
        check(make("float64", inner=7)._replace(edges=edges), len(some), length, some=some)


@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("parts", [((2, 1, 7), (3, 0, 7), (1, 0, 5)), ((1, 0, 0), (4, 2, 7))])
def test_joined_taps_each_of_which_misses_rows_of_its_own(storage, parts):
    """What a row misses is never used: it is NaN."""
    rng, length = np.random.default_rng(0), sum(numbers for numbers, *_ in parts)
    tile = make(storage, inner=7, step=8)
    tile = tile._replace(edges=(Edge(EDGE, tuple(Part(*part) for part in parts)),))
    width = tile.vectors * tile.lanes
    x, bias = aligned((7, 8), storage, np.nan), aligned(width, storage, 1)
    panel = aligned((length, width), storage, random_integers(rng, (length, width), storage))
    inside = np.zeros((7, 8), bool)
    for (_, first, end), k in zip(parts, np.cumsum([0, *[n for n, *_ in parts]]), strict=False):
        inside[first:end, k:length] = True
        inside[:first, k:length] = inside[end:, k:length] = False
    x[inside] = random_integers(rng, inside.sum(), storage)
    entry = np.array([0, panel.ctypes.data, length, EDGE])
    c = aligned((7, width), storage, 77)
    at = (c.ctypes.data, 0, c.strides[0], 0, 0, 0)
    call(address(tile), (x.ctypes.data, entry.ctypes.data, 1, bias.ctypes.data, *at))
    np.testing.assert_array_equal(c, 1 + np.where(inside, x, 0)[:, :length] @ panel)


def test_activation_comes_after_the_sum():
    check(make(activation="relu"), taps=2, length=3)
    check(make("float16", activation="relu", spread=True), taps=2, length=3)


@pytest.mark.parametrize("storage", multiplied)
@pytest.mark.parametrize("on_lines", [False, True])
@pytest.mark.parametrize("last", [1, 16])
def test_streaming(storage, on_lines, last):
    """Past the caches or, where rows do not start at lines, not: the cells are the same."""
    for vectors in (1, 2):
        tile = make(storage, inner=3, vectors=vectors, last=last)._replace(streamed=True)
        check(tile, taps=2, length=3, on_lines=on_lines)


def test_the_check_fails_for_a_wrong_tile():
    with pytest.raises(AssertionError):
        check(make()._replace(activation="leaky_relu"), taps=2, length=3)


@pytest.mark.parametrize("machine", [m for m in MACHINES.values() if m.isa != "neon"])
def test_tiles_of_smaller_machines_run_here(machine):
    if machine.vector_bytes > processor.machine().vector_bytes:
        pytest.skip("wider than this machine")
    lanes = machine.vector_bytes // 4
    for vectors, rows in enumerate(machine.rows, 1):
        tile = make(inner=rows, vectors=vectors)._replace(lanes=lanes, last=lanes)
        check(tile._replace(fused=machine.fused and processor.machine().fused), taps=2, length=5)
