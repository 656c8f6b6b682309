"""Configurations of Keras 3, as its version 3.15 writes them, and its newer activations."""

import json
import math

import numpy as np
import pytest

from conv3dt.keras import activations, initializers, layers, mixed_precision
from conv3dt.keras.layers import Conv3DTranspose

X = np.linspace(-2, 2, 16, dtype=np.float32).reshape(1, 2, 2, 2, 2)


def described(module, name, config, **more):
    return {"module": module, "class_name": name, "config": config, "registered_name": None, **more}


def policy(name="float32"):
    return described("keras", "DTypePolicy", {"name": name})


def initializer(name, **config):
    return described("keras.initializers", name, config)


def activation(name, **config):
    own = {"name": "a", "trainable": True, "dtype": policy()}
    return described("keras.layers", name, {**own, **config})


AXES = {"seed": None, "input_axes": None, "output_axes": None}
DEFAULT = {
    "name": "up",
    "trainable": True,
    "dtype": policy(),
    "filters": 4,
    "kernel_size": [2, 2, 2],
    "strides": [1, 1, 1],
    "padding": "valid",
    "output_padding": None,
    "data_format": "channels_last",
    "dilation_rate": [1, 1, 1],
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": initializer("GlorotUniform", **AXES),
    "bias_initializer": initializer("Zeros"),
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}
SEED = described("keras.random", "SeedGenerator", {"seed": 3, "name": "seed_generator"})

