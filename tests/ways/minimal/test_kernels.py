"""Machine code of the minimal way's kernels."""

from itertools import product

import pytest

from conv3dt._compiler import processor
from conv3dt._ways.minimal import kernel
from conv3dt._ways.minimal.formulas import HALVES
from conv3dt._ways.minimal.sizes import most_tiles
from conv3dt._ways.minimal.tile import MinimalTile
from tests.helpers import assembly
from tests.helpers.kernels import lanes_of


@pytest.mark.skipif(not processor.machine().fused, reason="products are not single instructions")
@pytest.mark.parametrize("storage", ["float32", "float64"])
@pytest.mark.parametrize("vectors", [1, 2])
def test_no_spill_in_the_loop_over_k(storage, vectors):
    machine = processor.machine()
    for formula, half, chains in product((1, 2, 3), (-1, 0, 1), (1, 2)):
        if half >= 0 and formula not in HALVES:
            continue
        how = {"formula": formula, "half": half, "pitch": 256, "chains": chains}
        shape = "multiply", storage, lanes_of(storage), machine.fused
        products = len(MinimalTile(*shape, **how).products)
        rows = most_tiles(machine, vectors, chains * products)
        if rows > 1:
            tile = MinimalTile(*shape, rows, vectors, **how)
            found = assembly.loops_over_k(kernel.text(tile))
            for size in (rows, rows - 1):
                same = [x for x in found if not len(_products(x)) % (size * products * vectors)]
                assembly.check(same, size * products * vectors)


def _products(loop):
    """Return the lines of a loop that multiply."""
    return [line for line in loop if assembly.PRODUCT.search(line)]
