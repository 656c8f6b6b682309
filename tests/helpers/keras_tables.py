"""Answers of Keras to its own tests, as data."""

from typing import NamedTuple

# ---- lengths: (input, kernel, padding, output_padding, stride, dilation) -> output ---------------

LENGTHS = {
    (4, 2, "same", None, 1, 1): 4,
    (4, 2, "same", None, 2, 1): 8,
    (4, 2, "valid", None, 1, 1): 5,
    (4, 2, "valid", None, 2, 1): 8,
    (4, 2, "full", None, 1, 1): 3,
    (4, 2, "full", None, 2, 1): 6,
    (4, 2, "same", 2, 1, 1): 5,
    (4, 2, "same", 1, 2, 1): 7,
    (4, 2, "valid", 2, 1, 1): 7,
    (4, 2, "valid", 1, 2, 1): 9,
    (4, 2, "full", 2, 1, 1): 5,
    (4, 2, "full", 1, 2, 1): 7,
    (4, 2, "same", 1, 1, 2): 5,
    (4, 2, "valid", 2, 2, 3): 12,
    (4, 2, "full", 2, 2, 3): 6,
    (5, 3, "valid", None, 2, 1): 11,
    (5, 3, "same", None, 2, 1): 10,
    (5, 3, "valid", 1, 2, 1): 12,
}

# ---- layers of Keras 2 and 3: options, input, output ---------------------------------------------


class Shape(NamedTuple):
    """A layer of `filters` and `kernel_size`, and what it makes of a shape."""

    filters: int
    kernel_size: object
    options: dict
    input_shape: tuple
    output_shape: tuple


SIX = (2, 5, 7, 6, 3)
EIGHT = (2, 8, 8, 8, 4)
TWICE = {"strides": (2, 2, 2)}
SHAPES = {
    "K1 padding_valid": Shape(2, 3, {"padding": "valid"}, SIX, (2, 7, 9, 8, 2)),
    "K2 padding_same": Shape(2, 3, {"padding": "same"}, SIX, (2, 5, 7, 6, 2)),
    "K3 strides": Shape(2, 3, TWICE, SIX, (2, 11, 15, 13, 2)),
    # Keras 2 ignores the dilation and makes (2, 7, 9, 8, 2).
    "K4 dilation_rate": Shape(2, 3, {"dilation_rate": (2, 2, 2)}, SIX, (2, 9, 11, 10, 2)),
    "K6 strides_output_padding": Shape(
        2, 3, {**TWICE, "output_padding": (1, 1, 1)}, SIX, (2, 12, 16, 14, 2)
    ),
    "X1": Shape(5, 2, {"strides": 2, "padding": "valid"}, EIGHT, (2, 16, 16, 16, 5)),
    "X2": Shape(
        6,
        2,
        {"strides": 3, "padding": "same", "output_padding": 2, "dilation_rate": (1, 1, 1)},
        EIGHT,
        (2, 23, 23, 23, 6),
    ),
    "X3": Shape(6, (2, 2, 3), {"strides": (2, 1, 2), "padding": "valid"}, EIGHT, (2, 16, 9, 17, 6)),
}

# ---- one axis, measured with Keras 2.15 ----------------------------------------------------------
# Kernel 1, 2, ..., k along the axis and input 1, 10, 100. Columns: padding, k, stride, output
# padding, output length | answer; - where TensorFlow fails.

