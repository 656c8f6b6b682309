"""Where depthwise inputs are read: where they lie, or packed."""

import numpy as np
import pytest

import conv3dt
from tests.helpers import cases, oracle


@pytest.mark.parametrize(
    ("channels", "k", "s", "lies"),
    [(32, 3, 1, True), (32, 5, 1, False), (32, 7, 1, True), (32, 5, 2, True), (48, 5, 1, True),
     (64, 3, 1, True), (128, 3, 1, False), (128, 3, 2, False), (128, 1, 1, True)],
)  # fmt: skip
def test_depthwise_inputs_are_packed_where_l1_would_lose_them(channels, k, s, lies):
    rng, space = np.random.default_rng(3), (9, 10, 29)
    value = cases.integers(rng, (2, *space, channels), "float32")
    filters = cases.integers(rng, (k, k, k, 1, channels), "float32")
    given = filters, s, "SAME"
    plan = conv3dt.explain_conv3d(value.shape, *given, groups=channels)
    assert ("input read where it lies" in str(plan)) == lies
    y = conv3dt.conv3d(value, *given, groups=channels)
    alone = (*y.shape[:4], 1)
    wanted = [
        oracle.conv3d(*one, alone, (s,) * 3, "SAME")
        for one in zip(np.split(value, channels, 4), np.split(filters, channels, 4), strict=True)
    ]
    np.testing.assert_array_equal(y, np.concatenate(wanted, 4))
