"""What layers are called with besides inputs reaches `call`; what is unknown is an error."""

import functools

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose

X = np.ones((1, 2, 2, 2, 1), np.float32)
BOTH = (Conv3DTranspose, v1.layers.Conv3DTranspose)
both = pytest.mark.parametrize("kind", BOTH, ids=["keras", "v1"])


@pytest.fixture(autouse=True)
def fresh_names():
    v1.reset_default_graph()


def subclass(kind, call):
    """Return a class whose `call` gives what it was called with."""
    made = type("Mine", (kind,), {"call": call, "seen": None})
    return made(1, 1, kernel_initializer="ones")


def plain(self, inputs, scale=1.0, training=False):
    self.seen = scale, training
    return inputs * np.float32(scale * (2 if training else 1))


CALLS = {
    "nothing": ((), {}, (1.0, False)),
    "positional": ((3.0,), {}, (3.0, False)),
    "two": ((3.0, True), {}, (3.0, True)),
    "training": ((), {"training": True}, (1.0, True)),
    "scale": ((), {"scale": 2.0}, (2.0, False)),
    "all": ((), {"scale": 2.0, "training": True}, (2.0, True)),
    "mask of none": ((), {"mask": None}, (1.0, False)),
    "training of none": ((), {"training": None}, (1.0, None)),
}


@both
@pytest.mark.parametrize(("more", "named", "seen"), CALLS.values(), ids=CALLS)
def test_arguments_reach_call(kind, more, named, seen):
    layer = subclass(kind, plain)
    y = layer(X, *more, **named)
    assert layer.seen == seen
    np.testing.assert_array_equal(y, X * seen[0] * (2 if seen[1] else 1))
    np.testing.assert_array_equal(layer(inputs=X, **named).shape, X.shape)


UNKNOWN = {
    "a name": ((), {"scales": 1}),
    "too many": ((1, 2, 3), {}),
    "twice": ((1.0,), {"scale": 2.0}),
    "a mask": ((), {"mask": np.ones(2, bool)}),
}


@both
@pytest.mark.parametrize(("more", "named"), UNKNOWN.values(), ids=UNKNOWN)
def test_the_unknown_is_an_error(kind, more, named):
    layer = subclass(kind, plain)
    with pytest.raises(TypeError, match=rf"{layer.name}: call\(\) .+"):
        layer(X, *more, **named)


@both
@pytest.mark.parametrize(
    ("more", "named"),
    [((True,), {}), ((), {"mask": X}), ((), {"scale": 1}), ((), {"input": X}), ((None,), {})],
)
def test_of_the_layer_itself(kind, more, named):
    layer = kind(1, 1)
    with pytest.raises(TypeError, match=r"call\(\)"):
        layer(X, *more, **named)
    for training in (True, False, None):
        np.testing.assert_array_equal(layer(X, training=training), layer(X))
    np.testing.assert_array_equal(layer(inputs=X, mask=None), layer(X))


@both
def test_without_inputs(kind):
    with pytest.raises(TypeError, match=r"call\(\) missing a required argument: 'inputs'"):
        kind(1, 1)()
    with pytest.raises(TypeError, match=r"call\(\) missing a required argument: 'x'"):
        subclass(kind, lambda self, x: x)(training=True)


@both
def test_the_first_argument_may_have_any_name(kind):
    layer = subclass(kind, lambda self, x, factor: x * factor)
    np.testing.assert_array_equal(layer(x=X, factor=2), 2 * X)
    np.testing.assert_array_equal(layer(X, 2), 2 * X)


def test_training_that_must_be_given_is_false_if_nobody_says():
    layer = subclass(Conv3DTranspose, lambda self, x, training: x * np.float32(training))
    assert not layer(X).any()
    assert layer(X, training=True).all()
    assert layer(X, True).all()


def test_keywords_of_any_name():
    seen = {}
    layer = subclass(Conv3DTranspose, lambda self, x, **named: (seen.update(named), x)[1])
    layer(X, training=True, mask=3, other="a")
    assert seen == {"training": True, "mask": 3, "other": "a"}


def test_a_mask_for_those_that_take_one():
    layer = subclass(Conv3DTranspose, lambda self, x, mask=None: x if mask is None else x * mask)
    np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_array_equal(layer(X, mask=3), 3 * X)


def test_a_call_that_is_decorated():
    @functools.wraps(plain)
    def decorated(*arguments, **named):
        return plain(*arguments, **named)

    layer = subclass(Conv3DTranspose, decorated)
    np.testing.assert_array_equal(layer(X, 2.0, training=True), 4 * X)


def test_a_call_that_is_put_on_one_layer():
    layer = Conv3DTranspose(1, 1)
    layer.call = lambda inputs, factor=1: inputs * factor
    np.testing.assert_array_equal(layer(X, factor=3), 3 * X)
    np.testing.assert_array_equal(layer(X), X)


class Outer(Conv3DTranspose):
    """A layer around another one, which is not told."""

    def __init__(self, inner):
        super().__init__(1, 1)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize("default", [False, None, "required"])
def test_the_layer_around_a_call_says_whether_it_is_training(default):
    def call(self, x, training=default):
        self.seen = training
        return x

    inner = subclass(Conv3DTranspose, call)
    outer = Outer(inner)
    outer(X, training=True)
    assert inner.seen is True
    outer(X)
    assert inner.seen is default
    Outer(outer)(X, training=True)
    assert inner.seen is True
    inner(X)
    assert inner.seen is default


def test_after_an_error_nobody_is_training():
    def call(self, x, training=False):
        self.seen = training
        if training:
            raise RuntimeError
        return x

    inner = subclass(Conv3DTranspose, call)
    with pytest.raises(RuntimeError):
        Outer(inner)(X, training=True)
    inner(X)
    assert inner.seen is False


def test_v1_takes_a_scope_besides():
    layer = subclass(v1.layers.Conv3DTranspose, plain)
    np.testing.assert_array_equal(layer(X, 2.0, scope="there"), 2 * X)
    assert layer.kernel.name == "there/kernel:0"
    np.testing.assert_array_equal(layer.apply(X, scale=3.0), 3 * X)
