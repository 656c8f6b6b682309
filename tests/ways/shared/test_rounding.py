"""Results are rounded to bfloat16 as the definition says, whatever instruction does it."""

import numpy as np
import pytest

from conv3dt._compiler import processor
from conv3dt._compiler.plain import PLAIN
from conv3dt._geometry.storages import PAIRS
from conv3dt._ways.channels.kernel import address
from conv3dt._ways.channels.tile import ChannelTile
from tests.helpers.kernels import aligned, call, lanes_of

SPECIAL = [0x7F800000, 0xFF800000, 0x7F800001, 0xFFC12345, 0x7F7FFFFF, 0x80000000, 0x3F808000]
SPECIAL += [0x3F818000, 0x3F807FFF, 0x3F808001, 0x00800000, 0x807FFFFF, 0x00000001, 0x007F8000]


def numbers(count, seed):
    """Return float32 with any bits: special ones first, then of all exponents, NaN among them."""
    bits = np.random.default_rng(seed).integers(0, 1 << 32, count, np.uint32)
    bits[: len(SPECIAL)] = SPECIAL
    return bits.view(np.float32)


def rounded(x, flushed):
    """Return the bits of the nearest bfloat16, of two the even one; a NaN is made quiet."""
    bits = x.view(np.uint32)
    if flushed:
        bits = np.where(np.abs(x) < np.float32(2.0**-126), bits & 0x80000000, bits)
    upper, rest = bits >> 16, bits & 0xFFFF
    up = (rest > 0x8000) | ((rest == 0x8000) & (upper % 2 == 1))
    return np.where(np.isnan(x), upper | 0x40, upper + up).astype(np.uint16)


@pytest.mark.skipif(not (processor.machine().pairs or PLAIN), reason="multiplies no pairs")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("vectors", [1, 2, 3])
@pytest.mark.parametrize("short", [0, 3])
def test_sums_of_pairs_are_rounded_to_the_nearest(vectors, short, spread, streamed):
    """Of no taps: each position is the bias. On x86 subnormal numbers are zero, as in products."""
    lanes = lanes_of(PAIRS)
    tile = ChannelTile(
        PAIRS, lanes, True, 1, 2, 0, 7, vectors, lanes - short, spread, "linear", streamed
    )
    width = vectors * lanes
    for seed in range(20):
        bias = aligned(width, np.float32, numbers(width + len(SPECIAL), seed)[seed % 14 :][:width])
        c = aligned((2, width), np.uint16, 77)
        at = c.ctypes.data
        call(address(tile), (0, 0, 0, bias.ctypes.data, at, 0, 2 * width, 2, 0, 0))
        expected = rounded(bias, processor.host().isa != "neon")[: width - short]
        np.testing.assert_array_equal(c[0, : width - short], expected)
        np.testing.assert_array_equal(c[1, : width - short], expected)
        assert (c[:, width - short :] == 77).all()


@pytest.mark.skipif(not (processor.machine().pairs or PLAIN), reason="multiplies no pairs")
@pytest.mark.parametrize("activation", ["leaky_relu", "relu", "relu6", "sigmoid", "gelu"])
def test_the_bits_do_not_depend_on_where_they_are_stored(activation):
    """Subnormal numbers that an activation makes are zero past the caches, too."""
    lanes, found = lanes_of(PAIRS), []
    bias = aligned(2 * lanes, np.float32, numbers(2 * lanes, 0))
    small = np.float32(1.5e-38) * np.arange(1, lanes + 1, dtype=np.float32)
    bias[-lanes:] = np.where(np.arange(lanes) % 2, -small, -88 - small / np.float32(1e-38))
    for streamed in (False, True):
        tile = ChannelTile(
            PAIRS, lanes, True, 1, 1, 0, 0, 2, lanes, False, activation, streamed=streamed
        )
        c = aligned(2 * lanes, np.uint16, 77)
        at = (bias.ctypes.data, c.ctypes.data)
        call(address(tile), (0, 0, 0, *at, 0, 0, 2, 0, 0))
        found.append(c)
    np.testing.assert_array_equal(*found)
