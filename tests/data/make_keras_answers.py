"""Makes keras_answers.npz: what Keras's layers and their parts answer, as data.

python make_keras_answers.py      # with TensorFlow 2.15.1, on a processor with AVX-512

Each case is a family of layers, the arguments of a constructor, weights and an input; the answer is
the output, the losses and the configuration. Of parts it is what they
make of an array. Arguments that only newer or older Keras knows are not used.
"""

import itertools
import json
from pathlib import Path

import numpy as np

PLAIN = {"filters": 2, "kernel_size": [3, 2, 4]}
LAYERS = [  # what differs from PLAIN
    {},
    {"padding": "same"},
    {"strides": 2},
    {"strides": [2, 1, 3], "padding": "same", "use_bias": False},
    {"strides": 2, "output_padding": 1},
    {"strides": [3, 2, 2], "output_padding": [2, 1, 1], "padding": "same"},
    {"strides": [3, 3, 4], "kernel_size": [1, 2, 3], "activation": "relu"},
    {"strides": [3, 3, 4], "kernel_size": [1, 2, 3], "output_padding": 0},
    {"strides": 2, "padding": "SAME", "data_format": "Channels_First", "activation": "sigmoid"},
    {"kernel_size": 2, "strides": 2, "activation": "gelu", "data_format": "channels_first"},
    {"activation": "softmax"},
    {"activation": "softmax", "data_format": "channels_first"},
    {"activation": "LeakyReLU", "kernel_size": 1},
    {"kernel_regularizer": "l1", "bias_regularizer": "l2", "activity_regularizer": "l1_l2"},
    {
        "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}},
        "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 1, "axis": [0, 1]}},
        "bias_constraint": "non_neg",
        "name": "named",
    },
    {"dtype": "float64", "kernel_size": 1},
    {"dtype": "float64", "strides": 3, "padding": "same"},
]
ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "swish", "silu", "softplus"),
    *("softsign", "tanh", "sigmoid", "exponential", "hard_sigmoid", "mish", "softmax"),
    *("log_softmax", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU"),
)
CONSTRAINTS = [
    ("max_norm", {}),
    ("max_norm", {"max_value": 0.5, "axis": [0, 1, 2]}),
    ("non_neg", {}),
    ("unit_norm", {"axis": [0, 1, 2, 4]}),
    ("min_max_norm", {"min_value": 0.5, "max_value": 0.75, "rate": 0.25, "axis": [0, 3]}),
]
REGULARIZERS = [("l1", {}), ("l2", {"l2": 0.3}), ("l1_l2", {"l1": 0.1}), ("L1L2", {"l2": 1.5})]
FAMILIES = ("keras", "legacy")


def arrays(number, options):
    """Weights and input of a case."""
    rng = np.random.default_rng(number)
    dtype = options.get("dtype", "float32")
    options = {**PLAIN, **options}
    kernel = np.broadcast_to(options["kernel_size"], 3)
    weights = [rng.standard_normal((*kernel, options["filters"], 2)).astype(dtype)]
    if options.get("use_bias", True):
        weights.append(rng.standard_normal(options["filters"]).astype(dtype))
    x = rng.standard_normal((2, 2, 3, 2, 2)).astype(dtype)
    first = options.get("data_format", "").lower() == "channels_first"
    return weights, np.ascontiguousarray(np.moveaxis(x, -1, 1)) if first else x


def layer_answer(kind, options, weights, x):
    """Output, losses and configuration of one layer."""
    layer = kind(**{**PLAIN, **options})
    layer.build(x.shape)
    layer.set_weights(weights)
    y = np.asarray(layer(x))
    losses = [float(loss) for loss in layer.losses]
    shape = [None, *x.shape[1:]]
    return y, {
        "losses": losses,
        "config": layer.get_config(),
        "shape": list(layer.compute_output_shape(shape)),
        "params": layer.count_params(),
    }


def part_answers(tf):
    """What activations, constraints and regularizers make of an array."""
    x = np.random.default_rng(0).uniform(-4, 8, (3, 2, 2, 3, 2)).astype(np.float32)
    keras = tf.keras
    yield "x", x
    x = tf.constant(x)
    for name in ACTIVATIONS:
        yield f"activations {name}", keras.activations.get(name)(x)
    for kind, table in (("constraints", CONSTRAINTS), ("regularizers", REGULARIZERS)):
        for number, (name, options) in enumerate(table):
            found = getattr(getattr(keras, kind), name)(**options)
            yield f"{kind} {number}", found(x)


def main():
    import tensorflow as tf

    kinds = (tf.keras.layers.Conv3DTranspose, tf.compat.v1.layers.Conv3DTranspose)
    cases, stored = [], {}
    for (number, options), family in itertools.product(enumerate(LAYERS), FAMILIES):
        tf.keras.backend.clear_session()
        weights, x = arrays(number, options)
        y, said = layer_answer(kinds[FAMILIES.index(family)], options, weights, x)
        stored[f"answer {len(cases)}"] = y
        cases.append({"family": family, "number": number, "options": options, **said})
    parts = {f"part {key}": np.asarray(value) for key, value in part_answers(tf)}
    description = json.dumps({"tensorflow": tf.__version__, "cases": cases})
    path = Path(__file__).with_name("keras_answers.npz")
    np.savez_compressed(path, description=np.array(description), **stored, **parts)
    print(f"{len(cases)} layers, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
