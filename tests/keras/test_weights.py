"""Variables, losses and constraints of layers; packing, and calls from several threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import conv3dt
from conv3dt.compat import v1
from conv3dt.keras import _conv3d_transpose
from conv3dt.keras.layers import Conv3DTranspose

X = np.random.default_rng(0).integers(-3, 4, (2, 3, 4, 3, 2)).astype(np.float32)
both = pytest.mark.parametrize("kind", [Conv3DTranspose, v1.layers.Conv3DTranspose])


def by_function(layer, x):
    """The layer's output by the function."""
    return conv3dt.conv3d_transpose(
        x, layer.kernel.numpy(), layer.compute_output_shape(x.shape), layer.strides,
        layer.padding.upper(), bias=layer.bias.numpy(),
    )  # fmt: skip


@both
def test_regularizers_and_constraints(kind):
    layer = kind(
        3, 3, kernel_regularizer="l2", bias_regularizer="l2", activity_regularizer="l2",
        kernel_constraint="non_neg", bias_constraint=np.negative,
    )  # fmt: skip
    layer.build((None, 5, 5, 5, 2))
    assert len(layer.losses) == 2
    layer(np.ones((1, 5, 5, 5, 2), np.float32))
    assert len(layer.losses) == 3
    assert layer.kernel.constraint is layer.kernel_constraint
    assert layer.bias.constraint is np.negative
    layer.bias.assign([1, 2, 3])
    kernel = layer.kernel.numpy()
    layer.apply_constraints()
    np.testing.assert_array_equal(layer.kernel, np.maximum(kernel, 0))
    np.testing.assert_array_equal(layer.bias, [-1, -2, -3])


def test_losses_are_computed_when_they_are_read():
    layer = Conv3DTranspose(2, 3, kernel_regularizer="l1", activity_regularizer="l1")
    y = layer(X)
    factor = np.float32(0.01)
    np.testing.assert_allclose(layer.losses[0], factor * np.abs(y).sum() / 2, rtol=1e-6)
    layer.kernel.assign(np.full(layer.kernel.shape, -2))
    np.testing.assert_allclose(layer.losses[1], factor * 2 * layer.kernel.numpy().size, rtol=1e-6)
    layer(X[:0])
    assert layer.losses[0] == 0


@both
def test_variables(kind):
    layer = kind(2, 3)
    assert layer.weights == layer.get_weights() == []
    layer(X)
    kernel, bias = layer.weights
    assert (kernel, bias) == (layer.kernel, layer.bias) if kernel is layer.kernel else False
    assert layer.count_params() == 3**3 * 2 * 2 + 2
    layer.trainable = False
    assert layer.trainable_weights == layer.trainable_variables == []
    assert [v is w for v, w in zip(layer.non_trainable_weights, (kernel, bias), strict=True)]
    assert kernel.trainable


def test_a_variable():
    layer = Conv3DTranspose(2, 1, kernel_initializer="ones", name="up")
    layer(X)
    kernel = layer.kernel
    copy = kernel.numpy()
    copy[:] = 9
    assert kernel.numpy().max() == 1
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(kernel)[:] = 9
    assert kernel.assign(copy) is kernel
    copy[:] = 5
    assert kernel.numpy().min() == 9
    kernel.assign_add(np.ones(kernel.shape)).assign_sub(np.full(kernel.shape, 4))
    np.testing.assert_array_equal(kernel, np.full((1, 1, 1, 2, 2), 6))
    np.testing.assert_array_equal(kernel * 2 + 1, np.full((1, 1, 1, 2, 2), 13))
    np.testing.assert_array_equal(np.sqrt(3 + kernel), np.full((1, 1, 1, 2, 2), 3))
    assert (len(kernel), kernel[0, 0, 0, 0, 0], kernel.dtype) == (1, 6, np.float32)
    assert np.asarray(kernel, np.float64).dtype == np.float64
    assert repr(kernel).startswith("<conv3dt.Variable 'up/kernel:0' shape=(1, 1, 1, 2, 2) dtype=fl")
    assert len({kernel, layer.bias}) == 2


def test_first_weights():
    weights = [np.full((3, 3, 3, 2, 2), 2.0), np.array([1, -1])]
    layer = Conv3DTranspose(2, 3, weights=weights)
    layer(X)
    for w, expected in zip(layer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(w, expected)


# ---- packing -------------------------------------------------------------------------------------


def test_filters_are_packed_when_they_change(monkeypatch):
    packed = []
    prepare = _conv3d_transpose.prepare

    def counting(*arguments, **options):
        packed.append(arguments)
        return prepare(*arguments, **options)

    monkeypatch.setattr(_conv3d_transpose, "prepare", counting)
    layer = Conv3DTranspose(2, 3, strides=2, kernel_initializer="ones")
    for x in (X, X, X[:, :2], X):
        np.testing.assert_array_equal(layer(x), by_function(layer, x))
    assert len(packed) == 1
    ones = [np.ones(w.shape) for w in layer.weights]
    for number, change in enumerate(
        (
            lambda: layer.kernel.assign(ones[0]),
            lambda: layer.bias.assign(ones[1]),
            lambda: layer.bias.assign_sub(ones[1]),
            lambda: layer.set_weights(ones),
            lambda: layer.build(X.shape),
        ),
        start=2,
    ):
        change()
        np.testing.assert_array_equal(layer(X), by_function(layer, X))
        assert len(packed) == number


def test_several_threads():
    """Each result is that of one of the kernels, whole, while another thread changes them."""
    layer = Conv3DTranspose(8, 3, strides=2, use_bias=False)
    kernels = [np.full((3, 3, 3, 8, 2), value, np.float32) for value in (1, 2)]
    x = np.ones((1, 6, 6, 6, 2), np.float32)
    layer.build(x.shape)
    expected = []
    for kernel in kernels:
        layer.kernel.assign(kernel)
        expected.append(layer(x))

    def call(_):
        return [layer(x) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        results = pool.map(call, range(3))
        for number in range(300):
            layer.kernel.assign(kernels[number % 2])
        for y in (y for ys in results for y in ys):
            assert any((y == e).all() for e in expected)


def test_several_threads_build_once():
    for _ in range(20):
        layer = Conv3DTranspose(2, 2)
        with ThreadPoolExecutor(4) as pool:
            first, *others = pool.map(layer, [X] * 4)
        for y in others:
            np.testing.assert_array_equal(y, first)
        assert len(layer.weights) == 2


def test_pickles_of_earlier_versions_find_their_activations():
    layer = Conv3DTranspose(2, 3, activation="relu")
    layer.build((1, 2, 2, 2, 1))
    text = pickle.dumps(layer, protocol=0)
    earlier = text.replace(b"conv3dt.functions.array_activations", b"conv3dt._activation_functions")
    assert earlier != text
    found = pickle.loads(earlier)
    assert found.activation is conv3dt.nn.relu
    for a, b in zip(found.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
