"""Answers of TensorFlow's own tests and of TensorFlow itself, as data."""

from typing import NamedTuple

import numpy as np

# ---- TensorFlow's tests of conv3d_transpose ------------------------------------------------------
# All with value ones (2, 5, 6, 4, 3) and filters ones (3, 3, 3, 2, 3). Counts say how often inputs
# reach a place on one axis; an output is 3 (the input channels) times the product of its counts.


def counts_stride_one(length):
    return np.array([2, *[3] * (length - 2), 2])


def counts_stride_two_same(length):
    return np.array([2 if 0 < x < length - 1 and x % 2 == 0 else 1 for x in range(length)])


def counts_stride_two_valid(length):
    return np.array([2 if 1 < x < length - 2 and x % 2 == 0 else 1 for x in range(length)])


ONES = {  # name: output extents, strides, padding, counts
    "T1 single stride": ((5, 6, 4), [1, 1, 1, 1, 1], "SAME", counts_stride_one),
    "T2 same": ((10, 12, 8), [1, 2, 2, 2, 1], "SAME", counts_stride_two_same),
    "T5 valid": ((11, 13, 9), [1, 2, 2, 2, 1], "VALID", counts_stride_two_valid),
}


def ones_answer(name):
    """The expected output of a row of ONES, shape (2, *extents, 2)."""
    extents, _, _, counts = ONES[name]
    d, h, w = (counts(length) for length in extents)
    volume = 3.0 * np.einsum("d,h,w->dhw", d, h, w)
    return np.broadcast_to(volume[None, ..., None], (2, *extents, 2))


# ---- TensorFlow's tests of the gradient of conv3d with respect to its input ----------------------


class Gradient(NamedTuple):
    """Image (batch, *extents, co), filters (*kernel, co, ci), forward result of ci channels."""

    batch: int
    extents: tuple[int, int, int]
    kernel: tuple[int, int, int]
    co: int
    ci: int
    strides: tuple[int, int, int]
    padding: str
    dilations: tuple[int, int, int] = (1, 1, 1)


GRADIENTS = {
    "ValidPaddingStrideOne": Gradient(2, (3, 5, 4), (3, 3, 3), 2, 3, (1, 1, 1), "VALID"),
    "ValidPaddingStrideTwo": Gradient(2, (6, 3, 5), (3, 3, 3), 2, 3, (2, 2, 2), "VALID"),
    "ValidPaddingStrideThree": Gradient(2, (3, 7, 6), (3, 3, 3), 2, 3, (3, 3, 3), "VALID"),
    "SamePaddingStrideOne": Gradient(2, (3, 2, 2), (3, 2, 1), 2, 1, (1, 1, 1), "SAME"),
    "SamePaddingStrideTwo": Gradient(2, (6, 3, 4), (3, 3, 3), 2, 3, (2, 2, 2), "SAME"),
    "SamePaddingStrideThree": Gradient(2, (9, 3, 6), (3, 3, 3), 2, 3, (3, 3, 3), "SAME"),
    "SamePaddingDifferentStrides": Gradient(1, (5, 8, 7), (1, 2, 3), 2, 3, (2, 3, 1), "SAME"),
    "KernelSizeMatchesInputSize": Gradient(2, (5, 4, 3), (5, 4, 3), 2, 3, (1, 1, 1), "VALID"),
    "ValidPaddingStrideOneFastPath": Gradient(2, (3, 5, 4), (2, 2, 2), 8, 2, (1, 1, 1), "VALID"),
    "Dilation": Gradient(1, (3, 6, 1), (2, 2, 1), 1, 1, (1, 1, 1), "VALID", (2, 1, 1)),
}
GRADIENT_TOLERANCE = {"float64": 1e-8, "float32": 5e-3, "float16": 1e-3, "bfloat16": 1e-2}

# ---- one axis, every accepted output length, measured with TensorFlow 2.15.1 ---------------------
# Value 1, 10, 100 and filters 1, 2, ..., k along the axis. Columns: padding | k, stride, dilation,
# output length, front crop | answer.