CHANGES = {
    "none": {},
    "types": {"dtype": policy("mixed_bfloat16")},
    "a map of types": {
        "dtype": described(
            "keras", "DTypePolicyMap", {"default_policy": policy("float64"), "policy_map": {}}
        )
    },
    "tuples": {"kernel_size": {"class_name": "__tuple__", "items": [2, 2, 2]}},
    "batch_shape": {"batch_shape": [None, 2, 2, 2, 2]},
    **{
        name: {"kernel_initializer": initializer(name, **AXES)}
        for name in ["GlorotNormal", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"]
    },
    "VarianceScaling": {
        "kernel_initializer": initializer(
            "VarianceScaling", scale=1.0, mode="fan_in", distribution="truncated_normal", **AXES
        )
    },
    "axes": {
        "kernel_initializer": initializer(
            "HeNormal", seed=1, input_axes=[0, 1, 2, 4], output_axes=[3]
        )
    },
    "Orthogonal": {"kernel_initializer": initializer("Orthogonal", seed=None, gain=1.0)},
    "OrthogonalInitializer": {"kernel_initializer": "OrthogonalInitializer"},
    "SeedGenerator": {
        "kernel_initializer": initializer("RandomNormal", seed=SEED, mean=0.0, stddev=0.05)
    },
    "RandomUniform": {
        "bias_initializer": initializer("RandomUniform", seed=None, minval=-0.05, maxval=0.05)
    },
    "Constant": {"bias_initializer": initializer("Constant", value=[1.0, 2, 3, 4])},
    "an array": {
        "bias_initializer": initializer(
            "Constant",
            value={"class_name": "__numpy__", "config": {"value": [1, 2, 3, 4], "dtype": "int32"}},
        )
    },
    "regularizers": {
        "kernel_regularizer": described("keras.regularizers", "L2", {"l2": 0.01}),
        "bias_regularizer": described("keras.regularizers", "L1", {"l1": 0.01}),
        "activity_regularizer": described("keras.regularizers", "L1L2", {"l1": 0.0, "l2": 0.5}),
    },
    "constraints": {
        "kernel_constraint": described("keras.constraints", "UnitNorm", {"axis": [0, 1, 2]}),
        "bias_constraint": described("keras.constraints", "MaxNorm", {"max_value": 2, "axis": 0}),
    },
    "LeakyReLU": {"activation": activation("LeakyReLU", negative_slope=0.2)},
    "ReLU": {"activation": activation("ReLU", max_value=6.0, negative_slope=0.1, threshold=0.0)},
    "ELU": {"activation": activation("ELU", alpha=1.0)},
    "Softmax": {"activation": activation("Softmax", axis=-1)},
    "PReLU": {
        "activation": activation(
            "PReLU",
            alpha_initializer=initializer("Constant", value=0.25),
            alpha_regularizer=None,
            alpha_constraint=None,
            shared_axes=[1, 2, 3],
        )
    },
    "Activation": {"activation": activation("Activation", activation="celu")},
    "a function": {
        "activation": {
            "module": "builtins",
            "class_name": "function",
            "config": "hard_silu",
            "registered_name": "function",
        }
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_configurations(change):
    layer = Conv3DTranspose.from_config(json.loads(json.dumps({**DEFAULT, **change})))
    assert layer(X).shape == (1, 3, 3, 3, 4)
    written = json.loads(json.dumps(layer.get_config()))
    again = Conv3DTranspose.from_config(written)
    again.build(X.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(X), layer(X))
    assert json.loads(json.dumps(again.get_config())) == written
    assert again.dtype_policy == layer.dtype_policy


@pytest.mark.parametrize(
    "name", ["celu", "hard_silu", "tanh_shrink", "squareplus", "log_sigmoid", "silu"]
)
def test_names_of_activations(name):
    layer = Conv3DTranspose.from_config({**DEFAULT, "activation": name})
    linear = Conv3DTranspose.from_config(DEFAULT)
    linear.build(X.shape)
    linear.set_weights((layer(X), layer.get_weights())[1])
    expected = getattr(activations, name)(linear(X))
    np.testing.assert_allclose(layer(X), expected, rtol=1e-6, atol=1e-7)


def test_a_whole_description_with_the_shape_it_was_built_for():
    whole = described(
        "keras.layers", "Conv3DTranspose", DEFAULT, build_config={"input_shape": [None] * 4 + [2]}
    )
    for layer in (layers.deserialize(whole), Conv3DTranspose.from_config(whole)):
        assert layer.built
        assert layer.kernel.shape == (2, 2, 2, 4, 2)
        written = json.loads(json.dumps(layers.serialize(layer)))
        assert written["build_config"] == {"input_shape": [None] * 4 + [2]}
        again = layers.deserialize(written)
        assert again.kernel.shape == layer.kernel.shape
        fresh = Conv3DTranspose.from_config(DEFAULT)
        fresh.build_from_config(layer.get_build_config())
        assert fresh.kernel.shape == layer.kernel.shape
    assert not layers.deserialize({**whole, "build_config": None}).built
    relu = layers.deserialize(activation("LeakyReLU", negative_slope=0.5))
    np.testing.assert_array_equal(relu([-2.0, 2]), [-1, 2])


class Mine(Conv3DTranspose):
    """A layer of a user's own."""


def test_layers_of_ones_own():
    for key in ("Mine", "package>Mine"):
        written = {**described("x", "Mine", DEFAULT), "registered_name": "package>Mine"}
        assert type(layers.deserialize(written, {key: Mine})) is Mine
    with pytest.raises(ValueError, match="Unknown layer: 'Mine'"):
        layers.deserialize(described("x", "Mine", DEFAULT))


# ---- hard_sigmoid --------------------------------------------------------------------------------

STEPS = np.array([-4.0, -3, -2.75, -1, 0, 1, 2.75, 3, 4])


@pytest.mark.parametrize(
    "given",
    [
        "hard_sigmoid",
        {"class_name": "function", "config": "hard_sigmoid"},
        activation("Activation", activation="hard_sigmoid"),
    ],
    ids=["name", "function", "layer"],
)
def test_keras_3_calls_another_function_hard_sigmoid(given):
    layer = Conv3DTranspose.from_config({**DEFAULT, "activation": given})
    np.testing.assert_allclose(layer.activation(STEPS), np.clip((STEPS + 3) / 6, 0, 1))
    again = Conv3DTranspose.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.activation is layer.activation


@pytest.mark.parametrize("dtype", ["float32", None, described("keras", "Policy", {"name": "f4"})])
def test_keras_2_does_not(dtype):
    layer = Conv3DTranspose.from_config({**DEFAULT, "dtype": dtype, "activation": "hard_sigmoid"})
    assert layer.activation is activations.hard_sigmoid
    np.testing.assert_allclose(layer.activation(STEPS), np.clip(0.2 * STEPS + 0.5, 0, 1))


# ---- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "variance"),
    [(([0, 1, 2, 4], [3]), 2 / 240), (([-1], [-2]), 2 / 10), ((None, [3]), 2 / 1200)],
)
def test_axes_that_count_as_inputs(axes, variance):
    made = initializers.HeUniform(7, *axes)
    x = made((2, 3, 4, 50, 10), dtype="float64")
    assert abs(x.var() / variance - 1) < 6 * math.sqrt(2 / x.size)
    again = initializers.get(json.loads(json.dumps(initializers.serialize(made))))
    np.testing.assert_array_equal(again(x.shape, "float64"), x)


def test_bad_axes():
    with pytest.raises(ValueError, match="must be axes of the variable's shape"):
        initializers.HeUniform(7, [5], [0])((2, 2))


def test_seeds_that_go_on():
    """A SeedGenerator gives other numbers at every call, the same ones from the same seed."""
    first, second = (initializers.RandomNormal(seed=SEED) for _ in range(2))
    drawn = [first((4,)) for _ in range(3)]
    assert len({x.tobytes() for x in drawn}) == 3
    for x in drawn:
        np.testing.assert_array_equal(second((4,)), x)
    assert first.get_config()["seed"] == SEED
    generator = type("Seeds", (), {"get_config": lambda self: {"seed": 3}})()
    np.testing.assert_array_equal(initializers.RandomNormal(seed=generator)((4,)), drawn[0])
    unseeded = initializers.RandomNormal(seed={"class_name": "S", "config": {"seed": None}})
    assert (unseeded((4,)) != unseeded((4,))).all()


@pytest.mark.parametrize("seed", [1.5, "a", {"config": 3}, {}, {"config": {"seed": "a"}}, [1]])
def test_bad_seeds(seed):
    with pytest.raises(TypeError, match="RandomNormal: seed must be an integer, None or the desc"):
        initializers.RandomNormal(seed=seed)


def test_types():
    assert mixed_precision.as_policy(policy("mixed_float16")).compute_dtype == "float16"
    other = type("DTypePolicy", (), {"name": "mixed_float16", "compute_dtype": "float16"})()
    assert mixed_precision.as_policy(other).variable_dtype == "float32"
    quantized = described("keras", "QuantizedDTypePolicy", {"mode": "int8", "source_name": "x"})
    for wrong in (quantized, {}, {"config": {}}):
        with pytest.raises(TypeError, match="dtype must be a type, or the description of a policy"):
            mixed_precision.as_policy(wrong)
    with pytest.raises(TypeError, match="dtype must be float16"):
        mixed_precision.as_policy(policy("int8"))


def test_parameters_of_activation_layers():
    assert layers.LeakyReLU(0.5).alpha == layers.LeakyReLU(negative_slope=0.5).alpha == 0.5
    assert layers.LeakyReLU(alpha=0.5, name="a").negative_slope == 0.5
    assert layers.LeakyReLU(name="a").name == "a"
    assert layers.ReLU(6.0, 0.1).get_config()["negative_slope"] == 0.1
    numpy2 = {"alpha": {"type": "ndarray", "value": 0.5}}
    assert layers.LeakyReLU.from_config(numpy2).alpha == 0.5
    shared = layers.PReLU("ones", shared_axes=[1])
    np.testing.assert_array_equal(shared(np.float32([[-1, 2], [3, -4]])), [[-1, 2], [3, -4]])
    half = layers.PReLU(initializers.Constant(0.5))
    np.testing.assert_array_equal(half(np.float32([[-1, 2]])), [[-0.5, 2]])
    assert half.get_config()["alpha_initializer"]["config"] == {"value": 0.5}


@pytest.mark.parametrize(
    "call",
    [
        lambda: layers.LeakyReLU(0.1, 0.2),
        lambda: layers.LeakyReLU(0.1, alpha=0.2),
        lambda: layers.LeakyReLU(alpha=0.1, negative_slope=0.2),
        lambda: layers.ReLU(beta=1),
        lambda: layers.PReLU(alpha=1),
    ],
)
def test_bad_parameters_of_activation_layers(call):
    with pytest.raises(TypeError, match=r"must be|not understood"):
        call()
    with pytest.raises(AttributeError, match="has no attribute 'beta'"):
        layers.ReLU().beta  # noqa: B018
