"""Optimizers: steps, state, errors."""

import copy
import pickle

import numpy as np
import pytest

from conv3dt.keras import Variable, layers, optimizers

EVERY = [
    optimizers.SGD(0.1),
    optimizers.SGD(0.1, 0.9),
    optimizers.SGD(0.1, 0.9, True),
    optimizers.Adam(0.1),
]
every = pytest.mark.parametrize("optimizer", EVERY, ids=lambda x: f"{type(x).__name__}{x.slots}")


def variables():
    return [Variable(np.float32([1, 2, 3]), "a"), Variable(np.float64([[4]]), "b")]


GRADIENTS = [np.float32([1, -1, 2]), np.float64([[3]])]


@every
def test_a_valley_is_found(optimizer):
    optimizer, found = copy.deepcopy(optimizer), variables()
    for _ in range(300):
        optimizer.apply_gradients([(2 * v.numpy(), v) for v in found])
    assert all(np.abs(v.numpy()).max() < 0.02 for v in found)


@every
def test_state_saves_and_loads(optimizer, tmp_path):
    """The next step is the same to the bit."""
    first, second = copy.deepcopy(optimizer), type(optimizer).from_config(optimizer.get_config())
    one = variables()
    for _ in range(3):
        first.apply_gradients(zip(GRADIENTS, one, strict=True))
    store = {}
    first.save_own_variables(store)
    np.savez(tmp_path / "state.npz", **store)
    other = [Variable(v.numpy(), v.name) for v in one]
    second.build(other)
    with np.load(tmp_path / "state.npz") as file:
        second.load_own_variables(file)
    assert second.iterations == 3
    for thing, found in ((first, one), (second, other)):
        thing.apply_gradients(zip(GRADIENTS, found, strict=True))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@every
def test_a_pickle_goes_on(optimizer):
    optimizer, one = copy.deepcopy(optimizer), variables()
    optimizer.apply_gradients(zip(GRADIENTS, one, strict=True))
    other, found = pickle.loads(pickle.dumps((optimizer, one)))
    for thing, some in ((optimizer, one), (other, found)):
        thing.apply_gradients(zip(GRADIENTS, some, strict=True))
    for a, b in zip(one, found, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert len(other.variables) == len(optimizer.variables)


def test_learning_rates():
    optimizer, (a, _) = optimizers.SGD(lambda step: 1 / (1 + step)), variables()
    for expected in (0, -0.5):
        optimizer.apply_gradients([(np.float32([1, 1, 1]), a)])
        assert a.numpy()[0] == expected
    optimizer.learning_rate = 2
    optimizer.apply_gradients([([1, 1, 1], a)])
    assert a.numpy()[0] == -2.5
    assert optimizer.lr == 2


def test_none_is_left_out():
    optimizer, (a, b) = optimizers.Adam(), variables()
    optimizer.apply_gradients([(None, a), (GRADIENTS[1], b)])
    np.testing.assert_array_equal(a.numpy(), [1, 2, 3])
    assert b.numpy()[0, 0] != 4
    with pytest.raises(ValueError, match=r"^Adam: there must be gradients; got none\."):
        optimizer.apply_gradients([(None, a)])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optimizers.SGD(-1), ValueError, "SGD: learning_rate must be a number from 0; got"),
        (lambda: optimizers.SGD("1"), TypeError, "SGD: learning_rate must be a number from 0; got"),
        (
            lambda: optimizers.SGD(1, 1),
            ValueError,
            "SGD: momentum must be a number from 0 to below",
        ),
        (lambda: optimizers.Adam(beta_1=2), ValueError, "Adam: beta_1 must be a number from 0 to"),
        (lambda: optimizers.Adam(np.nan), ValueError, "Adam: learning_rate must be a number"),
    ],
)
def test_wrong_numbers(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()


def test_nothing_changes_where_a_gradient_is_wrong():
    optimizer, found = optimizers.Adam(), variables()
    with pytest.raises(ValueError, match=r"the gradient of b must have shape \(1, 1\); got shape"):
        optimizer.apply_gradients([(GRADIENTS[0], found[0]), ([1.0], found[1])])
    np.testing.assert_array_equal(found[0].numpy(), [1, 2, 3])
    assert optimizer.iterations == 0
    with pytest.raises(TypeError, match="variables must be those of layers; got"):
        optimizer.apply_gradients([(GRADIENTS[0], found[0].numpy())])
    with pytest.raises(ValueError, match="there must be 1 arrays, one for each"):
        optimizers.Adam().load_own_variables({"0": 1, "1": [2]})


def test_a_layer_packs_its_filters_again():
    layer = layers.Conv3DTranspose(2, 2, 2, kernel_initializer="ones")
    x = np.ones((1, 2, 2, 2, 3), np.float32)
    y, pullback = layer.vjp(x)
    _, grads = pullback(np.ones_like(y))
    optimizers.SGD(0.5).apply_gradients(zip(grads, layer.trainable_variables, strict=True))
    kernel, bias = layer.get_weights()
    assert (kernel == 1 - 0.5 * 8).all()
    np.testing.assert_array_equal(layer(x), np.full_like(y, 3 * kernel[0, 0, 0, 0, 0] + bias[0]))
