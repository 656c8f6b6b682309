"""conv3dt.keras.layers.Conv3DTranspose: Keras's own cases, lengths, values, attributes."""

import inspect
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conv3dt
from conv3dt.keras import backend, mixed_precision
from conv3dt.keras._shapes import output_length
from conv3dt.keras.layers import Conv3DTranspose, Convolution3DTranspose, InputSpec
from tests.helpers import keras_tables
from tests.helpers.keras_layers import defined, integers

SIGNATURE = (
    "(filters, kernel_size, strides=(1, 1, 1), padding='valid', output_padding=None,"
    " data_format=None, dilation_rate=(1, 1, 1), activation=None, use_bias=True,"
    " kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None,"
    " bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,"
    " bias_constraint=None, *, algorithm=None, **kwargs)"
)
X = np.random.default_rng(0).integers(-3, 4, (2, 3, 4, 3, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def fresh_names():
    backend.clear_session()


# ---- signature, names ----------------------------------------------------------------------------


def test_signature_and_aliases():
    signature = inspect.signature(Conv3DTranspose)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    assert str(inspect.Signature(bare)) == SIGNATURE
    v1 = conv3dt.compat.v1.keras.layers
    assert Conv3DTranspose is Convolution3DTranspose is v1.Conv3DTranspose
    assert v1.Convolution3DTranspose is Conv3DTranspose


def test_names_count_from_zero():
    layers = [Conv3DTranspose(1, 1) for _ in range(3)]
    names = ["conv3d_transpose", "conv3d_transpose_1", "conv3d_transpose_2"]
    assert [layer.name for layer in layers] == names
    layers[1](X)
    kernel, bias = layers[1].weights
    assert kernel.name == "conv3d_transpose_1/kernel:0"
    assert bias.name == "conv3d_transpose_1/bias:0"


def test_names_of_subclasses():
    assert type("MyUpLayer", (Conv3DTranspose,), {})(1, 1).name == "my_up_layer"


# ---- lengths and values --------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "length"), keras_tables.LENGTHS.items(), ids=str)
def test_lengths(arguments, length):
    assert output_length(*arguments) == length
    assert output_length(None, *arguments[1:]) is None


@pytest.mark.parametrize("name", keras_tables.SHAPES)
def test_shapes(name):
    case = keras_tables.SHAPES[name]
    layer = Conv3DTranspose(case.filters, case.kernel_size, **case.options)
    x = np.random.default_rng(0).integers(-3, 4, case.input_shape).astype(np.float32)
    y = integers(layer, x)(x)
    assert y.shape == case.output_shape
    assert layer.compute_output_shape((None, *case.input_shape[1:]))[1:] == case.output_shape[1:]
    assert (len(layer.trainable_weights), len(layer.losses)) == (2, 0)
    np.testing.assert_array_equal(y, defined(layer, x))
    again = Conv3DTranspose.from_config(json.loads(json.dumps(layer.get_config())))
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)


@pytest.mark.parametrize("axis", keras_tables.AXES, ids=str)
def test_one_axis(axis):
    """Keras's answers; where TensorFlow fails, the length it announces and the definition."""
    k, s = axis.k, axis.stride
    layer = Conv3DTranspose(
        1, (k, 1, 1), (s, 1, 1), axis.padding, use_bias=False, weights=[_column(range(1, k + 1))],
        output_padding=None if axis.output_padding is None else (axis.output_padding, 0, 0),
    )  # fmt: skip
    x = _column([1, 10, 100]).reshape(1, 3, 1, 1, 1)
    assert layer.compute_output_shape(x.shape)[1] == axis.length
    y = layer(x)
    np.testing.assert_array_equal(y, defined(layer, x))
    if axis.answer is not None:
        np.testing.assert_array_equal(y.ravel(), axis.answer)


def _column(numbers):
    return np.array([*numbers], np.float32).reshape(-1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("padding", "line"), [("valid", [1, 1, 2, 1, 2, 1, 1]), ("same", [8, 4, 8])]
)
def test_dilation_is_honoured(padding, line):
    layer = Conv3DTranspose(1, 3, padding=padding, dilation_rate=2, kernel_initializer="ones")
    y = layer(np.ones((1, 3, 3, 3, 1), np.float32))
    assert y.shape == (1, *[len(line)] * 3, 1)
    np.testing.assert_array_equal(y[0, :, 0, 0, 0], line)


def test_unknown_extents():
    layer = Conv3DTranspose(5, 3, 2, output_padding=1, data_format="channels_first")
    assert layer.compute_output_shape([None] * 5) == (None, 5, None, None, None)
    shape = layer.compute_output_shape((None, 2, 3, None, 1))
    assert list(shape) == shape.as_list() == [None, 5, 8, None, 4]


@pytest.mark.parametrize("shape", [(0, 3, 4, 3, 2), (2, 0, 4, 3, 2), (2, 3, 4, 3, 0)])
def test_empty_inputs(shape):
    layer = Conv3DTranspose(3, (3, 2, 2), bias_initializer="ones")
    y = layer(np.ones(shape, np.float32))
    assert y.shape == layer.compute_output_shape(shape)
    if 0 in shape[1:]:
        np.testing.assert_array_equal(y, 1)


def test_options_may_change_after_building():
    layer = integers(Conv3DTranspose(2, 3), X)
    layer(X)
    for name, value in (("strides", (2, 1, 3)), ("padding", "same"), ("output_padding", (0, 0, 2))):
        setattr(layer, name, value)
        np.testing.assert_array_equal(layer(X), defined(layer, X))
    layer.activation = np.negative
    np.testing.assert_array_equal(layer(X), -defined(layer, X))


# ---- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "weights", "output"),
    [
        (None, "float32", "float32"),
        ("float64", "float64", "float64"),
        ("float16", "float16", "float16"),
        ("mixed_float16", "float32", "float16"),
        ("mixed_bfloat16", "float32", "bfloat16"),
        (mixed_precision.Policy("mixed_float16"), "float32", "float16"),
    ],
)
@pytest.mark.parametrize("given", ["float16", "float32", "float64"])
def test_types(dtype, weights, output, given):
    layer = integers(Conv3DTranspose(2, (1, 2, 1), dtype=dtype), X)
    y = layer(X.astype(given))
    assert (layer.kernel.dtype.name, layer.bias.dtype.name, y.dtype.name) == (
        weights, weights, output,
    )  # fmt: skip
    assert (layer.dtype, layer.compute_dtype) == (weights, output)
    np.testing.assert_array_equal(y.astype(float), defined(layer, X))
    again = Conv3DTranspose.from_config(json.loads(json.dumps(layer.get_config())))
    assert (again.dtype, again.compute_dtype) == (weights, output)


