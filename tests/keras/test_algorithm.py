"""Layers whose sums are made as they are told."""

import json

import numpy as np
import pytest

import conv3dt
from conv3dt.compat import v1
from conv3dt.keras import layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((1, 5, 6, 7, 16)).astype(np.float32)
W = RNG.standard_normal((3, 3, 3, 16, 16)).astype(np.float32)
NAMES = ("direct", "minimal")
DIRECT, MINIMAL = (
    conv3dt.conv3d_transpose(X, W, X.shape, 1, "SAME", algorithm=name) for name in NAMES
)
OPTIONS = {"padding": "same", "use_bias": False}


def in_version_1(algorithm):
    layer = v1.layers.Conv3DTranspose(16, 3, algorithm=algorithm, **OPTIONS)
    layer.build(X.shape)
    layer.set_weights([W])
    return layer(X)


def in_a_function(algorithm):
    v1.reset_default_graph()
    how = {"kernel_initializer": lambda *_, **__: W, "algorithm": algorithm, **OPTIONS}
    return v1.layers.conv3d_transpose(X, 16, 3, **how)


def in_keras(algorithm):
    return layers.Conv3DTranspose(16, 3, algorithm=algorithm, weights=[W], **OPTIONS)(X)


@pytest.mark.parametrize("made", [in_keras, in_version_1, in_a_function])
def test_layers_make_the_sums_they_are_told(made):
    assert not np.array_equal(DIRECT, MINIMAL)
    np.testing.assert_array_equal(made("direct"), DIRECT)
    np.testing.assert_array_equal(made("minimal"), MINIMAL)
    np.testing.assert_array_equal(made("auto"), DIRECT)


def test_another_algorithm_from_the_next_call_on():
    layer = layers.Conv3DTranspose(16, 3, weights=[W], algorithm="direct", **OPTIONS)
    np.testing.assert_array_equal(layer(X), DIRECT)
    layer.algorithm = "minimal"
    np.testing.assert_array_equal(layer(X), MINIMAL)


def test_the_convolution_of_a_layer():
    kernel = W.swapaxes(3, 4)
    for name in NAMES:
        layer = layers.Conv3DTranspose(16, 3, algorithm=name, **OPTIONS)
        expected = conv3dt.conv3d(X, kernel, 1, "SAME", algorithm=name)
        np.testing.assert_array_equal(layer.convolution_op(X, kernel), expected)


@pytest.mark.parametrize("kind", [layers.Conv3DTranspose, v1.layers.Conv3DTranspose])
def test_it_is_described_where_it_was_given(kind):
    assert "algorithm" not in kind(16, 3).get_config()
    config = json.loads(json.dumps(kind(16, 3, algorithm="minimal").get_config()))
    assert config["algorithm"] == "minimal"
    assert kind.from_config(config).algorithm == "minimal"


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ("fast", ValueError, "'auto', 'direct' or 'minimal'; got 'fast'"),
        (1, TypeError, "'auto', 'direct' or 'minimal'; got 1"),
    ],
)
def test_what_is_none(given, error, text):
    for kind in (layers.Conv3DTranspose, v1.layers.Conv3DTranspose):
        with pytest.raises(error, match=f"Conv3DTranspose: algorithm must be {text}"):
            kind(16, 3, algorithm=given)
