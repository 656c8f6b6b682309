"""Gradients that Keras gave (data/make_keras_gradient_answers.py asked) against the library."""

import json
from pathlib import Path

import numpy as np
import pytest

from conv3dt.keras import Variable, layers, optimizers, regularizers

with np.load(Path(__file__).parents[1] / "data" / "keras_gradient_answers.npz") as file:
    STORED = dict(file)
DESCRIPTION = json.loads(str(STORED["description"]))
LAYERS = DESCRIPTION["layers"]


def told(options):
    return "-".join(str(x).replace(" ", "") for x in options.values())


@pytest.mark.parametrize("number", range(len(LAYERS)), ids=lambda n: told(LAYERS[n]))
def test_layers(number):
    def stored(name):
        return STORED[f"layer {number} {name}"]

    options = {"filters": 3, "kernel_size": (2, 3, 3), "dtype": "float64", **LAYERS[number]}
    mixed = options["dtype"] != "float64"
    layer = layers.Conv3DTranspose(**options)
    layer.build(stored("x").shape)
    layer.set_weights([stored(f"w{n}") for n in range(len(layer.weights))])
    x = stored("x").astype("float32" if mixed else "float64")
    y, pullback = layer.vjp(x)
    np.testing.assert_array_equal(y, layer(x))
    # TensorFlow has some constants in float32 only.
    rough = options.get("activation") in ("gelu", "leaky_relu")
    close = dict.fromkeys(("rtol", "atol"), 0.02 if mixed else 1e-7 if rough else 1e-9)
    np.testing.assert_allclose(y.astype("f8"), stored("y"), **close)
    dx, grads = pullback(stored("dy").astype(y.dtype), losses=True)
    assert dx.dtype == x.dtype
    np.testing.assert_allclose(dx, stored("dx"), **close)
    assert len(grads) == len(layer.trainable_variables)
    for n, (g, v) in enumerate(zip(grads, layer.trainable_variables, strict=True)):
        assert g.dtype == v.dtype
        np.testing.assert_allclose(g, stored(f"g{n}"), **close)


@pytest.mark.parametrize("number", range(len(DESCRIPTION["optimizers"])))
def test_optimizers(number):
    name, options = DESCRIPTION["optimizers"][number]
    variable = Variable(STORED["optimizer w"], "w")
    optimizer = getattr(optimizers, name)(**options)
    for step, g in enumerate(STORED["optimizer g"]):
        assert optimizer.apply_gradients([(g, variable)]) == step + 1
        answer = STORED[f"optimizer {number}"][step]
        np.testing.assert_allclose(variable.numpy(), answer, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2", "rows", "columns"])
def test_regularizers(name):
    kind = {
        "l1": regularizers.L1(0.5),
        "l2": regularizers.L2(0.25),
        "l1_l2": regularizers.L1L2(0.5, 0.25),
        "rows": regularizers.OrthogonalRegularizer(0.5, "rows"),
        "columns": regularizers.OrthogonalRegularizer(0.5, "columns"),
    }[name]
    x, answer = (STORED[f"regularizer {name} {what}"] for what in ("x", "dx"))
    np.testing.assert_allclose(kind.gradient(x), answer, rtol=1e-12, atol=1e-12)
    assert kind.gradient(x.astype("f4")).dtype == np.float32
