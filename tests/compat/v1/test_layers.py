"""conv3dt.compat.v1.layers: TensorFlow's own cases, names, scopes and reuse."""

import gc
import inspect

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose as KerasLayer

CLASS = (
    "(filters, kernel_size, strides=(1, 1, 1), padding='valid', data_format='channels_last',"
    " activation=None, use_bias=True, kernel_initializer=None, bias_initializer=ZEROS,"
    " kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,"
    " kernel_constraint=None, bias_constraint=None, trainable=True, name=None"
)
OURS = ", *, algorithm=None"
Layer, function = v1.layers.Conv3DTranspose, v1.layers.conv3d_transpose


@pytest.fixture(autouse=True)
def fresh_names():
    v1.reset_default_graph()
    yield
    v1.reset_default_graph()


def volumes(*shape):
    return np.random.default_rng(0).standard_normal((5, *shape), dtype=np.float32)


V = volumes(5, 7, 9, 32)
X = volumes(2, 2, 2, 2)


def names():
    return [v.name for v in v1.trainable_variables()]


# ---- TensorFlow's cases --------------------------------------------------------------------------


def test_signatures():
    for call, expected in (
        (Layer, CLASS + OURS + ", **kwargs)"),
        (function, CLASS.replace("(filters", "(inputs, filters", 1) + ", reuse=None" + OURS + ")"),
    ):
        signature = inspect.signature(call)
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        zeros = repr(signature.parameters["bias_initializer"].default)
        assert str(inspect.Signature(bare)).replace(zeros, "ZEROS") == expected


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"data_format": "invalid"}, "data_format"),
        ({"strides": (1, 2)}, "strides"),
        ({"strides": None}, "strides"),
        ({"kernel_size": (1, 2)}, "kernel_size"),
        ({"kernel_size": None}, "kernel_size"),
    ],
)
def test_invalid(options, text):
    with pytest.raises(ValueError, match=text):
        function(V, 4, **{"kernel_size": 3, **options})


@pytest.mark.parametrize("kernel_size", [[3, 3, 3], 3])
def test_create(kernel_size):
    layer = Layer(4, kernel_size, activation=v1.nn.relu)
    y = layer.apply(V)
    assert y.shape == (5, 7, 9, 11, 4)
    assert y.min() == 0
    assert layer.get_config()["activation"] == "relu"
    assert (layer.kernel.shape, layer.bias.shape) == ((3, 3, 3, 4, 32), (4,))


def test_channels_first():
    layer = Layer(4, 3, data_format="channels_first")
    assert layer(volumes(32, 5, 7, 9)).shape == (5, 4, 7, 9, 11)
    assert (layer.kernel.shape, layer.bias.shape) == ((3, 3, 3, 4, 32), (4,))


@pytest.mark.parametrize(
    ("shape", "options", "expected"),
    [
        ((5, 7, 9, 64), {"filters": 32, "kernel_size": (5, 7, 9)}, (5, 5, 7, 9, 32)),
        ((4, 6, 8, 32), {"strides": (2, 2, 2)}, (5, 8, 12, 16, 4)),
        ((4, 6, 8, 32), {"strides": 2}, (5, 8, 12, 16, 4)),
        ((4, 6, 8, 32), {"strides": (2, 1, 1)}, (5, 8, 6, 8, 4)),
    ],
)
def test_same(shape, options, expected):
    x = volumes(*shape)
    arguments = {"filters": 4, "kernel_size": 3, "padding": "same", **options}
    assert function(x, **arguments).shape == expected


@pytest.mark.parametrize("weight", ["kernel", "bias"])
def test_regularizers(weight):
    layer = Layer(4, 3, **{f"{weight}_regularizer": lambda w: 0.1 * np.sum(w)})
    assert layer.losses == []
    layer(V)
    (loss,) = layer.losses
    np.testing.assert_allclose(loss, 0.1 * getattr(layer, weight).numpy().sum(), rtol=1e-6)
    assert layer.get_losses_for(None) == [loss]
    assert layer.get_losses_for(V) == []


def test_no_bias():
    layer = Layer(4, 3, activation="relu", use_bias=False)
    assert layer(V).shape == (5, 7, 9, 11, 4)
    assert layer.bias is None
    assert [v.name for v in layer.variables] == ["conv3d_transpose/kernel:0"]


def test_functional_reuse():
    a = function(V, 4, [3, 3, 3], name="deconv1")
    assert names() == ["deconv1/kernel:0", "deconv1/bias:0"]
    b = function(V, 4, [3, 3, 3], name="deconv1", reuse=True)
    assert len(names()) == 2
    np.testing.assert_array_equal(a, b)


def test_functional_reuse_from_scope():
    with v1.variable_scope("scope"):
        function(V, 4, [3, 3, 3], name="deconv1")
    assert names() == ["scope/deconv1/kernel:0", "scope/deconv1/bias:0"]
    with v1.variable_scope("scope", reuse=True):
        function(V, 4, [3, 3, 3], name="deconv1")
    assert len(names()) == 2


def test_initializer_from_scope():
    with v1.variable_scope("scope", initializer=v1.ones_initializer()):
        function(V, 4, [3, 3, 3], name="deconv1")
    kernel, bias = v1.trainable_variables()
    assert "kernel" in kernel.name
    assert "bias" in bias.name
    np.testing.assert_array_equal(kernel, np.ones((3, 3, 3, 4, 32)))
    np.testing.assert_array_equal(bias, np.zeros(4))


