"""The machine code of each tile: its loops over k hold the products and never touch the stack.

One spilled accumulator halves the speed of a tile and is invisible in its results.
"""

import re

import pytest
from llvmlite.binding import llvm_version_info

import conv3dt
from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import PAIRS
from conv3dt._ways.channels import kernel as channels
from conv3dt._ways.channels.tile import ChannelTile, Edge, Part
from conv3dt._ways.fold.kernel import fold_text
from conv3dt._ways.shared.lane_tile import LaneTile
from conv3dt._ways.shared.records import EDGE
from conv3dt._ways.wide import kernel as wide
from tests.helpers.assembly import PRODUCT, STACK, check, loops_around, loops_over_k
from tests.helpers.kernels import lanes_of

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")

ASKED = re.compile(r"\b(prefetch\w*|prfm)\b")


def tile_of(storage, outer, inner, vectors, step=64):
    machine = processor.machine()
    lanes = lanes_of(storage)
    return ChannelTile(
        storage, lanes, machine.fused, outer, inner, 640 if outer > 1 else 0, step, vectors, lanes,
        False, "linear",
    )  # fmt: skip


def loops_of(tile):
    """Return the loops over k in the compiled tile."""
    return loops_over_k(channels.text(tile))


def shapes():
    for vectors, rows in enumerate(processor.machine().rows, 1):
        yield from ((1, n, vectors) for n in sorted({rows, rows - 1, max(1, rows // 2)}))
        yield (2, rows // 2, vectors)


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", ["float32", "float64", "float16"])
@pytest.mark.parametrize("shape", list(shapes()), ids=str)
def test_no_spill_in_the_loop_over_k(storage, shape):
    tile = tile_of(storage, *shape)
    check(loops_of(tile), tile.rows * tile.vectors)


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_no_spill_where_panels_are_asked_for_ahead(vectors):
    rows = processor.machine().rows[vectors - 1]
    tile = tile_of("float32", 1, rows, vectors)._replace(ahead=5, panels_ahead=3 << 15)
    loops = loops_of(tile)
    # LLVM 14 has one of 27 sums wait on the stack once a round of two k.
    check(loops, rows * vectors, stores=2 if llvm_version_info[0] < 15 else 0)
    for loop in loops:
        asked, products = (sum(bool(x.search(line)) for line in loop) for x in (ASKED, PRODUCT))
        assert asked * rows * vectors == products * (1 + 2 * vectors)


@pytest.mark.skipif(not processor.machine().half_loads, reason="half vectors save no time here")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("step", [1, 2, 64])
def test_no_spill_with_half_a_vector(storage, step):
    rows = processor.machine().rows[0]
    edges = (Edge(EDGE, (Part(2, 1, rows), Part(1, 0, rows), Part(4, 0, rows - 1))),)
    tile = tile_of(storage, 1, rows, 1, step)._replace(edges=edges, ahead=5)
    half = tile.lanes // 2
    check(loops_of(tile._replace(lanes=half, last=half)), 1)


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("vectors", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_no_spill_where_rows_are_neighbours(vectors, step):
    """The next k reads what the next rows have read, and LLVM would keep it in registers."""
    tile = tile_of("float32", 1, processor.machine().rows[vectors - 1], vectors, step)
    check(loops_of(tile), tile.rows * tile.vectors)


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2, 3])
def test_no_spill_in_loops_for_some_of_the_rows(storage, vectors):
    if vectors == 3 and llvm_version_info[0] <= 20:
        pytest.skip("one vector waits on the stack in these loops, which are few")
    rows = processor.machine().rows[vectors - 1]
    parts = [Part(2, 0, rows - n) for n in (1, 2, 3)], [Part(2, n, rows) for n in (1, 2, 3)]
    edges = tuple(Edge(EDGE + n, tuple(some)) for n, some in enumerate(parts))
    tile = tile_of(storage, 1, rows, vectors)._replace(edges=edges, ahead=5)
    loops = loops_of(tile)
    assert len(loops) == 2 + 2 * 3
    products = sum(end - first for some in parts for _, first, end in some) + (1 + 2) * rows
    assert sum(bool(PRODUCT.search(x)) for loop in loops for x in loop) == products * vectors
    check(loops, vectors)


@pytest.mark.skipif(not processor.machine().pairs, reason="pairs are not multiplied here")
def test_products_of_pairs_read_what_they_broadcast():
    """A broadcast of its own for each product takes a third of the time."""
    rows = processor.machine().rows[0]
    wide_tile = LaneTile(PAIRS, lanes_of(PAIRS), True, 1, 0, 8, 1, 1, False, "linear")
    for text in channels.text(tile_of(PAIRS, 1, rows, 1, 2)), wide.text(wide_tile):
        loops = loops_around(text, re.compile("vdpbf16ps"))
        assert loops
        for line in (x for loop in loops for x in loop):
            assert "vdpbf16ps" not in line or "{1to" in line
            assert "vbroadcast" not in line


@pytest.mark.skipif(
    processor.host().isa not in ("avx512", "avx2"), reason="x86's name of the store"
)
def test_only_streaming_tiles_store_past_the_caches():
    tile = tile_of("float32", 1, 4, 2)
    assert "vmovntps" not in channels.text(tile)
    assert len(re.findall("vmovntps", channels.text(tile._replace(streamed=True)))) == 8


def wide_tiles():
    """Return (tile, how its code is had) for layers with 1 to 16 streams, few and many inputs."""
    layers = [
        ((1, 8, 32, 100, ci), (k, k, k, co, ci), [1, 8 * s, 32 * s, 100 * s, co], s)
        for k, s, co in (
            (3, 1, 1),
            (3, 1, 3),
            (3, 1, 8),
            (4, 2, 1),
            (4, 2, 2),
            (4, 2, 4),
            (3, 2, 8),
            (3, 1, 12),
            (5, 3, 2),
        )
        for ci in (1, 64)
    ]
    plans = [conv3dt.explain(*layer) for layer in layers]
    code = {"fold": fold_text, "wide": wide.text}
    return {
        (tile, code[plan.choice.way])
        for plan in plans
        for *_, tile in plan.scheme.tiles()
        if plan.choice.way in code
    }


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize(("tile", "code_of"), sorted(wide_tiles(), key=str))
def test_no_spill_in_the_loop_over_k_of_wide_tiles(tile, code_of):
    check(loops_over_k(code_of(tile)), tile.outer * tile.channels * tile.vectors)


@pytest.mark.skipif(processor.host().isa not in ("avx512", "avx2"), reason="counts x86's registers")
def test_a_tile_too_large_does_spill():
    rows = processor.machine().rows[1] + 4
    loops = loops_of(tile_of("float32", 1, rows, 2))
    assert [line for loop in loops for line in loop if STACK.search(line)]
