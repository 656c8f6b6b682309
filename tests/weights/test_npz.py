"""Weights out of NumPy's archives: what their arrays may be called."""

import numpy as np
import pytest

from conv3dt.compat import v1
from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import load
from tests.data.make_weights import LAST_KERNEL, UP_BIAS, UP_KERNEL
from tests.helpers.weight_files import numbers


def same(found, kernel, bias):
    np.testing.assert_array_equal(found.kernel, kernel)
    assert (found.bias is None) == (bias is None)
    if bias is not None:
        np.testing.assert_array_equal(found.bias, bias)


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
    forward = {"conv/kernel": np.zeros((1, 1, 1, 2, 3)), "conv/bias": np.zeros(3), "other": bias}
    np.savez(path, **arrays, **forward)
    layers = load(path)
    assert set(layers) == {"x/up", "last"}
    same(layers["x/up"], kernel, bias)
    same(layers["last"], LAST_KERNEL, None)
    other = Conv3DTranspose(4, 2, use_bias=False)
    other.load_weights(path, "last")
    np.testing.assert_array_equal(other.kernel, LAST_KERNEL)


@pytest.mark.parametrize("kind", [Conv3DTranspose, v1.layers.Conv3DTranspose])
def test_names_of_variables(tmp_path, kind):
    layers = [kind(4, (2, 3, 1), name=name) for name in ("b", "a/up", "up_1", "c")]
    for number, layer in enumerate(layers):
        layer.build((None, None, None, None, 3))
        layer.set_weights([UP_KERNEL + number, UP_BIAS])
    arrays = {v.name: v.numpy() for layer in layers for v in layer.weights}
    assert all(name.endswith(":0") for name in arrays)
    np.savez_compressed(tmp_path / "m.npz", **arrays)
    found = load(tmp_path / "m.npz")
    assert [*found] == ["b", "a/up", "up_1", "c"]
    for number, name in enumerate(found):
        same(found[name], UP_KERNEL + number, UP_BIAS)
    assert not found.left_out


@pytest.mark.parametrize(
    "slots",
    ["Adam/m/up/", "adam_1/v/up/", "RMSprop_1/velocity/up/", "training/Adam/up/", "optimizer/up/"],
)
def test_an_optimizers_memory_is_no_layer(tmp_path, slots):
    arrays = {"up/kernel:0": UP_KERNEL, f"{slots}kernel:0": UP_KERNEL * 0}
    np.savez(tmp_path / "m.npz", **arrays)
    found = load(tmp_path / "m.npz")
    same(found["up"], UP_KERNEL, None)
    assert found.left_out == {f"{slots}kernel:0": "it belongs to an optimizer"}


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"up/weights": UP_KERNEL}, "its name is not that of a kernel"),
        ({"up/kernel": UP_KERNEL[0]}, "its kernel has 4 dimensions"),
        ({"up/kernel": UP_KERNEL, "up/bias": numbers(1, 3)}, "it is a forward convolution"),
        ({"arr_0": UP_KERNEL, "arr_1": UP_BIAS, "arr_2": UP_BIAS}, "without a name"),
        ({"up/kernel": np.array([None])}, "its kernel has 1 dimensions"),
    ],
)
def test_what_is_left_out(tmp_path, arrays, reason):
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.warns(UserWarning, match=f"no transposed 3-D convolution found in .*{reason}"):
        found = load(tmp_path / "m.npz")
    assert not found
    assert {*found.left_out} == {*arrays}
    assert reason in next(iter(found.left_out.values()))


@pytest.mark.parametrize(
    ("kernel", "bias", "reason"),
    [
        (UP_KERNEL.astype("i1"), None, "its kernel is int8; legal are float16, bfloat16"),
        (UP_KERNEL.astype("c8"), None, "its kernel is complex64"),
        (UP_KERNEL, np.array([None] * 4), "its bias is object"),
        (UP_KERNEL, numbers(1, 2), r"its bias must have shape \(4,\) .* got \(2,\)"),
        (UP_KERNEL[:0], None, "a size of its kernel is 0"),
    ],
)
def test_what_cannot_be_computed_is_a_warning(tmp_path, kernel, bias, reason):
    arrays = {"up/kernel": kernel} if bias is None else {"up/kernel": kernel, "up/bias": bias}
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.warns(UserWarning, match=reason):
        found = load(tmp_path / "m.npz")
    assert not found
    with pytest.raises(ValueError, match=f"must be one of none.*Left out: 'up/kernel', {reason}"):
        Conv3DTranspose(4, (2, 3, 1)).load_weights(tmp_path / "m.npz")
