"""Initializers, constraints, regularizers and activations of conv3dt.keras."""

import json
import math
from functools import partial

import numpy as np
import pytest

from conv3dt.keras import activations, constraints, initializers, regularizers

SEEDED = [
    (initializers.RandomUniform(-1, 1, 124), (3, 2, 3)),
    (initializers.RandomNormal(0, 1, 153), (8, 12, 99)),
    (initializers.TruncatedNormal(0, 1, 126), (12, 99, 7)),
    (initializers.Constant(2.0), (5, 6, 4)),
    *(
        (getattr(initializers, family + law)(seed=123), (5, 6, 4, 2))
        for family in ("Lecun", "Glorot", "He")
        for law in ("Uniform", "Normal")
    ),
    (initializers.Orthogonal(seed=123), (20, 20)),
    (initializers.Identity(2.0), (3, 3)),
    (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", 7), (5, 4)),
]

# ---- initializers --------------------------------------------------------------------------------


def kind_or_shape(x):
    return str(x) if isinstance(x, tuple) else type(x).__name__


@pytest.mark.parametrize(("initializer", "shape"), SEEDED, ids=kind_or_shape)
def test_seeds_repeat_and_configurations_too(initializer, shape):
    first = initializer(shape)
    assert (first.shape, first.dtype) == (shape, np.float32)
    described = json.loads(json.dumps(initializers.serialize(initializer)))
    for same in (initializer, initializers.deserialize(described), initializers.get(described)):
        np.testing.assert_array_equal(same(shape), first)
    assert initializer(shape, dtype="float64").dtype == np.float64


def test_unseeded_initializers():
    one, other = initializers.RandomNormal(), initializers.RandomNormal()
    first = one((50,))
    with pytest.warns(UserWarning, match="RandomNormal is unseeded and being called multiple time"):
        np.testing.assert_array_equal(one((50,)), first)
    assert (other((50,)) != first).all()


def test_defaults():
    assert initializers.get("uniform").get_config() == {
        "minval": -0.05, "maxval": 0.05, "seed": None,
    }  # fmt: skip
    for name in ("normal", "truncated_normal"):
        assert initializers.get(name).get_config() == {"mean": 0.0, "stddev": 0.05, "seed": None}
    config = initializers.VarianceScaling(distribution="normal").get_config()
    assert (config["scale"], config["mode"], config["distribution"]) == (
        1.0, "fan_in", "truncated_normal",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "variance"),
    [  # kernel 2x3x4, 50 output and 10 input channels: fans 1200 and 240
        ("glorot_uniform", 2 / 1440),
        ("GlorotNormal", 2 / 1440),
        ("he_normal", 2 / 1200),
        ("HeUniform", 2 / 1200),
        ("lecun_normal", 1 / 1200),
        ("lecun_uniformV2", 1 / 1200),
        ("random_uniform", 0.1**2 / 12),
        ("normal", 0.05**2),
        ("truncated_normal", (0.05 * 0.87962566) ** 2),
    ],
)
def test_laws(name, variance):
    x = initializers.get(name)((2, 3, 4, 50, 10), dtype="float64")
    assert abs(x.mean()) < 6 * math.sqrt(variance / x.size)
    assert abs(x.var() / variance - 1) < 6 * math.sqrt(2 / x.size)
    if "niform" in name:
        limit = math.sqrt(3 * variance)
        assert 0.99 * limit < np.abs(x).max() <= limit
    elif name != "normal":
        cut = math.sqrt(variance) * 2 / 0.87962566
        assert 0.95 * cut < np.abs(x).max() <= cut * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(3, 3, 3, 4, 2), (1, 1, 2, 3, 9), (4, 4)])
