"""Masked arrays: what lies under a mask is no data, wherever an array is taken."""

import numpy as np
import pytest

import conv3dt
from conv3dt import nn
from conv3dt.compat import v1
from conv3dt.keras import activations, constraints, initializers, layers, regularizers

X = np.arange(1, 9, dtype=np.float32).reshape(1, 2, 2, 2, 1)
W = np.ones((2, 2, 2, 1, 1), np.float32)
B = np.ones(1, np.float32)
SHAPE = (1, 4, 4, 4, 1)


def masked(array, *, hidden=True):
    """Return an array with a mask that hides one element, or none."""
    found = np.ma.masked_array(array.copy(), np.zeros(array.shape, bool))
    if hidden:
        found[(0,) * array.ndim] = np.ma.masked
        found.data[(0,) * array.ndim] = 1e30
    return found


class Wrapped:
    """An object whose `__array__` hands out a masked array."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


def layer():
    made = layers.Conv3DTranspose(1, 2, strides=2, kernel_initializer="ones")
    made.build(X.shape)
    return made


# What is called with an array, and an array for it.
TAKERS = {
    "input": (lambda a: conv3dt.conv3d_transpose(a, W, SHAPE, 2), X),
    "filters": (lambda a: conv3dt.conv3d_transpose(X, a, SHAPE, 2), W),
    "bias": (lambda a: conv3dt.conv3d_transpose(X, W, SHAPE, 2, bias=a), B),
    "out": (lambda a: conv3dt.conv3d_transpose(X, W, SHAPE, 2, out=a), np.zeros(SHAPE, "f4")),
    "conv3d": (lambda a: conv3dt.conv3d(a, W, 1, "SAME"), X),
    "conv3d's out": (lambda a: conv3dt.conv3d(X, W, 1, "SAME", out=a), np.zeros(X.shape, "f4")),
    "explain": (lambda a: conv3dt.explain(a, W, SHAPE, 2), X),
    "prepare": (lambda a: conv3dt.prepare(a, 2), W),
    "prepare's bias": (lambda a: conv3dt.prepare(W, 2, bias=a), B),
    "Prepared": (lambda a: conv3dt.prepare(W, 2)(a), X),
    "nn": (lambda a: nn.conv3d_transpose(a, W, SHAPE, 2), X),
    "v1": (lambda a: v1.nn.conv3d_transpose(X, a, SHAPE, [1, 2, 2, 2, 1]), W),
    "a layer": (lambda a: layer()(a), X),
    "set_weights": (lambda a: layer().set_weights([a, B]), W),
    "a layer's bias": (lambda a: layer().set_weights([W, a]), B),
    "weights=": (lambda a: layers.Conv3DTranspose(1, 2, weights=[a, B])(X), W),
    "assign": (lambda a: layer().kernel.assign(a), W),
    "assign_add": (lambda a: layer().kernel.assign_add(a), W),
    "an attribute": (lambda a: setattr(layer(), "kernel", a), W),
    "Constant": (lambda a: initializers.Constant(a)(W.shape), W),
    "an initializer": (lambda a: layers.Conv3DTranspose(1, 2, kernel_initializer=made(a))(X), W),
    "an activation": (activations.relu, X),
    "a newer activation": (activations.celu, X),
    "softmax": (nn.softmax, X),
    "a constraint": (constraints.MaxNorm(), W),
    "a regularizer": (regularizers.L2(), W),
    "convolution_op": (lambda a: layer().convolution_op(X, a), W),
}


def made(array):
    return lambda shape, dtype=None: array


@pytest.mark.parametrize("name", TAKERS)
def test_a_mask_that_hides_something_is_an_error(name):
    take, array = TAKERS[name]
    with pytest.raises(TypeError, match=r"must have no masked elements, .*; got 1 masked"):
        take(masked(array))


@pytest.mark.parametrize("name", TAKERS)
def test_a_mask_that_hides_nothing_is_none(name):
    take, array = TAKERS[name]
    given, plain = take(masked(array, hidden=False)), take(array.copy())
    if isinstance(plain, np.ndarray):
        np.testing.assert_array_equal(given, plain)
        assert type(given) is np.ndarray or "out" in name


@pytest.mark.parametrize(
    "given",
    [
        Wrapped(masked(X)),
        list(masked(X)),
        [[list(row) for row in masked(X)[0]]],
        (masked(X)[0],),
        masked(X).astype(np.float64).astype(np.float32),
        np.ma.masked_all(X.shape, np.float32),
        np.ma.masked_invalid(np.where(X > 7, np.nan, X)),
        masked(X).harden_mask(),
        masked(X)[:, ::-1],
    ],
    ids=["__array__", "list", "lists", "tuple", "cast", "all", "invalid", "hard", "view"],
)
def test_however_it_comes(given):
    """Without NumPy's warning that it makes NaN of a masked number, which would be an error."""
    with pytest.raises(TypeError, match="no masked elements"):
        conv3dt.conv3d_transpose(given, W, SHAPE, 2)


def test_nothing_is_written_to_what_is_refused():
    out = masked(np.zeros(SHAPE, np.float32))
    with pytest.raises(TypeError, match="out must have no masked"):
        conv3dt.conv3d_transpose(X, W, SHAPE, 2, out=out)
    assert not out.data.ravel()[1:].any()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"output_shape": np.ma.masked_equal([1, 4, 4, 4, 1], 4)}, "output_shape"),
        ({"output_shape": np.ma.masked_equal([1.0, 4, 4, 4, 1], 4)}, "output_shape"),
        ({"strides": np.ma.masked_equal([2, 1, 2], 1)}, "strides"),
        ({"strides": np.ma.masked}, "strides"),
        ({"dilations": np.ma.masked_equal([1, 2, 1], 2)}, "dilations"),
    ],
    ids=str,
)
def test_masked_integers_are_none(options, name):
    with pytest.raises(TypeError, match=f"{name} must be integers"):
        conv3dt.conv3d_transpose(X, W, **{"output_shape": SHAPE, "strides": 2, **options})
