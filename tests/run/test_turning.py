"""Filters whose taps lie together or apart: every size of block and rest moves every number."""

import ml_dtypes  # noqa: F401 - registers bfloat16 with NumPy
import numpy as np
import pytest

import conv3dt
from conv3dt._run import turning
from conv3dt._runtime import team
from tests.helpers.checks import every_dtype
from tests.helpers.guarded import guarded

TAPS = ((1, 1, 1), (2, 2, 2), (3, 3, 3), (1, 4, 5), (5, 5, 5))
CHANNELS = ((1, 1), (1, 70), (70, 1), (3, 17), (16, 32), (65, 90))
THREADS = min(2, team.available())
LIE = ((0, 1, 2, 3, 4), (4, 3, 0, 1, 2), (3, 4, 0, 1, 2), (4, 0, 1, 2, 3), (3, 0, 1, 2, 4))


@pytest.fixture(autouse=True)
def small_ones(monkeypatch):
    monkeypatch.setattr(turning, "_WORTH", 0)


def drawn(shape, dtype="float32"):
    return np.random.default_rng(0).integers(-99, 99, shape).astype(dtype)


@every_dtype
@pytest.mark.parametrize("taps", TAPS)
def test_together(taps, dtype):
    for channels in CHANNELS:
        x = drawn((*taps, *channels), dtype)
        found = turning.taps_together(x, THREADS)
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, x.transpose(4, 3, 0, 1, 2))


@every_dtype
@pytest.mark.parametrize("lie", LIE)
@pytest.mark.parametrize("taps", TAPS)
def test_apart(taps, lie, dtype):
    for channels in CHANNELS:
        shape = (*taps, *channels)
        x = drawn([shape[axis] for axis in lie], dtype).transpose(np.argsort(lie))
        found = turning.in_order(x, THREADS)
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, x)


def test_gaps():
    x = drawn((3, 3, 3, 40, 50)).transpose(4, 3, 0, 1, 2)[::2].transpose(2, 3, 4, 1, 0)
    np.testing.assert_array_equal(turning.in_order(x, 1), x)


@pytest.mark.parametrize("at_end", [True, False])
def test_nothing_beyond_the_filters_is_read(at_end):
    for taps in TAPS:
        x = guarded(drawn((33, 19, *taps)), at_end)
        np.testing.assert_array_equal(
            turning.in_order(x.transpose(2, 3, 4, 1, 0), 1), x.transpose(2, 3, 4, 1, 0)
        )


@pytest.mark.parametrize(("k", "s"), [(2, 2), (3, 1), (4, 2)])
@pytest.mark.parametrize("lie", [LIE[1], LIE[2]])
@pytest.mark.parametrize(("n", "co"), [(4, 8), (1, 98)])
def test_taps_that_lie_together_are_packed(n, co, lie, k, s):
    """Ahead for several tasks, else by the task: more input channels than are packed at once."""
    x, shape = drawn((n, 9, 9, 9, 83)), (n, *(9 * s,) * 3, co)
    w = drawn([(k, k, k, co, 83)[axis] for axis in lie]).transpose(np.argsort(lie))
    how = {"algorithm": "direct", "threads": 1}
    by_tasks = "packed by the task" in str(conv3dt.explain(x.shape, w.shape, shape, s, **how))
    assert by_tasks == (n == 1)
    found = conv3dt.conv3d_transpose(x, w, shape, s, **how)
    wanted = conv3dt.conv3d_transpose(x, np.ascontiguousarray(w), shape, s, **how)
    np.testing.assert_array_equal(found, wanted)


def test_filters_that_tiles_read_where_they_lie():
    """Few positions and many channels, whose filters lie as PyTorch's do."""
    w = drawn((64, 48, 3, 3, 3)).transpose(2, 3, 4, 1, 0)
    x = drawn((1, 2, 2, 2, 64))
    found = conv3dt.conv3d_transpose(x, w, (1, 2, 2, 2, 48), 1)
    wanted = conv3dt.conv3d_transpose(x, np.ascontiguousarray(w), (1, 2, 2, 2, 48), 1)
    np.testing.assert_array_equal(found, wanted)