def test_global_policy():
    mixed_precision.set_global_policy("mixed_float16")
    try:
        assert repr(Conv3DTranspose(1, 1).dtype_policy) == '<Policy "mixed_float16">'
    finally:
        mixed_precision.set_global_policy(None)
    backend.set_floatx("float64")
    try:
        assert Conv3DTranspose(1, 1).dtype == "float64"
    finally:
        backend.set_floatx("float32")


def test_integers_are_rejected():
    with pytest.raises(TypeError, match=r"input must have the dtype of the layer, float32; got in"):
        Conv3DTranspose(1, 1)(X.astype(np.int32))


# ---- data format ---------------------------------------------------------------------------------


def test_default_data_format():
    backend.set_image_data_format("channels_first")
    try:
        layer = integers(Conv3DTranspose(2, 2, padding="same"), np.moveaxis(X, 4, 1))
    finally:
        backend.set_image_data_format("channels_last")
    assert layer.data_format == "channels_first"
    assert layer.kernel.shape == (2, 2, 2, 2, 2)
    y = layer(np.moveaxis(X, 4, 1))
    np.testing.assert_array_equal(y, defined(layer, np.moveaxis(X, 4, 1)))
    with pytest.raises(ValueError, match="Unknown `data_format`: NDHWC"):
        backend.set_image_data_format("NDHWC")


SETTINGS = {  # content of keras.json -> data format, type, epsilon
    '{"image_data_format": "channels_first", "floatx": "float16"}': "channels_first float16 1e-07",
    '{"image_data_format": "NCDHW", "epsilon": 0.5}': "channels_last float32 0.5",
    '{"floatx": "int8", "epsilon": 1, "image_data_format': "channels_last float32 1e-07",
    "[1]": "channels_last float32 1e-07",
    None: "channels_last float32 1e-07",
}


@pytest.mark.parametrize(("content", "expected"), SETTINGS.items())
@pytest.mark.parametrize("variable", ["KERAS_HOME", "HOME"])
def test_keras_json(content, expected, variable, tmp_path):
    folder = tmp_path if variable == "KERAS_HOME" else tmp_path / ".keras"
    if content is not None:
        folder.mkdir(exist_ok=True)
        (folder / "keras.json").write_text(content)
    program = (
        "from conv3dt.keras import backend as b, layers\n"
        "print(layers.Conv3DTranspose(1, 1).data_format, b.floatx(), b.epsilon())\n"
    )
    environment = {"PATH": "", "PYTHONPATH": str(Path(conv3dt.__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, variable: str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.strip() == expected
    assert [p.name for p in tmp_path.rglob("*.json")] == ["keras.json"] * (content is not None)


# ---- other attributes ----------------------------------------------------------------------------


def test_attributes():
    layer = Conv3DTranspose(4, 3, strides=2, padding="SAME", data_format="Channels_Last")
    assert (layer.filters, layer.kernel_size, layer.strides) == (4, (3, 3, 3), (2, 2, 2))
    assert (layer.padding, layer.data_format, layer.rank) == ("same", "channels_last", 3)
    assert (layer.dilation_rate, layer.output_padding, layer.groups) == ((1, 1, 1), None, 1)
    assert not layer.built
    assert repr(layer.input_spec) == "InputSpec(min_ndim=5)"
    assert not hasattr(layer, "kernel")
    layer(X)
    assert layer.built
    assert repr(layer.input_spec) == "InputSpec(ndim=5, axes={-1: 2})"
    assert isinstance(layer.input_spec, InputSpec)
    assert layer.compute_mask(X) is None
    with pytest.raises(TypeError, match="does not support masking"):
        layer.compute_mask(X, X)
    assert layer(X, training=True).shape == layer(inputs=X).shape


def test_convolution_op_is_the_forward_convolution():
    layer = Conv3DTranspose(4, 3, strides=(2, 1, 1), padding="same")
    kernel = np.random.default_rng(0).integers(-3, 4, (3, 2, 3, 2, 5)).astype(np.float32)
    expected = conv3dt.nn.conv3d(X, kernel, [1, 2, 1, 1, 1], "SAME")
    np.testing.assert_array_equal(layer.convolution_op(X, kernel), expected)


def test_layers_can_be_pickled():
    layer = integers(Conv3DTranspose(2, 3, activation="relu", activity_regularizer="l2"), X)
    y = layer(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), y)


def test_array_likes():
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return X

    layer = integers(Conv3DTranspose(2, 3), X)
    np.testing.assert_array_equal(layer(Wrapped()), layer(X))