AXIS_TEXT = """
valid 1 1 None 3  | 1 10 100
valid 1 1 0    3  | 1 10 100
same  1 1 None 3  | 1 10 100
same  1 1 0    3  | 1 10 100
valid 1 2 None 6  | 1 0 10 0 100 0
valid 1 2 0    5  | 1 0 10 0 100
valid 1 2 1    6  | 1 0 10 0 100 0
same  1 2 None 6  | 1 0 10 0 100 0
same  1 2 0    5  | 1 0 10 0 100
same  1 2 1    6  | 1 0 10 0 100 0
valid 1 3 None 9  | 1 0 0 10 0 0 100 0 0
valid 1 3 0    7  | 1 0 0 10 0 0 100
valid 1 3 1    8  | 1 0 0 10 0 0 100 0
valid 1 3 2    9  | 1 0 0 10 0 0 100 0 0
same  1 3 None 9  | 1 0 0 10 0 0 100 0 0
same  1 3 0    7  | 1 0 0 10 0 0 100
same  1 3 1    8  | 1 0 0 10 0 0 100 0
same  1 3 2    9  | 1 0 0 10 0 0 100 0 0
valid 1 4 None 12 | 1 0 0 0 10 0 0 0 100 0 0 0
valid 1 4 0    9  | 1 0 0 0 10 0 0 0 100
valid 1 4 1    10 | 1 0 0 0 10 0 0 0 100 0
valid 1 4 2    11 | 1 0 0 0 10 0 0 0 100 0 0
valid 1 4 3    12 | 1 0 0 0 10 0 0 0 100 0 0 0
same  1 4 None 12 | 1 0 0 0 10 0 0 0 100 0 0 0
same  1 4 0    9  | 1 0 0 0 10 0 0 0 100
same  1 4 1    10 | 1 0 0 0 10 0 0 0 100 0
same  1 4 2    11 | 1 0 0 0 10 0 0 0 100 0 0
same  1 4 3    12 | 1 0 0 0 10 0 0 0 100 0 0 0
valid 2 1 None 4  | 1 12 120 200
valid 2 1 0    4  | 1 12 120 200
same  2 1 None 3  | 1 12 120
same  2 1 0    2  | -
valid 2 2 None 6  | 1 2 10 20 100 200
valid 2 2 0    6  | 1 2 10 20 100 200
valid 2 2 1    7  | 1 2 10 20 100 200 0
same  2 2 None 6  | 1 2 10 20 100 200
same  2 2 0    4  | -
same  2 2 1    5  | 1 2 10 20 100
valid 2 3 None 9  | 1 2 0 10 20 0 100 200 0
valid 2 3 0    8  | 1 2 0 10 20 0 100 200
valid 2 3 1    9  | 1 2 0 10 20 0 100 200 0
valid 2 3 2    10 | 1 2 0 10 20 0 100 200 0 0
same  2 3 None 9  | 1 2 0 10 20 0 100 200 0
same  2 3 0    6  | -
same  2 3 1    7  | 1 2 0 10 20 0 100
same  2 3 2    8  | 1 2 0 10 20 0 100 200
valid 2 4 None 12 | 1 2 0 0 10 20 0 0 100 200 0 0
valid 2 4 0    10 | 1 2 0 0 10 20 0 0 100 200
valid 2 4 1    11 | 1 2 0 0 10 20 0 0 100 200 0
valid 2 4 2    12 | 1 2 0 0 10 20 0 0 100 200 0 0
valid 2 4 3    13 | 1 2 0 0 10 20 0 0 100 200 0 0 0
same  2 4 None 12 | 1 2 0 0 10 20 0 0 100 200 0 0
same  2 4 0    8  | -
same  2 4 1    9  | 1 2 0 0 10 20 0 0 100
same  2 4 2    10 | 1 2 0 0 10 20 0 0 100 200
same  2 4 3    11 | 1 2 0 0 10 20 0 0 100 200 0
valid 3 1 None 5  | 1 12 123 230 300
valid 3 1 0    5  | 1 12 123 230 300
same  3 1 None 3  | 12 123 230
same  3 1 0    3  | 12 123 230
valid 3 2 None 7  | 1 2 13 20 130 200 300
valid 3 2 0    7  | 1 2 13 20 130 200 300
valid 3 2 1    8  | 1 2 13 20 130 200 300 0
same  3 2 None 6  | 1 2 13 20 130 200
same  3 2 0    5  | 2 13 20 130 200
same  3 2 1    6  | 1 2 13 20 130 200
valid 3 3 None 9  | 1 2 3 10 20 30 100 200 300
valid 3 3 0    9  | 1 2 3 10 20 30 100 200 300
valid 3 3 1    10 | 1 2 3 10 20 30 100 200 300 0
valid 3 3 2    11 | 1 2 3 10 20 30 100 200 300 0 0
same  3 3 None 9  | 1 2 3 10 20 30 100 200 300
same  3 3 0    7  | 2 3 10 20 30 100 200
same  3 3 1    8  | 1 2 3 10 20 30 100 200
same  3 3 2    9  | 1 2 3 10 20 30 100 200 300
valid 3 4 None 12 | 1 2 3 0 10 20 30 0 100 200 300 0
valid 3 4 0    11 | 1 2 3 0 10 20 30 0 100 200 300
valid 3 4 1    12 | 1 2 3 0 10 20 30 0 100 200 300 0
valid 3 4 2    13 | 1 2 3 0 10 20 30 0 100 200 300 0 0
valid 3 4 3    14 | 1 2 3 0 10 20 30 0 100 200 300 0 0 0
same  3 4 None 12 | 1 2 3 0 10 20 30 0 100 200 300 0
same  3 4 0    9  | 2 3 0 10 20 30 0 100 200
same  3 4 1    10 | 1 2 3 0 10 20 30 0 100 200
same  3 4 2    11 | 1 2 3 0 10 20 30 0 100 200 300
same  3 4 3    12 | 1 2 3 0 10 20 30 0 100 200 300 0
valid 4 1 None 6  | 1 12 123 234 340 400
valid 4 1 0    6  | 1 12 123 234 340 400
same  4 1 None 3  | 12 123 234
same  4 1 0    2  | -
valid 4 2 None 8  | 1 2 13 24 130 240 300 400
valid 4 2 0    8  | 1 2 13 24 130 240 300 400
valid 4 2 1    9  | 1 2 13 24 130 240 300 400 0
same  4 2 None 6  | 2 13 24 130 240 300
same  4 2 0    4  | -
same  4 2 1    5  | 2 13 24 130 240
valid 4 3 None 10 | 1 2 3 14 20 30 140 200 300 400
valid 4 3 0    10 | 1 2 3 14 20 30 140 200 300 400
valid 4 3 1    11 | 1 2 3 14 20 30 140 200 300 400 0
valid 4 3 2    12 | 1 2 3 14 20 30 140 200 300 400 0 0
same  4 3 None 9  | 1 2 3 14 20 30 140 200 300
same  4 3 0    6  | -
same  4 3 1    7  | 2 3 14 20 30 140 200
same  4 3 2    8  | 2 3 14 20 30 140 200 300
valid 4 4 None 12 | 1 2 3 4 10 20 30 40 100 200 300 400
valid 4 4 0    12 | 1 2 3 4 10 20 30 40 100 200 300 400
valid 4 4 1    13 | 1 2 3 4 10 20 30 40 100 200 300 400 0
valid 4 4 2    14 | 1 2 3 4 10 20 30 40 100 200 300 400 0 0
valid 4 4 3    15 | 1 2 3 4 10 20 30 40 100 200 300 400 0 0 0
same  4 4 None 12 | 1 2 3 4 10 20 30 40 100 200 300 400
same  4 4 0    8  | -
same  4 4 1    9  | 2 3 4 10 20 30 40 100 200
same  4 4 2    10 | 2 3 4 10 20 30 40 100 200 300
same  4 4 3    11 | 1 2 3 4 10 20 30 40 100 200 300
valid 5 1 None 7  | 1 12 123 234 345 450 500
valid 5 1 0    7  | 1 12 123 234 345 450 500
same  5 1 None 3  | 123 234 345
same  5 1 0    3  | 123 234 345
valid 5 2 None 9  | 1 2 13 24 135 240 350 400 500
valid 5 2 0    9  | 1 2 13 24 135 240 350 400 500
valid 5 2 1    10 | 1 2 13 24 135 240 350 400 500 0
same  5 2 None 6  | 2 13 24 135 240 350
same  5 2 0    5  | 13 24 135 240 350
same  5 2 1    6  | 2 13 24 135 240 350
valid 5 3 None 11 | 1 2 3 14 25 30 140 250 300 400 500
valid 5 3 0    11 | 1 2 3 14 25 30 140 250 300 400 500
valid 5 3 1    12 | 1 2 3 14 25 30 140 250 300 400 500 0
valid 5 3 2    13 | 1 2 3 14 25 30 140 250 300 400 500 0 0
same  5 3 None 9  | 2 3 14 25 30 140 250 300 400
same  5 3 0    7  | 3 14 25 30 140 250 300
same  5 3 1    8  | 2 3 14 25 30 140 250 300
same  5 3 2    9  | 2 3 14 25 30 140 250 300 400
valid 5 4 None 13 | 1 2 3 4 15 20 30 40 150 200 300 400 500
valid 5 4 0    13 | 1 2 3 4 15 20 30 40 150 200 300 400 500
valid 5 4 1    14 | 1 2 3 4 15 20 30 40 150 200 300 400 500 0
valid 5 4 2    15 | 1 2 3 4 15 20 30 40 150 200 300 400 500 0 0
valid 5 4 3    16 | 1 2 3 4 15 20 30 40 150 200 300 400 500 0 0 0
same  5 4 None 12 | 1 2 3 4 15 20 30 40 150 200 300 400
same  5 4 0    9  | 3 4 15 20 30 40 150 200 300
same  5 4 1    10 | 2 3 4 15 20 30 40 150 200 300
same  5 4 2    11 | 2 3 4 15 20 30 40 150 200 300 400
same  5 4 3    12 | 1 2 3 4 15 20 30 40 150 200 300 400
"""


class Axis(NamedTuple):
    """A row of the table."""

    padding: str
    k: int
    stride: int
    output_padding: int | None
    length: int
    answer: list | None


def _row(line):
    head, answer = line.split("|")
    padding, k, s, op, length = head.split()
    numbers = None if "-" in answer else [float(y) for y in answer.split()]
    return Axis(padding, int(k), int(s), None if op == "None" else int(op), int(length), numbers)


AXES = [_row(line) for line in AXIS_TEXT.strip().splitlines()]