AXIS_TEXT = """
SAME  | 2 1 1 3 0 | 1 12 120
VALID | 2 1 1 4 0 | 1 12 120 200
SAME  | 2 1 2 3 1 | 10 102 20
VALID | 2 1 2 5 0 | 1 10 102 20 200
SAME  | 2 2 1 5 0 | 1 2 10 20 100
SAME  | 2 2 1 6 0 | 1 2 10 20 100 200
VALID | 2 2 1 6 0 | 1 2 10 20 100 200
VALID | 2 2 1 7 0 | 1 2 10 20 100 200 0
SAME  | 2 2 2 5 1 | 0 12 0 120 0
SAME  | 2 2 2 6 0 | 1 0 12 0 120 0
VALID | 2 2 2 7 0 | 1 0 12 0 120 0 200
VALID | 2 2 2 8 0 | 1 0 12 0 120 0 200 0
SAME  | 2 3 1 7 0 | 1 2 0 10 20 0 100
SAME  | 2 3 1 8 0 | 1 2 0 10 20 0 100 200
SAME  | 2 3 1 9 0 | 1 2 0 10 20 0 100 200 0
VALID | 2 3 1 8 0 | 1 2 0 10 20 0 100 200
VALID | 2 3 1 9 0 | 1 2 0 10 20 0 100 200 0
VALID | 2 3 1 10 0 | 1 2 0 10 20 0 100 200 0 0
SAME  | 2 3 2 7 1 | 0 2 10 0 20 100 0
SAME  | 2 3 2 8 0 | 1 0 2 10 0 20 100 0
SAME  | 2 3 2 9 0 | 1 0 2 10 0 20 100 0 200
VALID | 2 3 2 9 0 | 1 0 2 10 0 20 100 0 200
VALID | 2 3 2 10 0 | 1 0 2 10 0 20 100 0 200 0
VALID | 2 3 2 11 0 | 1 0 2 10 0 20 100 0 200 0 0
SAME  | 3 1 1 3 1 | 12 123 230
VALID | 3 1 1 5 0 | 1 12 123 230 300
SAME  | 3 1 2 3 2 | 102 20 203
VALID | 3 1 2 7 0 | 1 10 102 20 203 30 300
SAME  | 3 2 1 5 1 | 2 13 20 130 200
SAME  | 3 2 1 6 0 | 1 2 13 20 130 200
VALID | 3 2 1 7 0 | 1 2 13 20 130 200 300
VALID | 3 2 1 8 0 | 1 2 13 20 130 200 300 0
SAME  | 3 2 2 5 2 | 12 0 123 0 230
SAME  | 3 2 2 6 1 | 0 12 0 123 0 230
VALID | 3 2 2 9 0 | 1 0 12 0 123 0 230 0 300
VALID | 3 2 2 10 0 | 1 0 12 0 123 0 230 0 300 0
SAME  | 3 3 1 7 1 | 2 3 10 20 30 100 200
SAME  | 3 3 1 8 0 | 1 2 3 10 20 30 100 200
SAME  | 3 3 1 9 0 | 1 2 3 10 20 30 100 200 300
VALID | 3 3 1 9 0 | 1 2 3 10 20 30 100 200 300
VALID | 3 3 1 10 0 | 1 2 3 10 20 30 100 200 300 0
VALID | 3 3 1 11 0 | 1 2 3 10 20 30 100 200 300 0 0
SAME  | 3 3 2 7 2 | 2 10 3 20 100 30 200
SAME  | 3 3 2 8 1 | 0 2 10 3 20 100 30 200
SAME  | 3 3 2 9 1 | 0 2 10 3 20 100 30 200 0
VALID | 3 3 2 11 0 | 1 0 2 10 3 20 100 30 200 0 300
VALID | 3 3 2 12 0 | 1 0 2 10 3 20 100 30 200 0 300 0
VALID | 3 3 2 13 0 | 1 0 2 10 3 20 100 30 200 0 300 0 0
"""


class AxisRow(NamedTuple):
    padding: str
    k: int
    stride: int
    dilation: int
    length: int
    crop: int
    answer: tuple[int, ...]


def axis_row(line):
    padding, numbers, answer = (part.strip() for part in line.split("|"))
    return AxisRow(padding, *map(int, numbers.split()), tuple(map(int, answer.split())))


AXIS = [axis_row(line) for line in AXIS_TEXT.strip().splitlines()]


def axis_id(row):
    return "-".join(map(str, row[:5]))
