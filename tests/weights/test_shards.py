"""Weights in several files, which an index names."""

import json
import warnings

import numpy as np
import pytest

from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import load
from tests.data.make_weights import FOLDER, LAST_KERNEL, UP_BIAS, UP_KERNEL
from tests.helpers.weight_files import bfloat16, kernel, numbers, stored, tensors

WEIGHT, BIAS = numbers(1, 3, 5, 2, 1, 2), numbers(7, 5)
PLACE = "/layers/conv3d_transpose/vars"


def index(path, weight_map, **more):
    path.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map, **more}))
    return path


def torch_shards(folder, *shards, name="model.safetensors.index.json"):
    """Write one file for each mapping of tensors, and the index."""
    listed = {}
    for number, arrays in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        tensors(folder / file, arrays)
        listed |= dict.fromkeys(arrays, file)
    return index(folder / name, listed)


def test_one_shard(tmp_path):
    found = load(torch_shards(tmp_path, {"up.weight": WEIGHT}))
    np.testing.assert_array_equal(found["up"].kernel, WEIGHT.transpose(2, 3, 4, 1, 0))
    assert found["up"].bias is None


def test_a_bias_may_lie_elsewhere(tmp_path):
    one, two = {"up.weight": WEIGHT, "b.10.weight": bfloat16(WEIGHT)}, {"up.bias": BIAS}
    two |= {"b.9.weight": WEIGHT, "b.9.bias": BIAS, "step": ("I64", (1,), bytes(8))}
    found = load(torch_shards(tmp_path, one, two))
    assert [*found] == ["up", "b.10", "b.9"]
    np.testing.assert_array_equal(found["up"].bias, BIAS)
    assert found["b.10"].kernel.dtype.name == "bfloat16"
    assert [*found.left_out] == ["step"]
    layer = Conv3DTranspose(5, (2, 1, 2))
    layer.load_weights(tmp_path / "model.safetensors.index.json", "up")
    np.testing.assert_array_equal(layer.bias, BIAS)


def test_a_weight_made_of_tensors_in_two_files(tmp_path):
    path = torch_shards(tmp_path, {"up.weight_v": WEIGHT}, {"up.weight_g": np.array(1, "f4")})
    norm = np.linalg.norm(WEIGHT.ravel())
    found = load(path)["up"].kernel
    np.testing.assert_allclose(found, WEIGHT.transpose(2, 3, 4, 1, 0) / norm, rtol=1e-6)


def test_suffixes_in_any_case(tmp_path):
    path = torch_shards(tmp_path, {"up.weight": WEIGHT}, name="Model.SafeTensors.Index.JSON")
    assert [*load(path)] == ["up"]
    for suffix in (".H5", ".Weights.H5", ".HDF5"):
        path = stored(tmp_path / f"M{suffix}", {"layers/conv3d_transpose": [kernel()]})
        assert [*load(path)] == ["conv3d_transpose"]


