"""Products: register tiles, and where M lies."""

import numpy as np
import pytest

import conv3dt
from conv3dt._compiler import processor
from conv3dt._ways.minimal import kernel
from conv3dt._ways.minimal.formulas import FORMULAS
from conv3dt._ways.minimal.sizes import PAIRED_ROWS, ROWS_BESIDE
from conv3dt._ways.minimal.tile import MinimalTile
from tests.helpers import assembly
from tests.helpers.kernels import lanes_of

WIDE = pytest.mark.skipif(
    processor.machine().vector_bytes != 64, reason="it is for vectors of 64 bytes"
)


def integers(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(np.float32) for shape in shapes]


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("channels", [16, 32])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_products_take_the_place_of_their_inputs(k, padding, channels):
    """At borders several products have the same inputs; none may be gone then."""
    x, w = integers(k, (1, 5, 6, 7, channels), (max(2, k), k, k, channels, channels))
    lengths = [
        n if padding == "SAME" else n + m - 1
        for n, m in zip(x.shape[1:4], w.shape[:3], strict=True)
    ]
    how = (1, *lengths, channels), 1, padding
    found, expected = (
        conv3dt.conv3d_transpose(x, w, *how, algorithm=name) for name in ("minimal", "direct")
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("beside", [0, 1, 2])
def test_no_spill_in_the_loop_over_k(storage, vectors, beside):
    machine = processor.machine()
    if beside and machine.rows[1] < ROWS_BESIDE:
        pytest.skip("nothing is made beside products here")
    for chains in (1, 2):
        rows, lanes = machine.rows[vectors - 1] // chains, lanes_of(storage)
        shape = "multiply", storage, lanes, machine.fused, rows, vectors
        tile = MinimalTile(*shape, pitch=256, chains=chains, beside=beside)
        assembly.check(assembly.loops_over_k(kernel.text(tile)), rows * vectors, beside > 0)


@WIDE
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("beside", [0, 1, 2])
@pytest.mark.parametrize("joined", [(2,), (3,), (2, 5)], ids=str)
def test_no_spill_where_products_are_joined(joined, storage, vectors, beside):
    many = len(FORMULAS[joined[0]])
    rows = processor.machine().rows[vectors - 1] // many
    shape = "joined", storage, lanes_of(storage), True, rows, vectors
    tile = MinimalTile(*shape, pitch=256, joined=joined, beside=beside)
    assembly.check(assembly.loops_over_k(kernel.text(tile)), rows * many * vectors, beside > 0)


@WIDE
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("beside", [0, 1, 2])
@pytest.mark.parametrize(("kind", "slots"), [("paired", 1), ("woven", 2)])
def test_no_spill_where_lanes_sum_even_and_odd_k(kind, slots, storage, beside):
    shape = kind, storage, lanes_of(storage), True, PAIRED_ROWS // slots
    tile = MinimalTile(*shape, pitch=256, beside=beside)
    assembly.check(assembly.loops_over_k(kernel.text(tile)), 2 * PAIRED_ROWS, beside > 0)


@pytest.mark.parametrize(("k", "stride", "ci"), [(3, 1, 64), (3, 2, 32), (4, 2, 32), (5, 2, 32)])
@pytest.mark.parametrize("co", [64, 48])
def test_some_channels_have_the_bits_of_all(co, k, stride, ci):
    """A block of one vector is summed as one of two, whatever is fastest for it."""
    rng, n = np.random.default_rng(0), 4 * stride
    shapes = (1, 4, 4, 4, ci), (k, k, k, co, ci)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    how = x, w, (1, n, n, n, co), stride, "SAME"
    whole = conv3dt.conv3d_transpose(*how, algorithm="minimal")
    for lo, hi in ((0, 16), (16, co), (5, 9)):
        region = (0, 1), (0, n), (0, n), (0, n), (lo, hi)
        part = conv3dt.conv3d_transpose(*how, algorithm="minimal", region=region, whole=x)
        np.testing.assert_array_equal(part, whole[..., lo:hi])