def test_orthogonal(shape):
    matrix = initializers.Orthogonal(2.0, seed=1)(shape, dtype="float64").reshape(-1, shape[-1])
    small = matrix.T @ matrix if len(matrix) >= shape[-1] else matrix @ matrix.T
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: initializers.Identity()((3, 4, 5)), ValueError, "can only be used for 2D"),
        (lambda: initializers.Orthogonal()((3,)), ValueError, "must be at least two-dimensional"),
        (lambda: initializers.VarianceScaling(0), ValueError, "`scale` must be positive float"),
        (lambda: initializers.VarianceScaling(mode="x"), ValueError, "Invalid `mode` argument: x"),
        (lambda: initializers.VarianceScaling(distribution="x"), ValueError, "Invalid `distribut"),
        (lambda: initializers.HeNormal()((2,), "int32"), ValueError, "Expected floating point typ"),
        (lambda: initializers.Zeros()((2,), foo=1), TypeError, "foo"),
    ],
)
def test_bad_initializers(call, error, text):
    with pytest.raises(error, match=text):
        call()


# ---- constraints ---------------------------------------------------------------------------------


def test_max_norm():
    columns = np.array([[0, 0, 0], [1, 0, 0], [3, 0, 0], [3, 3, 3]], np.float32).T
    third = 2 / math.sqrt(3)
    expected = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [third] * 3]).T
    np.testing.assert_allclose(constraints.max_norm(2.0)(columns), expected, rtol=1e-5)


MATRIX = np.random.default_rng(3537).uniform(-50, 50, (100, 100)).astype(np.float32)


@pytest.mark.parametrize("m", [0.1, 0.5, 3, 8, 1e-7])
def test_norms(m):
    assert (np.linalg.norm(constraints.MaxNorm(m)(MATRIX), axis=0) < m * (1 + 1e-6)).all()
    norms = np.linalg.norm(constraints.MinMaxNorm(m, 2 * m)(MATRIX), axis=0)
    assert ((norms >= m * (1 - 1e-5)) & (norms <= 2 * m + 1e-5)).all()


def test_other_constraints():
    assert (constraints.NonNeg()(MATRIX).min(0) == 0).all()
    np.testing.assert_allclose(np.linalg.norm(constraints.UnitNorm()(MATRIX), axis=0), 1, atol=1e-4)
    kernel = MATRIX[:54].reshape(3, 3, 3, 2, 100)
    scaled = constraints.UnitNorm(axis=[0, 1, 2, 4])(kernel)
    np.testing.assert_allclose(np.square(scaled).sum((0, 1, 2, 4)), 1, rtol=1e-5)
    assert scaled.dtype == np.float32
    with pytest.raises(NotImplementedError, match="2-D"):
        constraints.RadialConstraint()(np.ones((3, 3, 1, 1)))


# ---- regularizers --------------------------------------------------------------------------------


