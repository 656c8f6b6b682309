"""Rows of inputs that are combined beside products."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._ways.minimal import kernel
from conv3dt._ways.minimal.task import Stream
from conv3dt._ways.minimal.tile import MinimalTile
from tests.helpers.kernels import call, lanes_of

ROWS, COUNT, PITCH = 4, 3, 64
LENGTHS = 5, 2, 60  # vectors of the streams; there is time for less than all
ALONE = 1  # the stream that has one row

# Kernel, vectors, and how many loops over k a register tile has.
KINDS = [
    ("multiply", 1, 1),
    ("multiply", 2, 1),
    ("paired", 1, 1),
    ("joined", 2, 1),
    ("woven", 1, 2),
]


def streams_of(rows, nothing, y, size):
    """Return the records of streams; the last is followed by the first."""
    streams = np.zeros((len(LENGTHS), Stream.SIZE // 8), np.int64)
    for n, vectors in enumerate(LENGTHS):
        other, step = (nothing, 0) if n == ALONE else (rows[1, n], size)
        following = streams.ctypes.data + Stream.SIZE * ((n + 1) % len(LENGTHS))
        places = rows[0, n].ctypes.data, other.ctypes.data, y[n].ctypes.data
        streams[n] = *places, size, step, vectors, following
    return streams


@pytest.mark.parametrize("length", [16, 13])
@pytest.mark.parametrize("beside", [0, 1, 2])
@pytest.mark.parametrize(("kind", "vectors", "loops"), KINDS)
def test_a_vector_for_every_two_k(kind, vectors, loops, beside, length):
    lanes, rng = lanes_of("float32"), np.random.default_rng(0)
    rows = rng.standard_normal((2, len(LENGTHS), 60 * lanes)).astype(np.float32)
    rows[1, ALONE] = 0
    nothing, y = np.zeros(lanes, np.float32), np.zeros_like(rows[0])
    streams = streams_of(rows, nothing, y, 4 * lanes)
    joined = (3,) if kind in ("joined", "woven") else ()
    slots, made = (4, 2) if joined else (1, 1)
    a = rng.integers(-4, 5, (ROWS * COUNT, slots, PITCH // 4)).astype(np.float32)
    b = rng.integers(-4, 5, (slots, length, vectors * lanes)).astype(np.float32)
    c = np.zeros((ROWS * COUNT, made, vectors * lanes), np.float32)
    state = np.array([streams.ctypes.data, 0], np.int64)
    shape = kind, "float32", lanes, processor.machine().fused, ROWS, vectors
    tile = MinimalTile(*shape, pitch=PITCH, beside=beside, joined=joined)
    at_a, at_b, at_c, at_state = (x.ctypes.data for x in (a, b, c, state))
    call(kernel.address(tile), (at_a, at_b, at_c, length, COUNT, at_b, at_state))
    products = np.einsum("msk,skj->smj", a[..., :length], b)
    found = c.transpose(1, 0, 2)
    np.testing.assert_array_equal(found, outputs(products) if joined else products)
    left = loops * COUNT * (length // 2) if beside else 0
    for n, vectors in enumerate(LENGTHS):
        done = min(left, vectors) * lanes
        x, other = rows[:, n, :done]
        np.testing.assert_array_equal(y[n, :done], x + other if beside == 2 else x - other)
        assert not y[n, done:].any()
        left -= min(left, vectors)
    before = sum(LENGTHS[:-1])
    vectors_of_last = loops * COUNT * (length // 2) - before
    expected = [Stream.SIZE * (len(LENGTHS) - 1), vectors_of_last] if beside else [0, 0]
    assert [state[0] - streams.ctypes.data, state[1]] == expected


def outputs(m):
    """Return what F(2,3) makes of its products."""
    return np.stack([m[0] + m[1] + m[2], m[1] - m[2] - m[3]])
