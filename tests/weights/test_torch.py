"""Weights of PyTorch: made of other tensors, in groups, in the order of the model."""

import numpy as np
import pytest

from conv3dt.weights import load
from tests.data.make_weights import FOLDER
from tests.helpers.weight_files import bfloat16, numbers, tensors


def weight(start=1, channels=3, out=5):
    return numbers(start, channels, out, 2, 1, 2)


def ours(array):
    return array.transpose(2, 3, 4, 1, 0)


BIAS = numbers(7, 5)


# ---- weights that are made -----------------------------------------------------------------------


def test_stored_norms():
    """What PyTorch's layers computed with, to the last bits of float32."""
    with pytest.warns(UserWarning, match=r"'grouped\.weight', it has 2 groups") as warned:
        found = load(FOLDER / "torch_norms.safetensors")
    assert len(warned) == 1
    with np.load(FOLDER / "torch_norms_made.npz") as made:
        assert {*found} == {*made.files}
        for name in made.files:
            np.testing.assert_allclose(found[name].kernel, ours(made[name]), rtol=3e-7)
            assert found[name].bias.shape == (5,)
    assert "forward convolution" in found.left_out["conv.parametrizations.weight.original"]


LENGTHS = {
    "each channel in": numbers(40, 3, 1, 1, 1, 1),
    "each channel out": numbers(40, 1, 5, 1, 1, 1),
    "all": np.array(0.5, "f4"),
}


@pytest.mark.parametrize("g", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(
    ("direction", "length"),
    [
        ("weight_v", "weight_g"),
        ("parametrizations.weight.original1", "parametrizations.weight.original0"),
    ],
)
def test_weight_norm(tmp_path, g, direction, length):
    v = weight()
    arrays = {f"up.{direction}": v, f"up.{length}": g, "up.bias": BIAS}
    found = load(tmp_path / tensors(tmp_path / "m.safetensors", arrays))
    axes = tuple(i for i in range(5) if g.ndim == 0 or g.shape[i] == 1)
    made = v * (g / np.linalg.norm(v.astype("f8").reshape(-1) if g.ndim == 0 else 1))
    if g.ndim:
        made = v * (g / np.sqrt((v.astype("f8") ** 2).sum(axis=axes, keepdims=True)))
    np.testing.assert_allclose(found["up"].kernel, ours(made), rtol=1e-6)
    assert found["up"].kernel.dtype == np.float32
    assert not found.left_out


@pytest.mark.parametrize(
    ("matrix", "left", "right"),
    [
        ("weight_orig", "weight_u", "weight_v"),
        (
            "parametrizations.weight.original",
            "parametrizations.weight.0._u",
            "parametrizations.weight.0._v",
        ),
    ],
)
def test_spectral_norm(tmp_path, matrix, left, right):
    w = weight()
    rows = w.transpose(1, 0, 2, 3, 4).reshape(5, -1)
    u, s, v = np.linalg.svd(rows, full_matrices=False)
    arrays = {f"up.{matrix}": w, f"up.{left}": u[:, 0].copy(), f"up.{right}": v[0].copy()}
    found = load(tensors(tmp_path / "m.safetensors", arrays))
    np.testing.assert_allclose(found["up"].kernel, ours(w / s[0]), rtol=1e-5)
    del arrays[f"up.{right}"]
    with pytest.warns(UserWarning, match=rf"{right}' is missing"):
        assert not load(tensors(tmp_path / "m.safetensors", arrays))


def test_half_types_are_made_in_double(tmp_path):
    v, g = weight(), LENGTHS["each channel in"]
    arrays = {"weight_v": bfloat16(v), "weight_g": bfloat16(g)}
    found = load(tensors(tmp_path / "up.safetensors", arrays))["up"].kernel
    assert found.dtype.name == "bfloat16"
    made = v * (g / np.sqrt((v**2).sum(axis=(1, 2, 3, 4), keepdims=True)))
    np.testing.assert_array_equal(found, ours(made).astype(found.dtype))


def test_a_weight_that_is_there_is_taken(tmp_path):
    """As PyTorch 0.4 saved it, without the vector v."""
    arrays = {"up.weight": weight(), "up.weight_orig": weight() * 2, "up.weight_u": BIAS}
    found = load(tensors(tmp_path / "m.safetensors", arrays))
    np.testing.assert_array_equal(found["up"].kernel, ours(weight()))
    assert "is there as well" in found.left_out["up.weight_orig"]


PARTS = "up.parametrizations.weight."


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"up.weight_v": weight()}, "'up.weight_g' is missing"),
        ({"up.weight_orig": weight()}, "'up.weight_u' is missing"),
        ({f"{PARTS}original": weight()}, "is missing"),
        ({f"{PARTS}original": weight(), f"{PARTS}0.base": BIAS}, "not known here"),
        (
            {
                f"{PARTS}original1": weight(),
                f"{PARTS}original0": np.array(1, "f4"),
                f"{PARTS}1._u": BIAS,
            },
            "not known here",
        ),
        ({"up.weight": weight(), "up.parametrizations.bias.original": BIAS}, "not known here"),
        ({"up.weight_v": weight(), "up.weight_g": numbers(1, 7, 1, 1, 1, 1)}, "lengths must be"),
        (
            {"up.weight_orig": weight(), "up.weight_u": BIAS[:2], "up.weight_v": numbers(1, 12)},
            "vectors do not fit",
        ),
        ({"up.weight_v": weight(), "up.weight_g": ("I8", (), b"1")}, "'up.weight_g' is I8"),
    ],
)
def test_what_cannot_be_made(tmp_path, arrays, reason):
    with pytest.warns(UserWarning, match=reason):
        found = load(tensors(tmp_path / "m.safetensors", arrays))
    assert not found
    assert {*found.left_out} == {*arrays}


