"""Weights are set by assigning arrays to attributes; arithmetic on a variable gives arrays."""

import operator

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras._variables import Variable
from conv3dt.keras.layers import Conv3DTranspose
from tests.helpers.keras_layers import defined, integers

X = np.random.default_rng(0).integers(-3, 4, (1, 2, 3, 2, 2)).astype(np.float32)
BOTH = (Conv3DTranspose, v1.layers.Conv3DTranspose)


@pytest.fixture(params=BOTH, ids=["keras", "v1"])
def layer(request):
    v1.reset_default_graph()
    return integers(request.param(2, 3, kernel_regularizer="l2", name="up"), X)


# ---- attributes ----------------------------------------------------------------------------------


ARRAYS = {
    "array": lambda w: w / np.float32(2),
    "float64": lambda w: w.astype(np.float64) * 3,
    "integers": lambda w: w.astype(int),
    "list": lambda w: w.tolist(),
    "view": lambda w: (w[::-1] * 2)[::-1],
    "fortran": np.asfortranarray,
    "other bytes": lambda w: w.astype(">f4"),
}


@pytest.mark.parametrize("name", ["kernel", "bias"])
@pytest.mark.parametrize("made", ARRAYS.values(), ids=ARRAYS)
def test_an_array_becomes_the_value(layer, name, made):
    variable = getattr(layer, name)
    value = made(variable.numpy() + 1)
    layer(X)
    setattr(layer, name, value)
    assert getattr(layer, name) is variable
    np.testing.assert_array_equal(variable, np.asarray(value))
    assert variable.dtype == np.float32
    np.testing.assert_array_equal(layer(X), defined(layer, X))
    assert layer.weights[name == "bias"] is variable


def test_what_wrappers_do(layer):
    """Normalized weights are set before each call."""
    weight = layer.kernel.numpy()
    for sigma in (2.0, 4.0):
        layer.kernel = weight / np.float32(sigma)
        np.testing.assert_array_equal(layer(X), defined(layer, X))
        np.testing.assert_array_equal(layer.get_weights()[0], weight / np.float32(sigma))
    layer.kernel *= 0.5
    layer.bias += 1
    np.testing.assert_array_equal(layer.kernel, weight / np.float32(8))
    np.testing.assert_array_equal(layer(X), defined(layer, X))


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("kernel", np.ones((3, 3, 3, 2, 1)), ValueError, "Shape mismatch"),
        ("kernel", np.ones(()), ValueError, "Shape mismatch"),
        ("bias", np.ones(3), ValueError, "Shape mismatch"),
        ("bias", 0.0, ValueError, "Shape mismatch"),
        ("kernel", None, TypeError, "must be an array; got None"),
        ("kernel", "ones", TypeError, "value must be real numbers"),
        ("bias", [1j, 2], TypeError, "value must be real numbers; got complex128"),
        ("bias", np.ma.masked_equal([1.0, 2], 1), TypeError, "no masked elements"),
        ("bias", Variable(np.ones(3), "b"), ValueError, "must have shape"),
    ],
)
def test_what_is_no_value(layer, name, value, error, text):
    before = layer.get_weights()
    with pytest.raises(error, match=text):
        setattr(layer, name, value)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_another_variable_takes_the_place_of_one(layer):
    other = Variable(np.ones(layer.kernel.shape), "shared", "float32")
    layer.kernel = other
    assert layer.kernel is layer.weights[0] is other
    np.testing.assert_allclose(layer.losses[0], 0.01 * other.value().size, rtol=1e-6)
    np.testing.assert_array_equal(layer(X), defined(layer, X))
    other.assign_add(other)
    np.testing.assert_array_equal(layer(X), defined(layer, X))


