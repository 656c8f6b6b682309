"""Makes keras3_answers.npz: what the layer of Keras 3 computes, dilation and output padding too.

KERAS_BACKEND=jax python make_keras3_answers.py      # with Keras 3.15 and JAX
"""

import itertools
import json
from pathlib import Path

import numpy as np

KERNELS = (1, (2, 3, 4), (3, 2, 1))
RATES = ({"dilation_rate": (2, 1, 3)}, {"strides": (2, 3, 1)}, {"strides": 2}, {})
CHANNELS = 2, 3  # in, out


def options():
    """Every combination that Keras takes."""
    for kernel, rate, padding in itertools.product(KERNELS, RATES, ("valid", "same")):
        plain = {"kernel_size": kernel, "padding": padding, **rate}
        yield plain
        if "strides" in rate:
            yield {**plain, "output_padding": (1, 1, 0) if rate["strides"] != 2 else 1}


def arrays(number, kernel_size):
    """Kernel, bias and input of small integers, whose sums are exact."""
    rng = np.random.default_rng(number)
    kernel = np.broadcast_to(kernel_size, 3)
    shapes = (*kernel, CHANNELS[1], CHANNELS[0]), (CHANNELS[1],), (1, 3, 2, 4, CHANNELS[0])
    return [rng.integers(-3, 4, shape).astype(np.float32) for shape in shapes]


def main():
    import keras

    stored, cases = {}, list(options())
    for number, case in enumerate(cases):
        kernel, bias, x = arrays(number, case["kernel_size"])
        layer = keras.layers.Conv3DTranspose(CHANNELS[1], **case)
        layer.build(x.shape)
        layer.set_weights([kernel, bias])
        stored[f"answer {number}"] = np.asarray(layer(x)).astype(np.int16)
    description = json.dumps({"keras": keras.__version__, "cases": cases})
    path = Path(__file__).with_name("keras3_answers.npz")
    np.savez_compressed(path, description=np.array(description), **stored)
    print(f"{len(cases)} answers, {path.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
