"""Inputs combined along the depth: each product has its own, in the order of its line."""

import random

import pytest

from conv3dt._geometry.axes import transposed_axis
from conv3dt._ways.minimal.blends import blends_of, shared
from conv3dt._ways.minimal.formulas import Frame, program


def drawn(seed):
    rng = random.Random(seed)
    k, s, d, i = rng.randint(1, 8), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 30)
    o, p = rng.randint(1, 60), rng.randint(-3, 4)
    frame = Frame(rng.randint(0, 9), rng.randint(0, 3), rng.randint(0, 3))
    return program(transposed_axis(i, k, s, d, o, p), frame), rng.choice((1, 2, 4))


@pytest.mark.parametrize("seed", range(200))
def test_each_product_has_its_inputs_in_the_order_of_its_line(seed):
    found, cut = drawn(seed)
    used = [[] for _ in found.lines]
    for number, block in enumerate(blends_of(found, cut, shared(found))):
        for blend in block:
            for use in blend.uses:
                assert use.u // cut == number
                used[use.line].append((use.u, use.product, blend.terms))
    for line, uses in zip(found.lines, used, strict=True):
        expected, number = [], 0
        for u in range(line.tiles):
            terms = [entry.terms for entry in found.entries(line, u)]
            expected += [(u, number + n, x) for n, x in enumerate(terms)] or [(u, -1, ())]
            number += len(terms)
        assert uses == expected


@pytest.mark.parametrize("seed", range(200))
def test_of_a_line_one_tile_is_in_work(seed):
    """Its sums lie where those of the tile before lay; of all lines one is, if they share none."""
    found, cut = drawn(seed)
    for block in blends_of(found, cut, shared(found)):
        open_tiles = {}
        for blend in block:
            for use in blend.uses:
                assert open_tiles.setdefault(use.line, use.u) == use.u
            assert len({use.line for use in blend.uses}) == 1 or shared(found)
            assert len(open_tiles) == 1 or shared(found)
            for use in blend.uses:
                if use.last:
                    del open_tiles[use.line]
        assert not open_tiles


@pytest.mark.parametrize(("k", "products", "blends"), [(4, 6, 4), (3, 5, 4), (2, 4, 2), (5, 7, 7)])
def test_phases_of_stride_2_share(k, products, blends):
    """Of four outputs of kernel 4, products have six inputs, of which four are different."""
    tiles = 16
    found = program(transposed_axis(2 * tiles, k, 2, 1, 4 * tiles, (k - 2) // 2), Frame(0, 0, 0))
    assert found.products == products * tiles
    # What the last tile of a block shares with the first of the next is made twice.
    for together, count in ((True, 4 * blends + (k == 4)), (False, 4 * products)):
        assert len(blends_of(found, 4, together)[2]) == count