def test_before_there_are_weights():
    layer = Conv3DTranspose(2, 3, name="up")
    for name in ("kernel", "bias"):
        with pytest.raises(ValueError, match=f"Layer up: {name} cannot be set; call it first"):
            setattr(layer, name, np.ones(2))
    layer = Conv3DTranspose(2, 3, use_bias=False, name="up")
    layer(X)
    assert layer.bias is None
    with pytest.raises(ValueError, match="Layer up: bias cannot be set; it has none"):
        layer.bias = np.ones(2)


def test_a_layer_that_is_built_again():
    layer = Conv3DTranspose(2, 3, kernel_initializer="ones")
    layer.build(X.shape)
    layer.build((None, None, None, None, 5))
    assert layer.kernel.shape == (3, 3, 3, 2, 5)
    assert len(layer.weights) == 2


def test_weights_of_a_subclass():
    class Scaled(Conv3DTranspose):
        def build(self, shape):
            super().build(shape)
            self.scale = self.add_weight("scale", (1,), initializer="ones")

        def call(self, inputs):
            return super().call(inputs) * self.scale

    layer = Scaled(2, 3)
    y = layer(X)
    layer.scale = [3]
    np.testing.assert_array_equal(layer(X), y * 3)
    layer.scale = None  # an attribute like any other
    assert layer.scale is None
    assert len(layer.weights) == 3


# ---- arithmetic ----------------------------------------------------------------------------------

NAMES = "iadd isub imul itruediv ifloordiv imod ipow"


@pytest.mark.parametrize("name", NAMES.split())
@pytest.mark.parametrize("other", [2, np.float32(3), np.ones(2, np.float32)], ids=str)
def test_arithmetic_in_place_gives_an_array(name, other):
    variable = Variable([5.0, 7.0], "v", "float32")
    expected = getattr(operator, name[1:])(np.float32([5, 7]), other)
    found = getattr(operator, name)(variable, other)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(variable, [5, 7])


def test_other_operators_in_place():
    matrix, bits = Variable(np.eye(2), "m"), Variable([6, 5], "b", int)
    matrix @= np.ones((2, 2))
    bits &= 3
    assert (type(matrix), type(bits)) == (np.ndarray, np.ndarray)
    np.testing.assert_array_equal(bits, [2, 1])
    array, variable = np.ones(2), Variable([2.0, 3.0], "v")
    array *= variable
    np.testing.assert_array_equal(array, [2, 3])


WRITERS = {
    "out": lambda v: np.add(v, 1, out=v),
    "out of another": lambda v: np.add(np.ones(2), 1, out=(v,)),
    "two": lambda v: np.modf(np.ones(2), out=(np.ones(2), v)),
    "reduce": lambda v: np.add.reduce(np.ones((2, 2)), out=v),
    "accumulate": lambda v: np.add.accumulate(v, out=v),
    "at": lambda v: np.add.at(v, 0, 1),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_functions_of_numpy_do_not_write_to_a_variable(write):
    variable = Variable([1.0, 2.0], "v")
    with pytest.raises(TypeError, match=r"a Variable changes by assignment only.*'v'"):
        write(variable)
    np.testing.assert_array_equal(variable, [1, 2])


def test_its_arrays_are_read_only():
    variable = Variable([1.0, 2.0], "v")
    for array in (variable.value(), np.asarray(variable), variable[:1]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 3
    variable.numpy()[...] = 3
    np.array(variable)[...] = 3
    np.testing.assert_array_equal(variable, [1, 2])


def test_assigning_more_and_less():
    variable = Variable([1.0, 2.0], "v", "float32")
    assert variable.assign_add([1, 1]).assign_sub(0.5) is variable
    np.testing.assert_array_equal(variable, [1.5, 2.5])
    variable.assign_add(variable)
    np.testing.assert_array_equal(variable, [3, 5])
    np.testing.assert_array_equal(
        np.multiply(2, variable, where=variable > 0, out=np.zeros(2)), [6, 10]
    )
    with pytest.raises(ValueError, match="Shape mismatch"):
        variable.assign_add(np.ones((2, 2)))
    with pytest.raises(TypeError, match="must be an array; got None"):
        variable.assign_sub(None)
