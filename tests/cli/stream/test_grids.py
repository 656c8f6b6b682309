"""How results are cut: legal for zarr, handy, and such that levels fit."""

from math import prod
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.formats.zarr_layout import Pieces
from conv3dt.cli.stream import grids

SPACE = (0, 1, 2)


@pytest.mark.parametrize(
    ("shape", "itemsize", "wanted"),
    [
        ((2000, 2000, 2000), 4, (128, 128, 128)),
        ((2000, 2000, 2000), 8, (128, 128, 128)),
        ((64, 64, 64), 4, (64, 64, 64)),
        ((65, 65, 65), 4, (64, 64, 64)),
        ((100, 90, 80), 2, (64, 64, 64)),
        ((1, 500, 5000), 4, (1, 128, 128)),
    ],
)
def test_chunks_that_nobody_asked_for(shape: Any, itemsize: int, wanted: Any) -> None:
    assert grids.default(shape, SPACE, itemsize) == wanted


@pytest.mark.parametrize("channels", [1, 3, 16, 100, 5000])
def test_chunks_of_channels(channels: int) -> None:
    found = grids.default((4, 300, 300, 300, channels), (1, 2, 3), 4, (4,))
    assert found[0] == 1
    assert prod(found) * 4 <= 2**25
    assert prod(found) * 4 >= 2**22
    assert found[4] == channels or channels > 64


@pytest.mark.parametrize(
    ("chunks", "shards", "wanted"),
    [
        (None, None, Pieces((10, 10, 10), (20, 20, 20))),
        ((32, 16, 8), None, Pieces((32, 16, 8), (32, 16, 16))),
        ((5, 5, 5), None, Pieces((5, 5, 5), (20, 20, 20))),
        ((16, 16, 16), (64, 32, 16), Pieces((16, 16, 16), (64, 32, 16))),
        ((16, 16, 16), (640, 320, 160), Pieces((16, 16, 16), (112, 112, 112))),
        ((500, 500, 500), (500, 500, 500), Pieces((100, 100, 100), (100, 100, 100))),
        (None, (50, 50, 50), Pieces((10, 10, 10), (50, 50, 50))),
    ],
)
def test_what_is_asked_for(chunks: Any, shards: Any, wanted: Pieces) -> None:
    kept = Pieces((10, 10, 10), (20, 20, 20))
    assert grids.chosen((100, 100, 100), SPACE, kept, chunks, shards, 0) == wanted


def test_shards_that_are_no_multiples() -> None:
    got = "got shards 100 x 100 x 100 of chunks 64 x 64 x 64"
    with pytest.raises(ValueError, match=f"a shard must be a multiple of its chunk.*{got}"):
        grids.chosen((999,) * 3, SPACE, Pieces((8,) * 3), (64,) * 3, (100,) * 3, 0)


def test_levels_want_even_chunks() -> None:
    found = grids.chosen((99, 99, 15), SPACE, Pieces((15, 16, 15), (30, 32, 15)), None, None, 2)
    assert found == Pieces((16, 16, 15), (16, 32, 15))
    with pytest.raises(ValueError, match=r"must be even .* got 15 x 15 x 15"):
        grids.chosen((99, 99, 15), SPACE, Pieces((8, 8, 8)), (15, 15, 15), None, 1)


def test_levels_of_any_grid_have_one_writer() -> None:
    """A coarser unit lies over 2 x 2 x 2 whole units, whatever is asked for."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        shape = tuple(map(int, rng.integers(1, 90, 3)))
        kept = Pieces(tuple(map(int, rng.integers(1, 40, 3))))
        chunks = tuple(map(int, 2 * rng.integers(1, 20, 3))) if rng.random() < 0.5 else None
        times = rng.integers(1, 4, 3)
        shards: Any = None
        if chunks and rng.random() < 0.5:
            shards = tuple(int(c * n) for c, n in zip(chunks, times, strict=True))
        try:
            pieces = grids.chosen(shape, SPACE, kept, chunks, shards, 3)  # type: ignore[arg-type]
        except ValueError:
            continue  # a chunk that was cut to the array is no part of a shard
        fine, extents = shape, pieces.shards or pieces.chunks
        for level in range(1, 4):
            coarse = grids.coarser(shape, SPACE, level)
            found = grids.fitted(pieces, coarse)
            units = found.shards or found.chunks
            for n, m, size, half in zip(fine, coarse, extents, units, strict=True):
                assert m == -(-n // 2)
                # each unit's cells lie in one unit, and units pair up
                assert size % 2 == 0 or size >= n
                assert half == size or half >= m
            fine, extents = coarse, units
