"""Stored answers of TensorFlow 2.15's layers, and a script that prints the same with both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data import make_keras_answers as made

from conv3dt.compat import v1
from conv3dt.keras import activations, backend, constraints, regularizers
from conv3dt.keras.layers import Conv3DTranspose

DATA = Path(__file__).parent / "data"
STORED = np.load(DATA / "keras_answers.npz")
CASES = json.loads(str(STORED["description"]))["cases"]
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
