"""Activations of Keras 3 against their formulas, number by number in Python."""

import json
import math

import numpy as np
import pytest

from conv3dt.functions import keras3_activations
from conv3dt.keras import activations


def relu6(x):
    return min(max(x, 0), 6)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


FORMULAS = {
    "celu": lambda x: max(x, 0) + min(math.exp(min(x, 0)) - 1, 0),
    "hard_shrink": lambda x: x if abs(x) > 0.5 else 0,
    "hard_sigmoid_v3": lambda x: relu6(x + 3) / 6,
    "hard_silu": lambda x: x * relu6(x + 3) / 6,
    "hard_swish": lambda x: x * relu6(x + 3) / 6,
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "log_sigmoid": lambda x: math.log(sigmoid(x)),
    "soft_shrink": lambda x: math.copysign(max(abs(x) - 0.5, 0), x),
    "sparse_plus": lambda x: 0 if x <= -1 else (x + 1) ** 2 / 4 if x < 1 else x,
    "sparse_sigmoid": lambda x: 0 if x <= -1 else (x + 1) / 2 if x < 1 else 1,
    "squareplus": lambda x: (x + math.sqrt(x * x + 4)) / 2,
    "tanh_shrink": lambda x: x - math.tanh(x),
}
WITH = {
    ("celu", "alpha", 0.25): lambda x: max(x, 0) + min(0.25 * (math.exp(min(x, 0) / 0.25) - 1), 0),
    ("hard_shrink", "threshold", 2): lambda x: x if abs(x) > 2 else 0,
    ("soft_shrink", "threshold", 2): lambda x: math.copysign(max(abs(x) - 2, 0), x),
    ("squareplus", "b", 1): lambda x: (x + math.sqrt(x * x + 1)) / 2,
    ("leaky_relu", "negative_slope", 0.5): lambda x: x if x > 0 else 0.5 * x,
    ("relu", "negative_slope", 0.5): lambda x: x if x > 0 else 0.5 * x,
    ("relu", "max_value", 1.5): lambda x: min(max(x, 0), 1.5),
    ("relu", "threshold", 1): lambda x: x if x > 1 else 0,
    ("elu", "alpha", 2): lambda x: x if x > 0 else 2 * (math.exp(x) - 1),
}
NUMBERS = np.array([*np.linspace(-7, 7, 57), 0.5, -0.5, 1e-3, -1e-3, 20, -20])


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name):
    expected = np.array([FORMULAS[name](x) for x in NUMBERS.tolist()])
    function = activations.get(name)
    np.testing.assert_allclose(function(NUMBERS), expected, rtol=1e-8, atol=1e-14)
    for dtype in (np.float32, np.float16):
        found = function(NUMBERS.astype(dtype))
        assert found.dtype == dtype
        exact = np.array([FORMULAS[name](x) for x in NUMBERS.astype(dtype).tolist()])
        np.testing.assert_allclose(found, exact.astype(dtype), rtol=2e-3, atol=1e-6)
    assert function([1, -2]).dtype == np.float32


@pytest.mark.parametrize("case", WITH, ids=str)
def test_formulas_with_parameters(case):
    name, parameter, value = case
    expected = [WITH[case](x) for x in NUMBERS.tolist()]
    described = json.loads(json.dumps({"class_name": name, "config": {parameter: value}}))
    for function in (activations.get(described), getattr(activations, name)):
        found = function(NUMBERS, **{parameter: value})
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_threshold():
    np.testing.assert_array_equal(activations.threshold([-1.0, 0.5, 2], 0.5, -9), [-9, -9, 2])
    function = activations.get(
        {"class_name": "threshold", "config": {"threshold": 1, "default_value": 0}}
    )
    np.testing.assert_array_equal(function([0.5, 1.5]), [0, 1.5])


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_glu(axis):
    x = np.linspace(-3, 3, 48).reshape(4, 2, 6)
    a, b = np.split(x, 2, axis)
    expected = a * np.vectorize(sigmoid)(b)
    np.testing.assert_allclose(activations.glu(x, axis), expected, rtol=1e-14)
    with pytest.raises(ValueError, match="glu: axis -1 must have an even extent"):
        activations.glu(np.ones((2, 3)))


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_sparsemax_is_the_closest_point_of_the_simplex(axis):
    """Its conditions: sums of 1, and the same distance to all that is not zero."""
    x = np.random.default_rng(0).normal(size=(5, 6, 7))
    y = activations.sparsemax(x, axis)
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis), 1, rtol=1e-12)
    moved = np.where(y > 0, x - y, -np.inf).max(axis, keepdims=True)
    np.testing.assert_allclose(np.where(y > 0, x - y, moved), moved + 0 * x, rtol=1e-10)
    assert (np.where(y > 0, moved, x) <= moved + 1e-12).all()
    np.testing.assert_array_equal(activations.sparsemax([-1.0, 0.0, 1.0]), [0, 0, 1])
    np.testing.assert_allclose(activations.sparsemax([0.5, 0.5, 0.0]), [0.5, 0.5, 0])
    assert activations.sparsemax(np.ones((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("name", FORMULAS)
def test_numbers_that_are_none(name):
    function = activations.get(name)
    assert np.isnan(function(np.float32([np.nan]))).all()
    ends = function(np.float32([-np.inf, np.inf]))
    assert ends[1] in (0, 1, np.inf) or name == "tanh_shrink"


def test_names():
    for name in keras3_activations.KERAS3:
        assert activations.serialize(activations.get(name)) == name
    assert activations.serialize(activations.hard_swish) == "hard_silu"
    with pytest.raises(TypeError, match="no masked elements"):
        activations.hard_tanh(np.ma.masked_equal([1.0, 2], 1))
