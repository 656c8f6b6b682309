"""bfloat16 and other types of numbers, in every format."""

import h5py
import ml_dtypes
import numpy as np
import pytest

from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import load
from tests.helpers.weight_files import (
    archive,
    bfloat16,
    kernel,
    layer,
    legacy,
    model,
    numbers,
    stored,
    tensors,
    weights,
)  # fmt: skip

KERNEL, BIAS = kernel(), numbers(7, 5)
BF16 = ml_dtypes.bfloat16


def written(folder, suffix, dtype):
    """Write the layer `up` with numbers of a type."""
    path, array, bias = folder / f"m{suffix}", KERNEL.astype(dtype), BIAS.astype(dtype)
    place, config = "layers/conv3d_transpose", model(layer("Conv3DTranspose", "up"))
    if suffix == ".keras":
        return archive(path, config, {place: [array, bias]})
    if suffix == ".weights.h5":
        return stored(path, {place: [array, bias]}, {place: "up"})
    if suffix == ".h5":
        return legacy(path, {"up": {"up/kernel:0": array, "up/bias:0": bias}}, config)
    if suffix == ".npz":
        np.savez(path, **{"up/kernel": array, "up/bias": bias})
        return path
    given = {"up.weight": KERNEL.transpose(4, 3, 0, 1, 2), "up.bias": BIAS}
    as_dtype = bfloat16 if dtype is BF16 else lambda x: np.ascontiguousarray(x.astype(dtype))
    return tensors(path, {name: as_dtype(x) for name, x in given.items()})


SUFFIXES = [".keras", ".weights.h5", ".h5", ".npz", ".safetensors"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [BF16, "f2", "f4", "f8"])
def test_types_are_kept(tmp_path, suffix, dtype):
    found = load(written(tmp_path, suffix, dtype))["up"]
    for array, expected in zip(found, (KERNEL, BIAS), strict=True):
        assert array.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(array, expected.astype(dtype))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_layers_of_any_type_take_bfloat16(tmp_path, suffix, dtype):
    layer = Conv3DTranspose(5, (2, 1, 2), dtype=dtype)
    layer.load_weights(written(tmp_path, suffix, BF16))
    assert layer.kernel.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(np.asarray(layer.kernel, "f4"), KERNEL.astype(BF16).astype("f4"))


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".npz"])
@pytest.mark.parametrize("dtype", [">f2", ">f4", ">f8"])
def test_byte_order(tmp_path, suffix, dtype):
    found = load(written(tmp_path, suffix, dtype))["up"]
    assert found.kernel.dtype.isnative
    np.testing.assert_array_equal(found.kernel, KERNEL)


def test_the_attribute_of_keras_3(tmp_path):
    path = written(tmp_path, ".weights.h5", BF16)
    with h5py.File(path, "a") as file:
        file["layers/conv3d_transpose/vars/0"].attrs["dtype"] = "bfloat16"
    assert load(path)["up"].kernel.dtype == BF16


def test_without_ml_dtypes(tmp_path, monkeypatch):
    path = written(tmp_path, ".npz", BF16)

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("conv3dt.weights.formats.source.import_module", missing)
    with pytest.raises(ImportError, match=r"needs ml_dtypes: pip install 'conv3dt\[weights\]'"):
        load(path)
    assert load(written(tmp_path, ".npz", "f4"))


OTHERS = {
    "F8_E4M3": b"\0" * 4, "F8_E5M2": b"\0" * 4, "I8": b"\0" * 4, "U8": b"\0" * 4,
    "BOOL": b"\0" * 4, "I64": b"\0" * 32, "C64": b"\0" * 32,
}  # fmt: skip


@pytest.mark.parametrize("dtype", OTHERS)
def test_other_tensors_beside_ours(tmp_path, dtype):
    up = np.ascontiguousarray(KERNEL.transpose(4, 3, 0, 1, 2))
    arrays = {"scale": (dtype, (4,), OTHERS[dtype]), "up.weight": up, "up.bias": BIAS}
    found = load(tensors(tmp_path / "m.safetensors", arrays))
    np.testing.assert_array_equal(found["up"].kernel, KERNEL)
    assert [*found.left_out] == ["scale"]


@pytest.mark.parametrize("dtype", OTHERS)
def test_kernels_of_other_types_are_named(tmp_path, dtype):
    up = dtype, (1, 4, 1, 1, 1), OTHERS[dtype]
    path = tensors(tmp_path / "m.safetensors", {"up.weight": up, "last.bias": BIAS})
    with pytest.warns(UserWarning, match=rf"'up\.weight', its kernel is {dtype}; legal are"):
        assert not load(path)


def test_other_arrays_of_hdf5(tmp_path):
    path = legacy(tmp_path / "m.h5", {"up": weights("up", KERNEL), "odd": {}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/odd"]
        group["texts"] = ["a", "b"]
        group["kernel"] = np.zeros(3, [("a", "i4"), ("b", "f8")])
        group["none"] = h5py.Empty("f4")
        group["lists"] = np.array([np.zeros(2), np.zeros(3)], h5py.vlen_dtype("f4"))
        group["half"] = np.zeros((1, 1, 1, 2, 2), "i2")
        del group.attrs["weight_names"]
    found = load(path)
    assert [*found] == ["up"]
    assert {place.rpartition("/")[2] for place in found.left_out} == {
        "texts", "kernel", "none", "lists", "half",
    }  # fmt: skip
