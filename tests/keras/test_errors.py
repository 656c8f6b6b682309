"""What layers of both families reject, in Keras's words."""

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose

BOTH = (Conv3DTranspose, v1.layers.Conv3DTranspose)
both = pytest.mark.parametrize("kind", BOTH, ids=["keras", "v1"])
X = np.ones((2, 3, 3, 3, 2), np.float32)

TRIPLE = "The `{}` argument must be a tuple of 3 integers. Received: {}"
VALUES = [  # options, text
    ({"filters": 0}, "Expected a strictly positive value. Received filters=0."),
    ({"filters": -1}, "Expected a strictly positive value. Received filters=-1."),
    ({"kernel_size": (3, 3)}, TRIPLE.format("kernel_size", "(3, 3)")),
    ({"kernel_size": None}, TRIPLE.format("kernel_size", "None")),
    ({"kernel_size": 3.0}, TRIPLE.format("kernel_size", "3.0")),
    ({"kernel_size": "333"}, TRIPLE.format("kernel_size", "333")),
    (
        {"kernel_size": 0},
        TRIPLE.format("kernel_size", 0) + " including {0} that does not satisfy the requirement"
        " `> 0`.",
    ),
    ({"kernel_size": (1, 0, 1)}, "including {0} that does not satisfy the requirement `> 0`."),
    (
        {"kernel_size": (3, "a", 3)},
        TRIPLE.format("kernel_size", "(3, 'a', 3)") + "including element a of type <class 'str'>",
    ),
    ({"kernel_size": (3, 3.0, 3)}, "including element 3.0 of type <class 'float'>"),
    ({"strides": (1, 2)}, TRIPLE.format("strides", "(1, 2)")),
    ({"strides": None}, TRIPLE.format("strides", "None")),
    ({"strides": 0}, "The argument `strides` cannot contains 0(s). Received: (0, 0, 0)"),
    ({"strides": (1, 0, 1)}, "The argument `strides` cannot contains 0(s). Received: (1, 0, 1)"),
    ({"strides": -1}, "Received: -1 including {-1} that does not satisfy the requirement `>= 0`."),
    ({"dilation_rate": 0}, "including {0} that does not satisfy the requirement `> 0`."),
    ({"dilation_rate": (1, 2)}, TRIPLE.format("dilation_rate", "(1, 2)")),
    (
        {"padding": "full"},
        'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", only'
        " for `Conv1D). Received: full",
    ),
    (
        {"padding": "causal"},
        "Causal padding is only supported for `Conv1D`and `SeparableConv1D`.",
    ),
    (
        {"data_format": "NDHWC"},
        'The `data_format` argument must be one of "channels_first", "channels_last".'
        " Received: NDHWC",
    ),
    (
        {"kernel_size": 2, "strides": [2, 2, 1], "dilation_rate": [2, 2, 1]},
        "`strides > 1` not supported in conjunction with `dilation_rate > 1`."
        " Received: strides=(2, 2, 1) and dilation_rate=(2, 2, 1)",
    ),
    ({"strides": (2, 1, 1), "dilation_rate": (1, 2, 1)}, "`strides > 1` not supported in"),
    (
        {"filters": 4, "groups": 3},
        "The number of filters must be evenly divisible by the number of groups."
        " Received: groups=3, filters=4",
    ),
    ({"filters": 4, "groups": 2}, "groups must be 1; got 2."),
    (
        {"strides": 2, "output_padding": 2},
        "Strides must be greater than output padding."
        " Received strides=(2, 2, 2), output_padding=(2, 2, 2).",
    ),
    ({"strides": 2, "output_padding": 3}, "Strides must be greater than output padding."),
    ({"strides": (2, 3, 3), "output_padding": (1, 3, 1)}, "Strides must be greater than output"),
    ({"output_padding": 1}, "Strides must be greater than output padding."),
    ({"output_padding": -1}, "including {-1} that does not satisfy the requirement `>= 0`."),
    ({"output_padding": (1, 1)}, TRIPLE.format("output_padding", "(1, 1)")),
    ({"output_padding": 1.0}, TRIPLE.format("output_padding", "1.0")),
    ({"activation": "nope"}, "Unknown activation function 'nope' cannot be deserialized."),
    ({"kernel_initializer": "nope"}, "Unknown initializer: 'nope'."),
    ({"bias_initializer": 5}, "Could not interpret initializer identifier: 5"),
    ({"kernel_regularizer": "nope"}, "Unknown regularizer: 'nope'."),
    ({"activity_regularizer": 5}, "Could not interpret regularizer identifier: 5"),
    ({"kernel_constraint": "nope"}, "Unknown constraint: 'nope'."),
    ({"bias_constraint": 5}, "Could not interpret constraint function identifier: 5"),
]
KINDS = [
    ({"filters": 2.5}, "filters must be an integer; got 2.5."),
    ({"filters": "a"}, "filters must be an integer; got 'a'."),
    ({"filters": None}, "filters must be an integer; got None."),
    ({"padding": None}, "padding must be a string; got None."),
    ({"data_format": 5}, "data_format must be a string; got 5."),
    ({"activation": 5}, "Could not interpret activation function identifier: 5"),
    ({"foo": 1}, "Keyword argument not understood:', 'foo'"),
    ({"trainable": 5}, "Expected `trainable` argument to be a boolean, but got: 5"),
    ({"dtype": "foo"}, "dtype must be float16, bfloat16, float32 or float64; got 'foo'."),
    ({"dtype": "int32"}, "dtype must be float16, bfloat16, float32 or float64; got int32."),
]


