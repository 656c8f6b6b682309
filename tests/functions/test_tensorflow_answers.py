"""Answers that TensorFlow gave (data/make_tensorflow_answers.py asked) against the library."""

import json
from pathlib import Path

import numpy as np
import pytest

import conv3dt.compat.v1.nn
from tests.helpers import cases, oracle

with np.load(Path(__file__).parents[1] / "data" / "tensorflow_answers.npz") as file:
    STORED = dict(file)
ANSWERED = json.loads(str(STORED["description"]))["cases"]

KEYS = ("function", "name", "numbers", "dtype", "data_format")
ORACLES = {"conv3d": oracle.conv3d, "conv3d_transpose": oracle.conv3d_transpose}

every_answer = pytest.mark.parametrize(
    "number",
    range(len(ANSWERED)),
    ids=lambda x: "-".join(ANSWERED[x][key] for key in KEYS),
)


def question(number):
    """The case, its arrays in the case's type, TensorFlow's answer, and its magnitude."""
    case = ANSWERED[number]
    value = oracle.channels_as(STORED[f"value {case['inputs']}"], case["data_format"])
    value, filters = value.astype(case["dtype"]), STORED[f"filters {case['inputs']}"]
    filters, answer = filters.astype(case["dtype"]), STORED[f"answer {number}"]
    how = (case["strides"], case["padding"], case["dilations"], case["data_format"])
    return case, (value, filters, answer.shape, *how), answer


def check(actual, answer, arguments, case):
    """Exact numbers must be equal; others may differ by the rounding errors of both."""
    if case["numbers"] == "quarters":
        np.testing.assert_array_equal(np.asarray(actual).astype(np.float64), answer)
    else:
        magnitude = oracle.magnitude(*arguments, operation=ORACLES[case["function"]])
        oracle.assert_close(actual, oracle.wide(answer), magnitude, case["dtype"], ulps=8)


@every_answer
def test_library_agrees(number):
    case, arguments, answer = question(number)
    value, filters, shape, strides, padding, dilations, data_format = arguments
    if case["function"] == "conv3d":
        how = (strides, padding, data_format, dilations)
        actual = conv3dt.compat.v1.nn.conv3d(value, filters, *how)
    else:
        how = (shape, strides, padding, data_format)
        actual = conv3dt.compat.v1.nn.conv3d_transpose(value, filters, *how, dilations=dilations)
    assert actual.dtype == value.dtype
    check(actual, answer, arguments, case)


@every_answer
def test_oracle_agrees(number):
    case, arguments, answer = question(number)
    exact = ORACLES[case["function"]](*arguments)
    check(exact.astype(np.float64).astype(case["dtype"]), answer, arguments, case)


@pytest.mark.parametrize("function", ORACLES)
def test_every_type_and_both_data_formats_were_answered(function):
    answered = [case for case in ANSWERED if case["function"] == function]
    assert {case["dtype"] for case in answered} == set(cases.DTYPES)
    assert {case["data_format"] for case in answered} == set(cases.FORMATS)
    assert len(answered) > 80
