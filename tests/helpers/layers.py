"""Layers that between them need every kind of row, and numbers whose sums are exact."""

import numpy as np

from tests.helpers import oracle


def integers(shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(dtype)


def expected(x, w, output, strides, padding="SAME", dilations=1, data_format="NDHWC"):
    return oracle.conv3d_transpose(
        x, w, output, (strides,) * 3, padding, (dilations,) * 3, data_format
    )


# A row along the width, groups of rows in height, groups of images; tails of channels; long sums.
LAYERS = {
    "width": ((1, 3, 4, 33, 5), (3, 3, 3, 17, 5), 2),
    "height and width": ((1, 3, 9, 3, 7), (2, 3, 3, 33, 7), 2),
    "batch": ((17, 1, 2, 1, 9), (3, 3, 3, 40, 9), 1),
    "chunks": ((1, 2, 3, 15, 130), (2, 2, 2, 16, 130), 2),
    "few channels": ((2, 3, 3, 5, 1), (5, 4, 3, 1, 1), 3),
    "three vectors": ((1, 2, 3, 19, 4), (3, 3, 3, 48, 4), 1),
    "k less than s": ((1, 2, 3, 5, 3), (1, 2, 1, 4, 3), 3),
}