def test_one_of_several_shards_is_a_warning(tmp_path):
    torch_shards(tmp_path, {"up.weight": WEIGHT}, {"up.bias": BIAS})
    with pytest.warns(UserWarning, match=r"one of several shards.*load model\.safetensors\.index"):
        load(tmp_path / "model-00001-of-00002.safetensors")
    with pytest.warns(UserWarning, match=r"keras3_nested_00000.*load keras3_nested\.weights\.json"):
        load(FOLDER / "keras3_nested_00000.weights.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensors(tmp_path / "model-00001-of-00001.safetensors", {"up.weight": WEIGHT})
        load(tmp_path / "model-00001-of-00001.safetensors")
        stored(tmp_path / "run_00012.weights.h5", {"layers/conv3d_transpose": [kernel()]})
        load(tmp_path / "run_00012.weights.h5")


def test_shards_of_keras():
    found = load(FOLDER / "keras3_nested.weights.json")
    assert [*found] == ["up", "mine"]
    np.testing.assert_array_equal(found["up"].kernel, UP_KERNEL)
    np.testing.assert_array_equal(found["up"].bias, UP_BIAS)
    np.testing.assert_array_equal(found["mine"].kernel, LAST_KERNEL)
    assert found.left_out == {"optimizer": "it belongs to an optimizer"}


def test_variables_of_a_layer_in_two_files(tmp_path):
    stored(tmp_path / "m_00000.weights.h5", {PLACE[1:-5]: [kernel()]})
    path = stored(tmp_path / "m_00001.weights.h5", {PLACE[1:-5]: [kernel(), BIAS]})
    files = ["m_00000.weights.h5", "m_00001.weights.h5"]
    listed = index(tmp_path / "m.weights.json", {PLACE: files})
    with pytest.raises(OSError, match=r"vars/0': it is in m_00001\.weights\.h5 and in another"):
        load(listed)
    import h5py

    with h5py.File(path, "a") as file:
        del file[f"{PLACE}/0"]
    found = load(listed)["conv3d_transpose"]
    np.testing.assert_array_equal(found.kernel, kernel())
    np.testing.assert_array_equal(found.bias, BIAS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("{", "Expecting property name"),
        ("[]", "no object 'weight_map'"),
        ('{"weight_map": ["a"]}', "no object 'weight_map'"),
        ('{"weight_map": {"up.weight": 3}}', "at 'up.weight': a shard must be the name of a file"),
        ('{"weight_map": {"up.weight": [null]}}', "a shard must be the name"),
        ('{"weight_map": {"up.weight": "gone.safetensors"}}', "its shard gone.safetensors is mis"),
        ('{"weight_map": {"up.weight": "../m.safetensors"}}', "must be the name of a file beside"),
        ('{"weight_map": {"up.weight": "/etc/passwd"}}', "must be the name of a file beside"),
        ('{"weight_map": {"up.weight": "..\\\\m"}}', "must be the name of a file beside"),
        ('{"weight_map": {"up.weight": ".."}}', "must be the name of a file beside"),
        ("[" * 100_000, "recursion"),
    ],
)
@pytest.mark.parametrize("suffix", [".weights.json", ".safetensors.index.json"])
def test_indexes_that_cannot_be_read(tmp_path, text, reason, suffix):
    path = tmp_path / f"m{suffix}"
    path.write_text(text)
    with pytest.raises(OSError, match=reason) as error:
        load(path)
    assert str(path) in str(error.value)


def test_indexes_that_are_not_true(tmp_path):
    path = torch_shards(tmp_path, {"up.weight": WEIGHT}, {"up.bias": BIAS})
    one, two = (f"model-0000{i}-of-00002.safetensors" for i in (1, 2))
    index(path, {"up.weight": two, "up.bias": two})
    with pytest.raises(OSError, match=rf"at 'up\.weight': {two} does not have it"):
        load(path)
    index(path, {"up.weight": one, "up.bias": [one, two]})
    with pytest.raises(OSError, match=r"at 'up\.bias'.*does not have it"):
        load(path)
    index(path, {"up.bias": two})
    with pytest.warns(UserWarning, match="Left out: 'up.bias'"):
        assert not load(path)
    index(path, {"up.weight": one, "up.bias": two, "up.more": two})
    with pytest.raises(OSError, match="does not have it"):
        load(path)
    stored(tmp_path / "m_00000.weights.h5", {"layers/other": [kernel()]})
    listed = index(tmp_path / "m.weights.json", {PLACE: "m_00000.weights.h5"})
    with pytest.raises(OSError, match=rf"at '{PLACE}': m_00000\.weights\.h5 does not have it"):
        load(listed)
    (tmp_path / "m_00000.weights.h5").write_bytes(b"junk")
    with pytest.raises(OSError, match=r"m_00000\.weights\.h5 cannot be read"):
        load(listed)
