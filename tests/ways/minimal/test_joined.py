"""Products whose outputs along the width are all that is stored."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._ways.minimal import kernel
from conv3dt._ways.minimal.formulas import FORMULAS
from conv3dt._ways.minimal.tile import MinimalTile
from tests.helpers.kernels import call, lanes_of

COUNT, PITCH = 3, 64
FORMS = [(2,), (3,), (4,), (5,), (6,), (2, 2), (3, 5), (2, 6)]


def defined(a, b, joined):
    """Return the outputs [position][output][column] of inputs [position][product][k]."""
    y, n, first = 0, 0, 0
    for formula in (FORMULAS[number] for number in joined):
        for slot, _, *signs in formula:
            y = y + np.array(signs)[:, None] * (a[:, n] @ b[first + slot])[:, None]
            n += 1
        first += 1 + max(slot for slot, *_ in formula)
    return y


@pytest.mark.parametrize("chains", [1, 2])
@pytest.mark.parametrize("length", [16, 13, 1])
@pytest.mark.parametrize(("rows", "vectors"), [(1, 1), (3, 2), (4, 2)])
@pytest.mark.parametrize("joined", FORMS, ids=str)
def test_outputs_are_those_of_all_products(joined, rows, vectors, length, chains):
    lanes, rng = lanes_of("float32"), np.random.default_rng(0)
    products = sum(len(FORMULAS[n]) for n in joined)
    slots = sum(1 + max(slot for slot, *_ in FORMULAS[n]) for n in joined)
    a = rng.integers(-4, 5, (rows * COUNT, products, PITCH // 4)).astype(np.float32)
    b = rng.integers(-4, 5, (slots, length, vectors * lanes)).astype(np.float32)
    c = np.full((rows * COUNT + 1, 2, vectors * lanes), 77, np.float32)
    fused, state = processor.machine().fused, np.zeros(2, np.int64)
    tile = MinimalTile(
        "joined", "float32", lanes, fused, rows, vectors, pitch=PITCH, chains=chains, joined=joined
    )
    at_a, at_b, at_c, at_state = (x.ctypes.data for x in (a, b, c, state))
    call(kernel.address(tile), (at_a, at_b, at_c, length, COUNT, at_b, at_state))
    np.testing.assert_array_equal(c[:-1], defined(a[..., :length], b, joined))
    assert (c[-1] == 77).all()
