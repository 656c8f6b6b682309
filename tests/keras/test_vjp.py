"""Gradients of layers: what goes back, and that nothing is kept in the layer."""

import copy
import pickle
import threading

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras import activations, constraints, layers, regularizers
from tests.helpers import keras_layers

KINDS = layers.Conv3DTranspose, v1.layers.Conv3DTranspose
X = np.random.default_rng(0).standard_normal((2, 3, 2, 4, 2))


@pytest.fixture(autouse=True)
def _graph():
    yield
    v1.reset_default_graph()


def check_differences(layer, x, losses=False, tolerance=1e-5):
    """Along a random direction of input and weights at once."""
    rng = np.random.default_rng(1)
    y, pullback = layer.vjp(x)
    dy = rng.standard_normal(y.shape)
    dx, grads = pullback(dy, losses)
    start, ways = layer.get_weights(), [rng.standard_normal(w.shape) for w in layer.weights]
    of_x = rng.standard_normal(x.shape)

    def total(step):
        layer.set_weights([w + step * v for w, v in zip(start, ways, strict=True)])
        made = np.vdot(layer(x + step * of_x), dy)
        return made + sum(map(float, layer.losses)) if losses else made

    found = (total(1e-6) - total(-1e-6)) / 2e-6
    layer.set_weights(start)
    expected = np.vdot(dx, of_x) + sum(np.vdot(g, v) for g, v in zip(grads, ways, strict=True))
    assert abs(found - expected) <= tolerance * (1 + abs(expected))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("output_padding", [None, 0, 1])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kind", KINDS)
def test_shapes(kind, padding, output_padding, data_format):
    """With 'same', an even kernel and output_padding 0 the output is a part of what is made."""
    layer = kind(
        3, (2, 3, 4), 2, padding, output_padding=output_padding, data_format=data_format,
        activation="gelu", bias_initializer=np.ones, dtype="float64",
    )  # fmt: skip
    layer.bias_initializer = lambda shape, dtype: np.full(shape, 0.5, dtype)
    x = X if data_format == "channels_last" else np.moveaxis(X, -1, 1)
    check_differences(layer, x)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_all_losses(padding):
    layer = layers.Conv3DTranspose(
        3, (2, 4, 2), 2, padding, 0, activation="tanh", dtype="float64",
        kernel_regularizer=regularizers.L1L2(0.1, 0.2), bias_regularizer="l2",
        activity_regularizer=regularizers.L2(0.3),
    )  # fmt: skip
    check_differences(layer, X, losses=True)


