"""Weights out of files that Keras 2, Keras 3, PyTorch and NumPy wrote."""

import numpy as np
import pytest

import conv3dt
from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import LayerWeights, load
from tests.data.make_weights import FOLDER, LAST_KERNEL, UP_BIAS, UP_KERNEL

FILES = {  # the names of the two layers
    "keras2.keras": ("up", "conv3d_transpose"),
    "keras2.h5": ("up", "conv3d_transpose"),
    "keras2_weights.h5": ("up", "conv3d_transpose"),
    "keras2.weights.h5": ("conv3d_transpose", "conv3d_transpose_1"),  # Keras 2 stores no names
    "keras2_nested.keras": ("up", "mine"),
    "keras2_nested.h5": ("up", "mine"),
    "keras3_nested.keras": ("up", "mine"),
    "keras3_nested.h5": ("up", "mine"),
    "keras3_nested.weights.json": ("up", "mine"),
    "keras3.keras": ("up", "conv3d_transpose"),
    "keras3.h5": ("up", "conv3d_transpose"),
    "keras3.weights.h5": ("up", "conv3d_transpose"),
    "torch.safetensors": ("up", "blocks.0"),
}
every_file = pytest.mark.parametrize(("file", "names"), FILES.items())


def same(found, kernel, bias):
    np.testing.assert_array_equal(found.kernel, kernel)
    assert (found.bias is None) == (bias is None)
    if bias is not None:
        np.testing.assert_array_equal(found.bias, bias)


def test_all_stored_files_are_tested():
    shards = {f"keras3_nested_0000{i}.weights.h5" for i in range(3)}
    others = {"torch_norms.safetensors", "torch_norms_made.npz"}
    assert {path.name for path in FOLDER.iterdir()} == {*FILES} | shards | others


@every_file
def test_files(file, names):
    for path in (FOLDER / file, str(FOLDER / file)):
        layers = load(path)
        assert sorted(layers) == sorted(names)
        same(layers[names[0]], UP_KERNEL, UP_BIAS)
        same(layers[names[1]], LAST_KERNEL, None)


@every_file
@pytest.mark.parametrize("kind", [Conv3DTranspose, v1.layers.Conv3DTranspose])
def test_layers_take_weights(kind, file, names):
    layer = kind(4, (2, 3, 1), strides=(2, 1, 1), data_format="channels_first")
    layer.load_weights(FOLDER / file, names[0])
    same(LayerWeights(*layer.get_weights()), UP_KERNEL, UP_BIAS)
    x = np.ones((1, 3, 2, 2, 2), np.float32)
    expected = conv3dt.conv3d_transpose(
        x, UP_KERNEL, (1, 4, 4, 4, 2), (2, 1, 1), "VALID", "NCDHW", bias=UP_BIAS
    )
    np.testing.assert_array_equal(layer(x), expected)


def test_which_layer():
    path = FOLDER / "keras3.keras"
    layer = Conv3DTranspose(4, 2, use_bias=False, name="conv3d_transpose")
    layer.load_weights(path)
    np.testing.assert_array_equal(layer.kernel, LAST_KERNEL)
    with pytest.raises(ValueError, match=r"name must be one of 'up', 'conv3d_transpose'; got 'no'"):
        layer.load_weights(path, "no")
    with pytest.raises(ValueError, match="a weight list of length 2, but the layer was expecting"):
        layer.load_weights(path, "up")
    with pytest.raises(ValueError, match="is not compatible with provided weight shape"):
        Conv3DTranspose(4, 3, use_bias=False).load_weights(path, "conv3d_transpose")


def test_errors(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"a file must end in \.keras, .*; got 'model\.onnx'"):
        load("model.onnx")
    for pickle in ("m.pt", "m.PTH", "pytorch_model.bin", "m.ckpt", "m.bin.index.json"):
        with pytest.raises(ValueError, match=r"save PyTorch's tensors with safetensors\.torch"):
            load(pickle)
    for suffix in (".npz", ".keras", ".h5"):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / f"missing{suffix}")
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(ValueError, match=r"name must be one of none"):
        Conv3DTranspose(1, 1).load_weights(tmp_path / "empty.npz")

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("conv3dt.weights.formats.source.import_module", missing)
    with pytest.raises(ImportError, match=r"needs h5py: pip install 'conv3dt\[weights\]'"):
        load(FOLDER / "keras2.h5")
