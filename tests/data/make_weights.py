"""Makes the files of tests/data/weights: small models, written by Keras 2, Keras 3 and PyTorch.

python make_weights.py keras2     # with TensorFlow 2.15.1
python make_weights.py keras3     # with Keras 3.15 (any backend)
python make_weights.py torch      # with PyTorch and safetensors

A model has a convolution and two transposed ones, `up` and one with a default name or a path. The
weights are those of `numbers`: any two arrays differ.
"""

import os
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("weights")


def numbers(start, *shape):
    """Small numbers that count from `start`."""
    return (np.arange(start, start + np.prod(shape)) % 61 - 30).reshape(shape).astype("f4") / 8


UP_KERNEL, UP_BIAS = numbers(1, 2, 3, 1, 4, 3), numbers(5, 4)  # Keras's order: 3 -> 4 channels
LAST_KERNEL = numbers(11, 2, 2, 2, 4, 4)  # 4 -> 4 channels, no bias


def keras_model(keras):
    """Input, convolution, `up`, a transposed convolution without name or bias."""
    conv = keras.layers.Conv3D(3, 1, name="conv")
    up = keras.layers.Conv3DTranspose(4, (2, 3, 1), strides=(2, 1, 1), name="up")
    last = keras.layers.Conv3DTranspose(4, 2, use_bias=False)
    x = keras.layers.Input((2, 3, 4, 1))
    model = keras.Model(x, last(up(conv(x))))
    conv.set_weights([numbers(3, 1, 1, 1, 1, 3), numbers(7, 3)])
    up.set_weights([UP_KERNEL, UP_BIAS])
    last.set_weights([LAST_KERNEL])
    return model


def keras2():
    from tensorflow import keras

    model = keras_model(keras)
    model.save(FOLDER / "keras2.keras")
    model.save(FOLDER / "keras2.h5", save_format="h5")
    model.save_weights(FOLDER / "keras2_weights.h5")
    model.save_weights(FOLDER / "keras2.weights.h5")


def keras3():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    model = keras_model(keras)
    model.save(FOLDER / "keras3.keras")
    model.save(FOLDER / "keras3.h5")
    model.save_weights(FOLDER / "keras3.weights.h5")


def torch():
    import torch
    from safetensors.torch import save_file

    class Decoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv3d(1, 3, 1)
            self.up = torch.nn.ConvTranspose3d(3, 4, (2, 3, 1), stride=(2, 1, 1))
            self.blocks = torch.nn.ModuleList([torch.nn.ConvTranspose3d(4, 4, 2, bias=False)])

    model = Decoder()
    state = {
        "conv.weight": numbers(3, 3, 1, 1, 1, 1),
        "conv.bias": numbers(7, 3),
        "up.weight": UP_KERNEL.transpose(4, 3, 0, 1, 2),
        "up.bias": UP_BIAS,
        "blocks.0.weight": LAST_KERNEL.transpose(4, 3, 0, 1, 2),
    }
    state = {name: torch.from_numpy(np.ascontiguousarray(x)) for name, x in state.items()}
    model.load_state_dict(state)
    save_file(model.state_dict(), FOLDER / "torch.safetensors")


if __name__ == "__main__":
    {"keras2": keras2, "keras3": keras3, "torch": torch}[sys.argv[1]]()
