"""Chunks of results follow those of inputs."""

from types import SimpleNamespace

import pytest

from conv3dt._run.blocks.cuts import chunks_of


@pytest.mark.parametrize(
    ("stride", "chunks", "length", "expected"),
    [
        ((2, 1), (4, 4, 3), 22, (8, 8, 6)),
        ((2, 1), (4, 4, 3), 19, (8, 8, 3)),
        ((2, 1), (4, 4, 3), 15, (8, 7)),
        ((2, 1), (4, 4), 17, (8, 8, 1)),  # 'VALID': outputs behind
        ((1, 1), (4, 4), 11, (4, 4, 3)),
        ((3, 1), (5,), 15, (15,)),
        ((3, 1), (2, 5, 1), 24, (6, 15, 3)),
        ((3, 1), (2, 5, 1), 30, (6, 15, 3, 6)),
        ((1, 2), (4, 4, 2), 5, (2, 2, 1)),
        ((1, 2), (3, 3, 3), 5, (1, 1, 1, 1, 1)),
        ((1, 2), (1, 1, 1), 2, (1, 1)),
        ((1, 2), (2, 5, 2), 5, (1, 3, 1)),
        ((0, 0), (3, 3), 7, (7,)),
        ((2, 1), (0,), 0, (0,)),
    ],
)
def test_chunks(stride, chunks, length, expected):
    found = chunks_of(SimpleNamespace(strides=(stride,), output_shape=(length,)), (chunks,))
    assert found == (expected,)
    assert sum(expected) == length