def test_regularizer_defaults():
    hundredth = float(np.float32(0.01))
    assert regularizers.l1(None).l1 == regularizers.l2(None).l2 == hundredth
    both = regularizers.l1_l2(None, None)
    assert (both.l1, both.l2) == (0, 0)
    assert regularizers.get("l1_l2").get_config() == {"l1": hundredth, "l2": hundredth}
    assert regularizers.L1L2().get_config() == {"l1": 0, "l2": 0}
    assert regularizers.L1(l=0.5).get_config() == {"l1": 0.5}
    assert regularizers.Regularizer()([1.0]) == 0


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_regularizer(mode):
    matrix = np.array([[1, 1, 1, 1], [2, 0, 0, 0], [0, 0, 3, 1]], np.float32)
    vectors = matrix if mode == "rows" else matrix.T
    unit = [v / max(np.linalg.norm(v), 1e-6) for v in vectors]
    pairs = [abs(a @ b) for n, a in enumerate(unit) for b in unit[:n]]
    found = regularizers.OrthogonalRegularizer(0.1, mode)(matrix)
    np.testing.assert_allclose(found, 0.1 * np.mean(pairs), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: regularizers.get(0), ValueError, "Could not interpret regularizer identifier: 0"),
        (lambda: regularizers.L2("a"), ValueError, "Value a is not a valid regularization penalty"),
        (lambda: regularizers.L2(np.inf), ValueError, "an infinite number or NaN are not valid"),
        (lambda: regularizers.L1(foo=1), TypeError, "not recognized: {'foo': 1}"),
        (lambda: regularizers.OrthogonalRegularizer(mode="x"), ValueError, "Received: mode=x"),
        (lambda: regularizers.OrthogonalRegularizer()([1.0]), ValueError, "must have rank 2"),
    ],
)
def test_bad_regularizers(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


# ---- names ---------------------------------------------------------------------------------------


class Custom:
    """An object of a user's own."""

    def __init__(self, factor=3):
        self.factor = factor

    def __call__(self, x):
        return self.factor * np.sum(x)

    def get_config(self):
        return {"factor": self.factor}


@pytest.mark.parametrize("module", [initializers, constraints, regularizers], ids=str)
def test_what_may_stand_for_an_object(module):
    assert module.get(None) is None
    assert module.get(abs) is abs
    assert isinstance(module.get(Custom), Custom)
    described = json.loads(json.dumps(module.serialize(Custom(5))))
    with pytest.raises(ValueError, match=r"Unknown \w+: 'Custom'"):
        module.get(described)
    assert module.deserialize(described, {"Custom": Custom}).factor == 5
    assert module.deserialize("mine", {"mine": abs}) is abs


@pytest.mark.parametrize("name", ["MaxNorm", "max_norm", "maxnorm"])
def test_names_of_constraints(name):
    config = constraints.serialize(constraints.get(name))
    assert (config["class_name"], config["config"]) == ("MaxNorm", {"max_value": 2, "axis": 0})


@pytest.mark.parametrize(
    "thing",
    [
        constraints.MaxNorm(0.5, [0, 1]),
        constraints.MinMaxNorm(0.25, 0.75, 0.5, 1),
        constraints.UnitNorm([0, 1, 2, 4]),
        constraints.NonNeg(),
        regularizers.L1L2(0.5, 0.25),
        regularizers.L1(0.5),
        regularizers.L2(0.5),
        regularizers.OrthogonalRegularizer(0.5, "columns"),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_descriptions(thing):
    module = constraints if isinstance(thing, constraints.Constraint) else regularizers
    again = module.get(json.loads(json.dumps(module.serialize(thing))))
    assert type(again) is type(thing)
    assert vars(again) == vars(thing)


NAMES = "softmax relu elu tanh sigmoid hard_sigmoid linear softplus softsign selu gelu relu6 mish"


@pytest.mark.parametrize("name", NAMES.split())
def test_activations_have_names(name):
    function = activations.get(name)
    assert activations.serialize(function) == name
    assert activations.get({"class_name": "function", "config": name}) is function
    assert activations.get(function) is function


def test_other_activations():
    assert activations.serialize(activations.get("silu")) == "swish"
    assert activations.get(None) is activations.linear
    with pytest.raises(ValueError, match="Cannot apply softmax to a tensor that is 1D"):
        activations.softmax([1.0])
    assert activations.softmax(np.ones((3, 0))).shape == (3, 0)
    np.testing.assert_allclose(activations.elu([-1.0, 1], 0.5), [np.expm1(-1) / 2, 1])
    np.testing.assert_array_equal(
        activations.relu([-2, 0.5, 1, 3, 9], 0.5, 6, 1), [-1.5, -0.25, 0, 3, 6]
    )
    relu = activations.get({"class_name": "ReLU", "config": {"max_value": 3.0, "name": "r"}})
    np.testing.assert_array_equal(relu([-1.0, 2, 4]), [0, 2, 3])
    described = json.loads(json.dumps(activations.serialize(relu)))
    np.testing.assert_array_equal(activations.get(described)([-1.0, 2, 4]), [0, 2, 3])
    rough = partial(activations.gelu, approximate=True)
    again = activations.get(activations.serialize(rough))
    assert activations.fused(again) == activations.fused(rough) == "gelu_tanh"
