"""Ask Keras for the answers in keras_gradient_answers.npz.

    python make_keras_gradient_answers.py    needs tensorflow-cpu 2.15.1

Of layers the output and the gradients of sum(output * dy) + sum(losses), by a tape; of optimizers a
variable after each of five steps; of regularizers their gradients. All in float64, optimizers and a
mixed policy in float32.
"""

import itertools
import json
from pathlib import Path

import numpy as np

LAYERS = [
    {"activation": activation, "padding": padding, "strides": (2, 1, 3)}
    for activation, padding in itertools.product(
        ("linear", "relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign",
         "exponential", "gelu", "swish", "mish", "softmax", "leaky_relu"),
        ("same", "valid"),
    )
]  # fmt: skip
LAYERS += [
    {"strides": 2, "use_bias": False},
    {"strides": 2, "kernel_regularizer": "l2", "bias_regularizer": "l1"},
    {"strides": 2, "activity_regularizer": "l1_l2", "activation": "tanh"},
    {"strides": 2, "output_padding": 1, "padding": "same", "activation": "relu"},
    {"strides": 2, "dtype": "mixed_bfloat16"},
]
OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01}),
]
STEPS = 5


def layers(tf):
    """What layers answer."""
    rng, arrays = np.random.default_rng(0), {}
    for number, options in enumerate(LAYERS):
        mixed = "dtype" in options
        options = {"filters": 3, "kernel_size": (2, 3, 3), "dtype": "float64", **options}
        if options.get("activation") == "leaky_relu":
            options["activation"] = tf.nn.leaky_relu
        layer = tf.keras.layers.Conv3DTranspose(**options)
        numbers = (lambda s: rng.integers(-8, 9, s) / 8) if mixed else rng.standard_normal
        x = tf.constant(numbers((1, 3, 2, 2, 2)), "float32" if mixed else "float64")
        layer.build(x.shape)
        layer.set_weights([numbers(w.shape) for w in layer.weights])
        dy = numbers(layer(x).shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = tf.reduce_sum(tf.cast(y, "float64") * dy)
            for loss in layer.losses:
                total += tf.cast(loss, "float64")
        found = tape.gradient(total, [x, *layer.trainable_variables])
        kept = {"x": x, "y": y, "dy": dy, "dx": found[0]}
        kept |= {f"w{n}": w for n, w in enumerate(layer.get_weights())}
        kept |= {f"g{n}": g for n, g in enumerate(found[1:])}
        for name, array in kept.items():
            arrays[f"layer {number} {name}"] = np.asarray(tf.cast(array, "float64"))
    return arrays


def optimizers(tf):
    """What optimizers make of a variable."""
    rng = np.random.default_rng(1)
    arrays = {"optimizer w": rng.standard_normal(50).astype("f4")}
    arrays["optimizer g"] = rng.standard_normal((STEPS, 50)).astype("f4")
    for number, (name, options) in enumerate(OPTIMIZERS):
        variable = tf.Variable(arrays["optimizer w"])
        optimizer = getattr(tf.keras.optimizers, name)(jit_compile=False, **options)
        after = []
        for g in arrays["optimizer g"]:
            optimizer.apply_gradients([(tf.constant(g), variable)])
            after.append(variable.numpy())
        arrays[f"optimizer {number}"] = np.array(after)
    return arrays


def gradients(tf, arrays, name, x, function):
    """Keep the gradient of a function at x."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    arrays[f"{name} x"] = x.numpy()
    arrays[f"{name} dx"] = tape.gradient(y, x).numpy()


def regularizers(tf):
    """The gradients of penalties."""
    rng, arrays = np.random.default_rng(2), {}
    kinds = tf.keras.regularizers
    for name, regularizer in {
        "l1": kinds.L1(0.5),
        "l2": kinds.L2(0.25),
        "l1_l2": kinds.L1L2(0.5, 0.25),
        "rows": kinds.OrthogonalRegularizer(0.5, "rows"),
        "columns": kinds.OrthogonalRegularizer(0.5, "columns"),
    }.items():
        gradients(tf, arrays, f"regularizer {name}", rng.standard_normal((4, 5)), regularizer)
    return arrays


def main():
    import tensorflow as tf

    arrays = layers(tf) | optimizers(tf) | regularizers(tf)
    description = {"tensorflow": tf.__version__, "layers": LAYERS, "optimizers": OPTIMIZERS}
    path = Path(__file__).with_name("keras_gradient_answers.npz")
    np.savez_compressed(path, description=np.array(json.dumps(description)), **arrays)
    print(f"{len(arrays)} arrays, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
