"""What cannot be had is said before any work; scratch has a limit."""

import numpy as np
import pytest

import conv3dt
from conv3dt._runtime import memory, team


def test_memory_that_cannot_be_had_is_an_error_before_any_work(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1 << 20)
    x, w = np.zeros((1, 8, 8, 8, 1), np.float32), np.zeros((1, 1, 1, 1000, 1), np.float32)
    with pytest.raises(MemoryError, match=r"needs 0\.12 GiB .* 0\.00 GiB can be had"):
        conv3dt.conv3d_transpose(x, w, [1, 32, 32, 32, 1000], 4)


def test_more_memory_than_there_is():
    w = np.zeros((1, 1, 1, 1, 1), np.float32)
    x = np.broadcast_to(np.float32(0), (1 << 20, 1, 1, 1, 1))
    with pytest.raises(MemoryError, match="GiB"):
        conv3dt.conv3d_transpose(x, w, [1 << 20, 1 << 10, 1 << 10, 1 << 10, 1], 1 << 10)


@pytest.mark.parametrize(
    "layer",
    [
        ((1, 64, 64, 64, 64), (2, 2, 2, 32, 64), 2),
        ((8, 4, 4, 4, 512), (4, 4, 4, 256, 512), 2),
        ((1, 40, 40, 2000, 3), (5, 5, 5, 3, 3), 1),
        ((1, 3, 3, 3, 5000), (3, 3, 3, 8, 5000), 1),
        ((1, 1, 1, 1 << 22, 1), (1, 1, 3, 1, 1), 2),
        ((4, 8, 8, 64, 10_000), (5, 5, 5, 16, 10_000), 2),
        ((4, 8, 8, 64, 10_000), (3, 3, 3, 1, 10_000), 1),
    ],
    ids=str,
)
def test_scratch_stays_below_32_megabytes(layer):
    x_shape, w_shape, s = layer
    output = [x_shape[0], *(i * s for i in x_shape[1:4]), w_shape[3]]
    for threads in (1, 2):
        if threads <= team.available():
            plan = conv3dt.explain(x_shape, w_shape, output, s, threads=threads)
            assert plan.scratch < 32 << 20


def test_an_answer_holds_for_a_moment_for_a_small_part_of_it(monkeypatch):
    """To ask takes up to a millisecond."""
    asked = []
    monkeypatch.setattr(memory, "available", lambda: asked.append(1) or 1 << 40)
    for _ in range(3):
        memory.require(1 << 30, "test")
    assert len(asked) == 1
    memory.require(1 << 39, "test")
    assert len(asked) == 2
    monkeypatch.setattr(memory, "available", lambda: 1 << 20)
    with pytest.raises(MemoryError):
        memory.require(1 << 30, "test")