def rejects(error, text, call, *arguments, **options):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    assert text in str(caught.value)


@both
@pytest.mark.parametrize(("options", "text"), VALUES, ids=str)
def test_bad_values(kind, options, text):
    rejects(ValueError, text, kind, **{"filters": 2, "kernel_size": 3, **options})


@both
@pytest.mark.parametrize(("options", "text"), KINDS, ids=str)
def test_bad_kinds(kind, options, text):
    rejects(TypeError, text, kind, **{"filters": 2, "kernel_size": 3, **options})


def test_names_of_keras_layers_are_strings():
    rejects(TypeError, "Expected `name` argument to be a string, but got: 5", *[
        lambda: Conv3DTranspose(2, 3, name=5)
    ])  # fmt: skip
    assert v1.layers.Conv3DTranspose(2, 3, name=5).name == 5


HEAD = 'Input 0 of layer "lay" is incompatible with the layer: expected '
CALLS = [  # input, error before building, error after
    (
        X[0],
        HEAD + "min_ndim=5, found ndim=4. Full shape received: (3, 3, 3, 2)",
        HEAD + "ndim=5, found ndim=4. Full shape received: (3, 3, 3, 2)",
    ),
    (
        X[None],
        "Inputs should have rank 5. Received input_shape=(1, 2, 3, 3, 3, 2).",
        HEAD + "ndim=5, found ndim=6. Full shape received: (1, 2, 3, 3, 3, 2)",
    ),
    (
        X[..., :1],
        None,
        HEAD + "axis -1 of input shape to have value 2, but received input with shape"
        " (2, 3, 3, 3, 1)",
    ),
    (
        X.tolist(),
        'Layer "lay" expects 1 input(s), but it received 108 input tensors.',
        'Layer "lay" expects 1 input(s), but it received 108 input tensors.',
    ),
]


@both
@pytest.mark.parametrize(("x", "before", "after"), CALLS, ids=["4-D", "6-D", "channels", "list"])
def test_bad_inputs(kind, x, before, after):
    if before is not None:
        rejects(ValueError, before, kind(2, 3, name="lay"), x)
    layer = kind(2, 3, name="lay")
    layer(X)
    rejects(ValueError, after, layer, x)


@both
def test_inputs_that_are_none(kind):
    text = "Inputs to a layer should be tensors. Got {} (of type {}) as input for layer 'lay'."
    rejects(TypeError, text.format("None", "<class 'NoneType'>"), kind(2, 3, name="lay"), None)
    rejects(TypeError, text.format("'a'", "<class 'str'>"), kind(2, 3, name="lay"), "a")
    rejects(TypeError, "unexpected keyword argument 'foo'", kind(2, 3), X, foo=1)


@both
def test_bad_shapes(kind):
    rank = "Inputs should have rank 5. Received input_shape=(3, 3, 3, 2)."
    rejects(ValueError, rank, kind(2, 3).build, (3, 3, 3, 2))
    rejects(ValueError, rank, kind(2, 3).compute_output_shape, (3, 3, 3, 2))
    for data_format, axis in (("channels_last", -1), ("channels_first", -4)):
        text = (
            "The channel dimension of the inputs to `Conv3DTranspose` should be defined. The"
            f" input_shape received is (None, None, None, None, None), where axis {axis} (0-based)"
            " is the channel dimension, which found to be `None`."
        )
        rejects(ValueError, text, kind(2, 3, data_format=data_format).build, [None] * 5)
    rejects(ValueError, "shape with unknown rank", kind(2, 3).build, None)


@both
def test_bad_weights(kind):
    unbuilt, layer = kind(2, 3, name="lay"), kind(2, 3, name="lay")
    layer(X)
    rejects(
        ValueError,
        "You tried to call `count_params` on layer lay, but the layer isn't built. You can build it"
        " manually via: `lay.build(batch_input_shape)`.",
        unbuilt.count_params,
    )
    expected = 'on layer "lay" with a weight list of length {}, but the layer was expecting {} wei'
    rejects(ValueError, expected.format(2, 0), unbuilt.set_weights, [1, 2])
    rejects(ValueError, expected.format(1, 2), layer.set_weights, [1])
    before = layer.get_weights()
    text = (
        "Layer lay weight shape (3, 3, 3, 2, 2) is not compatible with provided weight shape"
        " (3, 3, 3, 2, 3)."
    )
    rejects(ValueError, text, layer.set_weights, [np.ones((3, 3, 3, 2, 3)), np.ones(2)])
    rejects(ValueError, "(2,) is not compat", layer.set_weights, [np.ones((3, 3, 3, 2, 2)), 1])
    for w, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, old)
    rejects(ValueError, "Shape mismatch.The variable shape (2,), and", layer.bias.assign, [1, 2, 3])


@both
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"kernel_regularizer": "orthogonal_regularizer"}, "must have rank 2. Received: inputs.sh"),
        ({"kernel_initializer": "identity"}, "Identity matrix initializer can only be used for 2D"),
    ],
)
def test_what_does_not_fit_a_kernel(kind, options, text):
    rejects(ValueError, text, kind(2, 3, **options), X)


@both
def test_a_radial_kernel(kind):
    layer = kind(2, 3, kernel_constraint="radial_constraint")
    layer(X)
    text = "The weight tensor must have rank 4. Received weight tensor with shape: (3, 3, 3, 2, 2)"
    rejects(ValueError, text, layer.apply_constraints)


@both
def test_losses_that_nothing_could_compute_again(kind):
    text = "Please wrap your loss computation in a zero argument `lambda`."
    rejects(ValueError, text, kind(2, 3).add_loss, 1.0)