def test_functional_no_reuse():
    function(V, 4, [3, 3, 3])
    assert len(names()) == 2
    function(V, 4, [3, 3, 3])
    assert names()[2:] == ["conv3d_transpose_1/kernel:0", "conv3d_transpose_1/bias:0"]


def test_constraints():
    def k_constraint(w):
        return w / w.sum()

    def b_constraint(w):
        return w / w.max()

    layer = Layer(2, 3, kernel_constraint=k_constraint, bias_constraint=b_constraint)
    layer(X)
    assert (layer.kernel_constraint, layer.bias_constraint) == (k_constraint, b_constraint)
    assert (layer.kernel.constraint, layer.bias.constraint) == (k_constraint, b_constraint)


# ---- names, scopes, reuse ------------------------------------------------------------------------


def test_layers_count_from_one_and_scopes_from_zero():
    a, keras, c, named, same = (
        Layer(1, 1), KerasLayer(1, 1), Layer(1, 1), Layer(1, 1, name="foo"), Layer(1, 1, name="foo")
    )  # fmt: skip
    assert [x.name for x in (a, keras, c, named, same)] == [
        "conv3d_transpose_1", "conv3d_transpose_1", "conv3d_transpose_3", "foo", "foo",
    ]  # fmt: skip
    with pytest.raises(ValueError, match='layer "conv3d_transpose_3" has not been used yet'):
        _ = c.scope_name
    for layer in (c, a, named, same):
        layer(X)
    assert [x.scope_name for x in (a, c, named, same)] == [
        "conv3d_transpose_1", "conv3d_transpose", "foo", "foo_1",
    ]  # fmt: skip
    assert c.kernel.name == "conv3d_transpose/kernel:0"
    assert a.graph is None


def test_scopes():
    with v1.variable_scope("outer"), v1.variable_scope("inner") as scope:
        layer = Layer(1, 1)
        layer(X)
        assert layer.scope_name == "outer/inner/conv3d_transpose"
        assert scope.name == "outer/inner"
    for given, options in (({"_scope": "s"}, {}), ({}, {"scope": "zz"})):
        layer = Layer(1, 1, **given)
        layer(X, **options)
        assert layer.kernel.name == f"{(given or options).popitem()[1]}/kernel:0"


def test_reuse():
    function(X, 4, 3, name="foo")
    with pytest.raises(
        ValueError, match=r"Variable foo/kernel already exists, disallowed\. Did yo"
    ):
        function(X, 4, 3, name="foo")
    with pytest.raises(
        ValueError, match=r"Variable nope/kernel does not exist, or was not created"
    ):
        function(X, 4, 3, name="nope", reuse=True)
    text = r"foo/kernel, but specified shape \(3, 3, 3, 5, 2\) and found shape \(3, 3, 3, 4, 2\)\."
    with pytest.raises(ValueError, match=text):
        function(X, 5, 3, name="foo", reuse=True)
    for _ in range(2):
        function(X, 4, 3, name="new", reuse=v1.AUTO_REUSE)
    assert len(names()) == 4


def test_scopes_inside_reuse_as_well():
    for _ in range(2):
        with v1.variable_scope("a", reuse=v1.AUTO_REUSE), v1.variable_scope("b"):
            function(X, 4, 3, name="foo")
    assert names() == ["a/b/foo/kernel:0", "a/b/foo/bias:0"]


def test_reused_weights_are_shared():
    a, b = (Layer(2, 3, _scope="w", _reuse=v1.AUTO_REUSE) for _ in range(2))
    before = a(X), b(X)
    np.testing.assert_array_equal(*before)
    b.kernel.assign(np.ones(b.kernel.shape))
    np.testing.assert_array_equal(a(X), b(X))
    assert (a(X) != before[0]).any()


def test_layers_that_nobody_has_are_forgotten():
    layer = Layer(1, 1)
    layer(X)
    assert len(names()) == 2
    del layer
    gc.collect()
    assert names() == []


def test_losses_of_inputs():
    layer = Layer(2, 3, activity_regularizer="l1", kernel_regularizer="l2")
    y = layer(X)
    activity, kernel = layer.losses
    np.testing.assert_allclose(activity, np.abs(y).sum() * np.float32(0.01) / len(X), rtol=1e-5)
    assert layer.get_losses_for(X) == [activity]
    assert layer.get_losses_for(None) == [kernel]
    layer.add_loss(7.0, inputs=X)
    layer.add_loss(lambda: 5.0)
    assert layer.losses == [activity, 7.0, kernel, 5.0]
    layer(X)
    assert layer.losses == [activity, kernel, 5.0]
    layer.add_update("u")
    assert layer.updates == ["u"]


# ---- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_first_input_decides_the_type(dtype):
    layer = Layer(2, 3)
    assert layer.dtype is None
    y = layer(X.astype(dtype))
    assert layer.dtype == layer.kernel.dtype == y.dtype == dtype
    other = "float64" if dtype == "float32" else "float32"
    with pytest.raises(TypeError, match=f"the dtype of the layer, {dtype}; got {other}"):
        layer(X.astype(other))


def test_bias_without_initializer_is_random():
    layer = Layer(8, 1, bias_initializer=None)
    layer(X)
    assert np.unique(layer.bias).size == 8


def test_configuration():
    layer = Layer(2, 3, dilation_rate=2, bias_initializer=None, kernel_initializer="he_normal")
    again = Layer.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.dilation_rate, again.bias_initializer, again.dtype) == ((2, 2, 2), None, None)