# ---- which are transposed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "bias", "reason"),
    [
        ((4, 3, 1, 1, 1), 6, "it has 2 groups"),
        ((6, 1, 2, 2, 2), 3, "it has 3 groups"),
        ((6, 2, 2, 2, 2), 5, r"its bias must have shape \(2,\)"),
    ],
)
def test_groups_and_wrong_biases(tmp_path, shape, bias, reason):
    arrays = {"up.weight": numbers(1, *shape), "up.bias": numbers(1, bias)}
    with pytest.warns(UserWarning, match=reason):
        assert not load(tensors(tmp_path / "m.safetensors", arrays))


def test_other_layers(tmp_path):
    arrays = {
        "conv.weight": numbers(1, 6, 3, 2, 2, 2),
        "conv.bias": numbers(1, 6),
        "flat.weight": numbers(1, 3, 5, 2, 2),
        "norm.weight": numbers(1, 5),
        "optimizer.up.weight": weight() * 0,
        "up.weight_ema": weight(),
        "up.exp_avg": weight(),
        "up.weight": weight(),
        "up.bias": BIAS,
    }
    found = load(tensors(tmp_path / "m.safetensors", arrays))
    assert [*found] == ["up"]
    assert {*found.left_out} == {*arrays} - {"up.weight", "up.bias"}
    assert "forward convolution" in found.left_out["conv.weight"]


# ---- order ---------------------------------------------------------------------------------------


def test_order_of_what_pytorch_sorted(tmp_path):
    names = sorted(f"blocks.{i}.up{j}.weight" for i in range(11) for j in (1, 10))
    found = load(tensors(tmp_path / "m.safetensors", dict.fromkeys(names, weight())))
    assert [*found] == [f"blocks.{i}.up{j}" for i in range(11) for j in (1, 10)]


def test_order_of_what_somebody_else_wrote(tmp_path):
    names = ["up.2.weight", "up.10.weight", "last.weight", "first.weight"]
    found = load(tensors(tmp_path / "m.safetensors", dict.fromkeys(names, weight())))
    assert [*found] == ["up.2", "up.10", "last", "first"]


def test_numbers_may_be_long(tmp_path):
    names = sorted(f"up{'9' * n}.weight" for n in (1, 30, 5000))
    assert len(load(tensors(tmp_path / "m.safetensors", dict.fromkeys(names, weight())))) == 3
