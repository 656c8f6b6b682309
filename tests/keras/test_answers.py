"""Stored answers of TensorFlow 2.15 and Keras 3.15, and a script that prints the same with both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras import activations, backend, constraints, regularizers
from conv3dt.keras.layers import Conv3DTranspose
from tests.data import make_keras3_answers as made3
from tests.data import make_keras_answers as made

DATA = Path(__file__).parents[1] / "data"
STORED = np.load(DATA / "keras_answers.npz")
CASES = json.loads(str(STORED["description"]))["cases"]
STORED3 = np.load(DATA / "keras3_answers.npz")
KINDS = {"keras": Conv3DTranspose, "legacy": v1.layers.Conv3DTranspose}
TOLERANCE = {"float32": 3e-6, "float64": 1e-14}


@pytest.mark.parametrize("number", range(len(CASES)))
def test_layers(number):
    case = CASES[number]
    backend.clear_session()
    weights, x = made.arrays(case["number"], case["options"])
    y, said = made.layer_answer(KINDS[case["family"]], case["options"], weights, x)
    expected = STORED[f"answer {number}"]
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    near = TOLERANCE[y.dtype.name] * np.abs(expected).max()
    np.testing.assert_allclose(y, expected, rtol=TOLERANCE[y.dtype.name], atol=near)
    np.testing.assert_allclose(said["losses"], case["losses"], rtol=1e-6)
    said = json.loads(json.dumps(said))
    assert (said["shape"], said["params"]) == (case["shape"], case["params"])
    assert comparable(said["config"]) == comparable(case["config"])


@pytest.mark.parametrize(("number", "options"), list(enumerate(made3.options())))
def test_layers_of_keras_3(number, options):
    assert json.loads(str(STORED3["description"]))["cases"][number] == json.loads(
        json.dumps(options)
    )
    kernel, bias, x = made3.arrays(number, options["kernel_size"])
    layer = Conv3DTranspose(made3.CHANNELS[1], weights=[kernel, bias], **options)
    np.testing.assert_array_equal(layer(x), STORED3[f"answer {number}"])


def comparable(config):
    """Without what only one of them has to say, and what is a layer's own default elsewhere."""
    config = {key: value for key, value in config.items() if key != "dilation_rate"}
    if isinstance(config["activation"], dict):
        config["activation"] = config["activation"]["class_name"]
    if config["bias_initializer"] is not None:
        config["bias_initializer"]["config"].pop("dtype", None)
    return config


@pytest.mark.parametrize("name", made.ACTIVATIONS)
def test_activations(name):
    expected = STORED[f"part activations {name}"]
    actual = activations.get(name)(STORED["part x"])
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "table"),
    [(constraints, made.CONSTRAINTS), (regularizers, made.REGULARIZERS)],
    ids=["constraints", "regularizers"],
)
def test_parts(module, table):
    for number, (name, options) in enumerate(table):
        expected = STORED[f"part {module.__name__.rpartition('.')[2]} {number}"]
        actual = getattr(module, name)(**options)(STORED["part x"])
        np.testing.assert_allclose(actual, expected, rtol=2e-6, err_msg=name)


def test_a_script_prints_the_same():
    root = Path(sys.modules["conv3dt"].__file__).parents[1]
    result = subprocess.run(
        [sys.executable, DATA / "legacy_script.py", "conv3dt"],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout == (DATA / "legacy_script.txt").read_text()


# ---- Keras's tests of layers with fewer dimensions -----------------------------------------------


def test_dilation_in_two_dimensions():
    x = np.arange(48, dtype=np.float32).reshape(1, 1, 4, 4, 3)
    layer = Conv3DTranspose(
        1, (1, 3, 3), padding="same", dilation_rate=(1, 2, 2), kernel_initializer="ones"
    )
    rows = [[192, 228, 192, 228], [336, 372, 336, 372], [192, 228, 192, 228], [336, 372, 336, 372]]
    np.testing.assert_array_equal(layer(x)[0, 0, :, :, 0], rows)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_one_and_two_dimensions(padding):
    for x, kernel in (
        (np.arange(24).reshape(2, 1, 1, 4, 3), np.arange(30).reshape(1, 1, 2, 5, 3)),
        (np.arange(96).reshape(2, 1, 4, 4, 3), np.arange(60).reshape(1, 2, 2, 5, 3)),
    ):
        strides = tuple(2 if k > 1 else 1 for k in kernel.shape[:3])
        layer = Conv3DTranspose(
            5, kernel.shape[:3], strides, padding, weights=[kernel], use_bias=False
        )
        x = x.astype(np.float32)
        # Kernel 2 and stride 2: every input becomes a block.
        blocks = np.einsum("ndhwi,abcoi->ndahbwco", x, kernel)
        shape = (2, *(i * k for i, k in zip(x.shape[1:4], kernel.shape[:3], strict=True)), 5)
        np.testing.assert_array_equal(layer(x), blocks.reshape(shape))


def test_a_layer_for_any_shape():
    layer = Conv3DTranspose(3, 3, bias_initializer="ones")
    layer.build((None, None, None, None, 3))
    for size in (3, 4):
        assert layer(np.zeros((1, size, size, size, 3), np.float32)).shape == (
            1,
            *[size + 2] * 3,
            3,
        )
