"""Makes the files of tests/data/weights: small models, written by Keras 2, Keras 3 and PyTorch.

python make_weights.py keras2     # with TensorFlow 2.15.1
python make_weights.py keras3     # with Keras 3.15 (any backend)
python make_weights.py torch      # with PyTorch and safetensors

A model has a convolution and two transposed ones, `up` and one with a default name or a path. In
the nested one they lie in wrappers and a model in it, the second is of a class of its own, and
there is Adam's memory. The weights are those of `numbers`: any two arrays differ.
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


def nested_model(keras):
    """`up` in a model in a wrapper, and in another wrapper a layer of a class made from it."""

    @keras.saving.register_keras_serializable("decoders")
    class Up(keras.layers.Conv3DTranspose):
        pass

    layer = keras.layers
    up = layer.Conv3DTranspose(4, (2, 3, 1), name="up")
    mine = Up(4, 2, use_bias=False, name="mine")
    inner = keras.Sequential([layer.Input((2, 3, 4, 3)), up], name="inner")
    x = layer.Input((2, 2, 3, 4, 3))
    y = layer.TimeDistributed(mine, name="last")(layer.TimeDistributed(inner, name="frames")(x))
    model = keras.Model(x, y)
    up.set_weights([UP_KERNEL, UP_BIAS])
    mine.set_weights([LAST_KERNEL])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def keras2():
    from tensorflow import keras

    nested = nested_model(keras)
    nested.save(FOLDER / "keras2_nested.keras")
    nested.save(FOLDER / "keras2_nested.h5", save_format="h5")
    model = keras_model(keras)
    model.save(FOLDER / "keras2.keras")
    model.save(FOLDER / "keras2.h5", save_format="h5")
    model.save_weights(FOLDER / "keras2_weights.h5")
    model.save_weights(FOLDER / "keras2.weights.h5")


def keras3():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    nested = nested_model(keras)
    nested.save(FOLDER / "keras3_nested.keras")
    nested.save(FOLDER / "keras3_nested.h5")
    nested.save_weights(FOLDER / "keras3_nested.weights.json", max_shard_size=1300 / 1024**3)
    keras.backend.clear_session()
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
    norms(torch, save_file)


def norms(torch, save_file):
    """Layers whose weights are made of other tensors, and what they are, as the layer has it."""
    from torch.nn.utils import parametrizations, spectral_norm, weight_norm

    kinds = {
        "weight": weight_norm,
        "weight_by_out": lambda layer: weight_norm(layer, dim=1),
        "weight_as_one": lambda layer: weight_norm(layer, dim=None),
        "spectral": spectral_norm,
        "new_weight": parametrizations.weight_norm,
        "new_weight_by_out": lambda layer: parametrizations.weight_norm(layer, dim=1),
        "new_spectral": parametrizations.spectral_norm,
    }
    torch.manual_seed(0)
    layers = {name: make(torch.nn.ConvTranspose3d(3, 5, 2)) for name, make in kinds.items()}
    model = torch.nn.ModuleDict(layers)
    for _ in range(5):  # training turns the vectors of spectral normalization
        for layer in layers.values():
            layer(torch.ones(1, 3, 2, 2, 2))
    with torch.no_grad():
        for number in model.parameters():
            number *= 1.5
    model.eval()
    for layer in layers.values():
        layer(torch.ones(1, 3, 2, 2, 2))
    weights = {name: layer.weight.detach().numpy() for name, layer in layers.items()}
    model["conv"] = parametrizations.spectral_norm(torch.nn.Conv3d(3, 5, 2))
    model["grouped"] = torch.nn.ConvTranspose3d(4, 6, 1, groups=2)
    state = {name: x.contiguous() for name, x in model.state_dict().items()}
    save_file(state, FOLDER / "torch_norms.safetensors")
    np.savez_compressed(FOLDER / "torch_norms_made.npz", **weights)


if __name__ == "__main__":
    {"keras2": keras2, "keras3": keras3, "torch": torch}[sys.argv[1]]()
