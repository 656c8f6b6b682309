"""A script that uses TensorFlow 1's layers; the first argument says whose.

python legacy_script.py tensorflow > legacy_script.txt     # with TensorFlow 2.15.1
python legacy_script.py conv3dt                            # prints the same
"""

import sys
import warnings

import numpy as np

if sys.argv[1] == "tensorflow":
    from tensorflow.compat import v1
else:
    from conv3dt.compat import v1


def show(*what):
    print(*what)  # noqa: T201


def numbers(*shape):
    """Small numbers whose sums are exact."""
    return (np.arange(np.prod(shape)) % 7 - 3).reshape(shape).astype("float32") / 4


def fill(layer):
    layer.set_weights([numbers(*w.shape) for w in layer.weights])


def describe(layer, x):
    layer.build(x.shape)
    fill(layer)
    y = np.asarray(layer(x))
    show(layer.name, layer.scope_name, [str(w.name) for w in layer.weights], layer.count_params())
    show(y.shape, y.dtype, float(y.sum()), float(np.abs(y).sum()), y.ravel()[:5].tolist())
    show(layer.compute_output_shape((None, None, *x.shape[2:])), layer.input_spec)
    show([round(float(loss), 4) for loss in layer.losses], len(layer.trainable_weights))


def rejected(**options):
    try:
        v1.layers.Conv3DTranspose(**{"filters": 2, "kernel_size": 3, **options})
    except ValueError as error:
        show("ValueError:", error)


x = numbers(2, 3, 4, 5, 2)
Layer = v1.layers.Conv3DTranspose
describe(Layer(4, 3), x)
describe(Layer(4, [3, 2, 1], strides=2, padding="same", activation="relu"), x)
describe(Layer(2, 3, (2, 1, 3), "valid", use_bias=False, name="up"), x)
describe(Layer(2, 2, 2, data_format="channels_first", name="up"), numbers(2, 2, 3, 4, 5))
describe(Layer(2, 2, kernel_regularizer="l2", bias_regularizer="l1", trainable=False), x)
describe(Layer(2, 2, activity_regularizer="l1", dtype="float64"), x.astype("float64"))
layer = Layer(3, 1, bias_initializer=v1.ones_initializer(), kernel_initializer="zeros")
show(np.asarray(layer.apply(x)).sum(), layer.dtype, [w.shape for w in layer.get_weights()])
for options in (
    {"filters": 0},
    {"kernel_size": (3, 3)},
    {"strides": (1, 0, 1)},
    {"strides": -1},
    {"padding": "full"},
    {"padding": "causal"},
    {"data_format": "NDHWC"},
    {"strides": 2, "dilation_rate": 2},
    {"strides": 2, "output_padding": 2},
):
    rejected(**options)
for wrong in (x[0], x[None], numbers(2, 3, 4, 5, 3)):
    try:
        show(np.asarray(layer(wrong)).shape)
    except ValueError as error:
        show("ValueError:", error)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    y = v1.layers.conv3d_transpose(x, 4, 3, padding="same", kernel_initializer="ones", name="f")
show(np.asarray(y).shape, float(np.asarray(y).sum()))
