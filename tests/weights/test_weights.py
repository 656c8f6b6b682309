"""Weights out of files that Keras 2, Keras 3, PyTorch and NumPy wrote, and PyTorch's padding."""

from itertools import product

import numpy as np
import pytest

import conv3dt
from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import LayerWeights, like_torch, load
from tests.data.make_weights import FOLDER, LAST_KERNEL, UP_BIAS, UP_KERNEL
from tests.helpers import oracle

FILES = {  # the names of the two layers
    "keras2.keras": ("up", "conv3d_transpose"),
    "keras2.h5": ("up", "conv3d_transpose"),
    "keras2_weights.h5": ("up", "conv3d_transpose"),
    "keras2.weights.h5": ("conv3d_transpose", "conv3d_transpose_1"),  # Keras 2 stores no names
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
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)


@every_file
def test_files(file, names):
    for path in (FOLDER / file, str(FOLDER / file)):
        layers = load(path)
        assert set(layers) == set(names)
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


def test_npz(tmp_path):
    kernel, bias = UP_KERNEL, UP_BIAS
    path = tmp_path / "a.npz"
    layer = Conv3DTranspose(4, (2, 3, 1), weights=[kernel, bias])
    layer.build((None, None, None, None, 3))
    np.savez(path, *layer.get_weights())
    same(load(path)["a"], kernel, bias)
    np.savez(path, kernel=kernel, bias=bias)
    same(load(path)["a"], kernel, bias)
    arrays = {"x/up/kernel": kernel, "x/up/bias": bias, "last/kernel": LAST_KERNEL}
    forward = {"conv/kernel": np.zeros((1, 1, 1, 2, 3)), "conv/bias": np.zeros(3), "arr_3": bias}
    np.savez(path, **arrays, **forward)
    layers = load(path)
    assert set(layers) == {"x/up", "last"}
    same(layers["x/up"], kernel, bias)
    same(layers["last"], LAST_KERNEL, None)
    other = Conv3DTranspose(4, 2, use_bias=False)
    other.load_weights(path, "last")
    np.testing.assert_array_equal(other.kernel, LAST_KERNEL)


def test_errors(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"a file must end in \.keras, .*; got 'model\.onnx'"):
        load("model.onnx")
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


# ---- PyTorch's padding ---------------------------------------------------------------------------


def torch_defined(x, weight, s, padding, extra, d):
    """PyTorch's definition on one axis at a time: the full result, cut and lengthened."""
    w = weight.transpose(2, 3, 4, 1, 0)
    k = w.shape[:3]
    i = x.shape[2:]
    axes = [
        (kk, ss, dd, p, (ii - 1) * ss + (kk - 1) * dd + 1 - 2 * p + e)
        for ii, kk, ss, dd, p, e in zip(i, k, s, d, padding, extra, strict=True)
    ]
    return np.moveaxis(oracle.scatter(np.moveaxis(x, 1, 4), w, axes), 4, 1)


OPTIONS = [  # stride, padding, output_padding, dilation
    (s, p, e, d)
    for s, p, e, d in product((1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2))
    if e < max(s, d) and e - p < s
]


@pytest.mark.parametrize(("s", "p", "e", "d"), OPTIONS)
def test_like_torch(s, p, e, d):
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-3, 4, (2, 2, 4, 3, 5)), rng.integers(-3, 4, (2, 3, 3, 4, 5))
    x, weight = x.astype(np.float32), weight.astype(np.float32)
    extra = (e, 0, e)
    call = like_torch(x.shape, weight.shape, s, (p, 1, p), extra, d)
    filters = weight.transpose(2, 3, 4, 1, 0)
    y = conv3dt.conv3d_transpose(x, filters, **call.arguments)[call.crop]
    expected = torch_defined(x, weight, (s,) * 3, (p, 1, p), extra, (d,) * 3)
    np.testing.assert_array_equal(y, expected)


def test_like_torch_rejects():
    for options, text in (
        ({"stride": 2, "output_padding": 2}, "output_padding must be from 0 to 1 for stride 2"),
        ({"dilation": 3, "output_padding": 2}, "output_padding must be from 0 to 0 for stride 1"),
        ({"stride": (1, 2)}, "stride must be 1 or 3 integers"),
    ):
        with pytest.raises(ValueError, match=text):
            like_torch((1, 1, 2, 2, 2), (1, 1, 2, 2, 2), **options)
