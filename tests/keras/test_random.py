"""Layers with every option drawn, against the function and the definition."""

import json

import numpy as np
import pytest

import conv3dt
from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose
from tests.helpers import oracle
from tests.helpers.keras_layers import defined

ACTIVATIONS = (None, None, "relu", "gelu", "tanh", "LeakyReLU", "softmax")
DTYPES = ("float32", "float32", "float64", "float16")


@pytest.fixture(autouse=True)
def fresh_names():
    v1.reset_default_graph()
    yield
    v1.reset_default_graph()


def drawn(rng):
    """Options of a layer, and an input."""
    s, d = rng.integers(1, 4, 3), (1, 1, 1)
    if rng.random() < 0.25:
        s, d = (1, 1, 1), rng.integers(1, 4, 3)
    options = {
        "filters": int(rng.choice([1, 2, 5, 17])),
        "kernel_size": rng.integers(1, 6, 3),
        "strides": tuple(map(int, s)),
        "dilation_rate": tuple(map(int, d)),
        "padding": str(rng.choice(["valid", "same"])),
        "data_format": str(rng.choice(["channels_last", "channels_first"])),
        "use_bias": bool(rng.random() < 0.7),
        "activation": ACTIVATIONS[rng.integers(len(ACTIVATIONS))],
        "dtype": DTYPES[rng.integers(len(DTYPES))],
    }
    if rng.random() < 0.5:
        options["output_padding"] = [int(rng.integers(0, n)) for n in s]
    space, channels = rng.integers(1, 5, 3), int(rng.integers(1, 5))
    first = options["data_format"] == "channels_first"
    shape = (2, channels, *space) if first else (2, *space, channels)
    return options, rng.integers(-3, 4, shape).astype(options["dtype"])


def check(seed):
    rng = np.random.default_rng(seed)
    options, x = drawn(rng)
    kind = (Conv3DTranspose, v1.layers.Conv3DTranspose)[seed % 2]
    layer = kind(**options)
    layer.build(x.shape)
    layer.set_weights([rng.integers(-3, 4, w.shape) for w in layer.weights])
    y = layer(x)
    linear = defined(layer, x)
    expected = np.asarray(layer.activation(linear))
    assert y.shape == layer.compute_output_shape(x.shape) == expected.shape
    assert y.dtype == x.dtype
    eps = float(np.finfo(y.dtype).eps)
    scale = np.abs(linear).max(initial=1)
    np.testing.assert_allclose(y.astype(float), expected, rtol=8 * eps, atol=eps * scale)
    if options["activation"] != "LeakyReLU":
        by_function(layer, x, y, options["activation"])
    again = kind.from_config(json.loads(json.dumps(layer.get_config())))
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)


def by_function(layer, x, y, activation):
    """Where a forward convolution has this length, the function makes the same bits."""
    axes = zip(
        oracle.extents(x.shape, layer._nn_format), layer.kernel_size, layer.strides,
        layer.dilation_rate, oracle.extents(y.shape, layer._nn_format), strict=True,
    )  # fmt: skip
    padding = layer.padding.upper()
    if activation == "softmax" or any(
        o not in oracle.legal_lengths(*axis, padding) for *axis, o in axes
    ):
        return
    bias = None if layer.bias is None else layer.bias.numpy()
    expected = conv3dt.conv3d_transpose(
        x, layer.kernel.numpy(), y.shape, layer.strides, padding, layer._nn_format,
        layer.dilation_rate, bias=bias, activation=activation,
    )  # fmt: skip
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("seed", range(60))
def test_random_layers(seed):
    check(seed)


@pytest.mark.slow
def test_two_thousand_random_layers():
    for seed in range(2000):
        try:
            check(seed)
        except Exception as error:
            raise AssertionError(
                f"layer of seed {seed}: {drawn(np.random.default_rng(seed))[0]}"
            ) from error