OTHERS = {
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "ReLU": activations.get({"class_name": "ReLU", "config": {"max_value": 0.5, "threshold": 0.1}}),
    "LeakyReLU": "LeakyReLU",
    "PReLU": activations.get({"class_name": "PReLU", "config": {"alpha_initializer": "ones"}}),
    "ELU": activations.get({"class_name": "ELU", "config": {"alpha": 0.7}}),
    "ThresholdedReLU": "ThresholdedReLU",
    "Softmax": activations.get({"class_name": "Softmax", "config": {"axis": 1}}),
    "gelu of tanh": activations.get({"class_name": "gelu", "config": {"approximate": True}}),
    "celu": activations.get({"class_name": "celu", "config": {"alpha": 0.5}}),
    "squareplus": activations.get({"class_name": "squareplus", "config": {"b": 2}}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_activations_that_kernels_do_not_know(name):
    layer = layers.Conv3DTranspose(3, 2, 2, activation=OTHERS[name], dtype="float64")
    check_differences(layer, X)


@pytest.mark.parametrize("name", [*activations._FUNCTIONS])
def test_every_function(name):
    """By differences, away from kinks; `threshold` has no defaults."""
    function = activations.get(name)
    if name == "threshold":
        function = activations.get(
            {"class_name": name, "config": {"threshold": 0.3, "default_value": 0.1}}
        )
    rng = np.random.default_rng(2)
    z, way = rng.standard_normal((2, 5, 4, 6)) * 2, rng.standard_normal((5, 4, 6)) * 1e-7
    z = z[0]
    dy = rng.standard_normal(np.shape(function(z)))
    expected = np.vdot(dy, function(z + way) - function(z - way)) / 2
    found = np.vdot(activations.gradient(function, dy, z), way)
    assert abs(found - expected) <= 1e-5 * np.abs(dy).sum() * 1e-7


def test_gradient_of_an_activation_needs_what_it_needs():
    with pytest.raises(ValueError, match=r"^gradient: z must be given for 'gelu'; got None"):
        activations.gradient("gelu", [1.0], y=[1.0])
    with pytest.raises(ValueError, match=r"^gradient: y must have the shape of dy, \(1,\)"):
        activations.gradient("relu", [1.0], y=[1.0, 2.0])
    with pytest.raises(TypeError, match=r"^gradient: activation must be one of conv3dt, or have"):
        activations.gradient(np.sin, [1.0], z=[1.0])
    dy = np.float32([1, 2])
    assert activations.gradient("linear", dy) is dy
    np.testing.assert_array_equal(activations.gradient("relu", dy, z=np.float32([-1, 1])), [0, 2])


def test_order_and_absence():
    layer = layers.Conv3DTranspose(3, 2, use_bias=False)
    y, pullback = layer.vjp(X.astype("f4"))
    dx, (of_kernel,) = pullback(y)
    assert (dx.shape, of_kernel.shape) == (X.shape, layer.kernel.shape)
    assert pullback(y, inputs=False)[0] is None
    np.testing.assert_array_equal(pullback(y, inputs=False)[1][0], of_kernel)
    layer.trainable = False
    assert layer.vjp(X.astype("f4"))[1](y)[1] == []
    layer = layers.Conv3DTranspose(3, 2)
    layer.build(X.shape)
    layer.kernel.trainable = False
    more = layer.add_weight("more", (4,), regularizer="l2", initializer="ones")
    y, pullback = layer.vjp(X.astype("f4"))
    assert [v.name for v in layer.trainable_variables] == [layer.bias.name, more.name]
    of_bias, nothing = pullback(y)[1]
    np.testing.assert_allclose(of_bias, y.sum((0, 1, 2, 3)), rtol=1e-5)
    assert nothing is None
    np.testing.assert_allclose(pullback(y, losses=True)[1][1], np.full(4, 0.02), rtol=1e-6)


def test_the_weights_of_the_call_count():
    layer = keras_layers.integers(layers.Conv3DTranspose(3, 2, 2), X)
    x = np.round(X * 2).astype("f4")
    y, pullback = layer.vjp(x)
    before = pullback(y)
    layer.set_weights([w + 1 for w in layer.get_weights()])
    layer.strides = (1, 1, 1)
    for one, other in zip(before[1], pullback(y)[1], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(before[0], pullback(y)[0])


def test_shared_by_threads():
    layer = layers.Conv3DTranspose(3, 3, 2, activation="elu")
    inputs = [np.random.default_rng(n).standard_normal(X.shape).astype("f4") for n in range(6)]
    layer(inputs[0])

    def gradients(x):
        y, pullback = layer.vjp(x)
        return pullback(y)

    expected, found = [gradients(x) for x in inputs], [None] * len(inputs)
    works = [
        threading.Thread(target=lambda n=n: found.__setitem__(n, gradients(inputs[n])))
        for n in range(len(inputs))
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    for (dx, grads), (dx_2, grads_2) in zip(expected, found, strict=True):
        np.testing.assert_array_equal(dx, dx_2)
        for one, other in zip(grads, grads_2, strict=True):
            np.testing.assert_array_equal(one, other)


def test_nothing_is_kept():
    layer = layers.Conv3DTranspose(3, 2, activity_regularizer="l2")
    layer(X.astype("f4"))
    before = {name: id(value) for name, value in layer.__dict__.items()}
    losses = layer.losses
    y, pullback = layer.vjp(X.astype("f4"))
    assert layer.losses == losses
    pullback(y, losses=True)
    after = {name: id(value) for name, value in layer.__dict__.items()}
    assert {name for name in before if before[name] != after[name]} <= {"_of_inputs"}
    pickle.dumps(layer)
    copy.deepcopy(layer)


def test_types():
    x = X.astype("f4")
    layer = layers.Conv3DTranspose(3, 2, dtype="mixed_float16")
    y, pullback = layer.vjp(x)
    dx, grads = pullback(y.astype("f4"))
    assert (y.dtype, dx.dtype, {g.dtype.name for g in grads}) == ("f2", "f4", {"float32"})
    layer = v1.layers.Conv3DTranspose(3, 2)
    y, pullback = layer.vjp(x)
    with pytest.raises(TypeError, match="dy must have the dtype of the output, float32; got floa"):
        pullback(y.astype("f8"))
    assert pullback(y.tolist())[0].dtype == np.float32


def test_errors():
    layer = layers.Conv3DTranspose(3, 2, name="up")
    y, pullback = layer.vjp(X.astype("f4"))
    with pytest.raises(ValueError, match=r"^up: dy must have the shape of the output, \(2, 4, 3"):
        pullback(y[:1])
    with pytest.raises(TypeError, match="no masked elements"):
        pullback(np.ma.masked_less(y, 0))
    layer.add_loss(lambda: 1.0)
    with pytest.raises(TypeError, match=r"^up: losses must be False where add_loss"):
        layer.vjp(X.astype("f4"))[1](y, losses=True)
    with pytest.raises(ValueError, match="expects 1 input"):
        layer.vjp([[1.0]])

    class Own(layers.Conv3DTranspose):
        def call(self, inputs):
            return super().call(inputs) * 2

    with pytest.raises(TypeError, match=r"^own: vjp needs the `call` of Conv3DTranspose"):
        Own(3, 2, name="own").vjp(X.astype("f4"))
    layer = layers.Conv3DTranspose(3, 2, name="reg", kernel_regularizer=lambda w: np.sum(w))
    y, pullback = layer.vjp(X.astype("f4"))
    pullback(y)
    with pytest.raises(TypeError, match=r"^reg: a regularizer must have a method gradient\(x\)"):
        pullback(y, losses=True)
    layer = layers.Conv3DTranspose(3, 2, name="act", activation=np.sin)
    y, pullback = layer.vjp(X.astype("f4"))
    with pytest.raises(TypeError, match="activation must be one of conv3dt, or have a method"):
        pullback(y)


def test_an_activation_of_ones_own():
    class Sine:
        def __call__(self, x):
            return np.sin(x)

        def gradient(self, dy, z):
            return dy * np.cos(z)

    check_differences(layers.Conv3DTranspose(3, 2, activation=Sine(), dtype="float64"), X)


def test_constraints_hold_after_a_step():
    from conv3dt.keras import optimizers

    layer = layers.Conv3DTranspose(3, 2, kernel_constraint=constraints.NonNeg())
    y, pullback = layer.vjp(X.astype("f4"))
    _, grads = pullback(y)
    optimizers.SGD(1.0).apply_gradients(zip(grads, layer.trainable_variables, strict=True))
    assert (layer.kernel.numpy() >= 0).all()
