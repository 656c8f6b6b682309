"""Where depthwise inputs are read: where they lie, or packed; at once, or while sums wait."""

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases, oracle


def alone(function, x, filters, *given, **options):
    """Return a depthwise layer's result from its definition, channel by channel."""
    channels = x.shape[4]
    pairs = zip(np.split(x, channels, 4), np.split(filters, channels, 4), strict=True)
    return np.concatenate([function(*pair, *given, **options) for pair in pairs], 4)


@pytest.mark.parametrize(
    ("channels", "k", "s", "lies", "waits"),
    [(32, 3, 1, True, False), (32, 5, 1, True, True), (32, 7, 1, True, True),
     (32, 5, 2, True, True), (48, 5, 1, True, False), (64, 3, 1, True, False),
     (128, 3, 1, False, False), (128, 3, 2, False, False), (128, 1, 1, True, False),
     (128, 5, 1, True, True), (256, 7, 1, False, True), (24, 7, 1, False, True)],
)  # fmt: skip
def test_depthwise_inputs_are_read_as_l1_can_hold_them(channels, k, s, lies, waits):
    rng, space = np.random.default_rng(3), (9, 10, 29)
    value = cases.integers(rng, (2, *space, channels), "float32")
    filters = cases.integers(rng, (k, k, k, 1, channels), "float32")
    given = filters, s, "SAME"
    plan = str(conv3dt.explain_conv3d(value.shape, *given, groups=channels))
    assert ("input read where it lies" in plan) == lies
    assert ("planes of sums wait" in plan) == waits
    y = conv3dt.conv3d(value, *given, groups=channels)
    shape = (*y.shape[:4], 1)
    np.testing.assert_array_equal(y, alone(oracle.conv3d, value, filters, shape, (s,) * 3, "SAME"))
