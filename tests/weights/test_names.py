"""What layers of Keras are called, which are found, and in which order."""

import h5py
import numpy as np
import pytest

from conv3dt.keras.layers import Conv3DTranspose
from conv3dt.weights import load
from tests.helpers.weight_files import (
    archive,
    kernel,
    kernels,
    layer,
    legacy,
    model,
    numbers,
    same,
    stored,
    weights,
)

UP, SQUARE, FORWARD = kernel(), kernel(3, 4, 4), numbers(9, 1, 1, 1, 2, 6)
BIAS = numbers(7, 5)


# ---- an optimizer's memory -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "slot",
    [
        "Adam/m/up/kernel:0",  # Keras 2.11 to 2.15
        "training/Adam/up/kernel/m:0",  # Keras 2.0 to 2.10
        "training/Adam/up/kernel:0",
        "adam/up_kernel_momentum",  # Keras 3
        "SGD/m/up/kernel:0",
    ],
)
def test_an_optimizers_memory_is_no_layer(tmp_path, slot):
    path = legacy(
        tmp_path / "m.h5", {"up": weights("up", UP)}, model(layer("Conv3DTranspose", "up"))
    )
    with h5py.File(path, "a") as file:
        file[f"optimizer_weights/{slot}"] = UP * 0
    same(path, up=UP)
    assert load(path).left_out == {f"optimizer_weights/{slot}": "it belongs to an optimizer"}
    taking = Conv3DTranspose(5, (2, 1, 2))
    taking.load_weights(path)
    np.testing.assert_array_equal(taking.kernel, UP)


def test_an_optimizers_memory_without_a_model(tmp_path):
    path = legacy(tmp_path / "m.h5", {"up": weights("up", UP)}, root="", listed=False)
    with h5py.File(path, "a") as file:
        file["optimizer_weights/Adam/m/up/kernel:0"] = UP * 0
    same(path, up=UP)


def test_an_optimizers_variables(tmp_path):
    places = {"layers/conv3d_transpose": [UP, BIAS], "optimizer": [UP * 0, BIAS * 0]}
    same(stored(tmp_path / "m.weights.h5", places), conv3d_transpose=UP)
    places["optimizer/inner_optimizer"] = places["optimizer"]
    config = model(layer("Conv3DTranspose", "up"))
    path = archive(tmp_path / "m.keras", config, places)
    same(path, up=UP)
    assert {*load(path).left_out} == {"optimizer", "optimizer/inner_optimizer"}


# ---- names of the graph --------------------------------------------------------------------------


@pytest.mark.parametrize("graph", ["up_1", "up_12", "decoder/up", "decoder_1/up_3", "up"])
@pytest.mark.parametrize("described", [True, False])
def test_layers_are_called_as_their_groups(tmp_path, graph, described):
    config = model(layer("Conv3D", "pre"), layer("Conv3DTranspose", "up")) if described else None
    groups = {"pre": weights("pre_1", FORWARD), "up": weights(graph, UP)}
    groups["pre"]["pre_1/bias:0"] = numbers(1, 6)
    same(legacy(tmp_path / "m.h5", groups, config), up=UP)


def test_a_class_tells_more_than_shapes(tmp_path):
    config = model(layer("Conv3D", "pre"), layer("Conv3DTranspose", "up"))
    groups = {"pre": weights("pre_1", SQUARE), "up": weights("up_1", SQUARE + 1)}
    path = legacy(tmp_path / "m.h5", groups, config)
    same(path, up=SQUARE + 1)
    assert load(path).left_out["pre/pre_1/kernel:0"] == "it is a layer of another class"


@pytest.mark.parametrize(
    ("graph", "titles"),
    [
        (("a", "b"), ("a", "b")),
        (("a_1", "b_1"), ("a", "b")),
        (("net/mid/a", "net/mid/b"), ("a", "b")),
        (("a_1", "a_2"), ("a", "a_1")),  # the names of the layers, one further each
        (("x", "y"), ("a", "b")),  # by their place only
    ],
)
def test_names_in_a_nested_model(tmp_path, graph, titles):
    inner = [layer("Conv3DTranspose", title) for title in titles]
    nested = model(*inner, kind="Sequential")
    nested["config"]["name"] = "mid"
    arrays = weights(graph[0], UP) | weights(graph[1], SQUARE)
    path = legacy(tmp_path / "m.h5", {"mid": arrays}, model(nested, kind="Sequential"))
    same(path, **dict(zip(titles, (UP, SQUARE), strict=True)))


def test_two_layers_of_one_name(tmp_path):
    groups = {"a": weights("a/up", UP), "b": weights("b/up", SQUARE), "up": weights("up", UP + 1)}
    found = kernels(legacy(tmp_path / "m.h5", groups))
    assert [*found] == ["up", "up#1", "up#2"]
    np.testing.assert_array_equal(found["up#2"], UP + 1)


@pytest.mark.parametrize("name", ["a/b", "decoder/up_1", "up.1", "ü"])
def test_odd_names(tmp_path, name):
    groups = {name: weights(name, UP)}
    same(legacy(tmp_path / "m.h5", groups, model(layer("Conv3DTranspose", name))), **{name: UP})


def test_texts_of_older_versions_are_bytes(tmp_path):
    groups = {"up": weights("up", UP)}
    path = legacy(tmp_path / "m.h5", groups, model(layer("Conv3DTranspose", "up")), text=bytes)
    same(path, up=UP)


# ---- configurations ------------------------------------------------------------------------------


def test_a_list_is_a_sequential_model(tmp_path):
    config = {
        "class_name": "Sequential",
        "config": [layer("Conv3D", "pre"), layer("Convolution3DTranspose", "up")],
    }
    groups = {"pre": weights("pre", SQUARE), "up": weights("up_1", SQUARE + 1)}
    same(legacy(tmp_path / "m.h5", groups, config), up=SQUARE + 1)


@pytest.mark.parametrize("kind", ["MyUp", "my>MyUp", "Deconv"])
def test_own_classes(tmp_path, kind):
    config = model(layer(kind, "mine"))
    place = "layers/deconv" if kind == "Deconv" else "layers/my_up"
    same(legacy(tmp_path / "m.h5", {"mine": weights("mine", UP)}, config), mine=UP)
    same(archive(tmp_path / "m.keras", config, {place: [UP, BIAS]}), mine=UP)
    same(stored(tmp_path / "m.weights.h5", {place: [UP, BIAS]}, {place: "mine"}), mine=UP)


def test_arguments_tell_what_a_class_is_made_from(tmp_path):
    config = model(
        layer("Down", "down", groups=1), layer("Up", "up", groups=1, output_padding=None)
    )
    places = {"layers/down": [SQUARE], "layers/up": [SQUARE + 1]}
    same(archive(tmp_path / "m.keras", config, places), up=SQUARE + 1)


def test_variables_before_and_behind_the_kernel(tmp_path):
    scale = numbers(1, 3)
    for use_bias, variables, bias in (
        (True, [scale, UP, BIAS], BIAS),
        (False, [UP, BIAS, scale], None),
        (True, [UP, BIAS, scale], BIAS),
    ):
        config = model(layer("MyUp", "mine", use_bias=use_bias))
        found = load(archive(tmp_path / "m.keras", config, {"layers/my_up": variables}))["mine"]
        np.testing.assert_array_equal(found.kernel, UP)
        assert (found.bias is None) == (bias is None)


@pytest.mark.parametrize(
    ("slot", "key", "kind"),
    [
        ("layer", "layer", "TimeDistributed"),
        ("layer", "layer", "SpectralNormalization"),
        ("forward_layer", "layer", "Bidirectional"),
        ("backward_layer", "backward_layer", "Bidirectional"),
    ],
)
def test_wrappers(tmp_path, slot, key, kind):
    config = model(
        {"class_name": kind, "config": {"name": "w", key: layer("Conv3DTranspose", "up")}}
    )
    place = {"TimeDistributed": "time_distributed", "Bidirectional": "bidirectional"}
    place = f"layers/{place.get(kind, 'spectral_normalization')}"
    places = {f"{place}/{slot}": [UP, BIAS], place: [SQUARE, numbers(1, 1, 4)]}
    same(archive(tmp_path / "m.keras", config, places), up=UP)
    same(legacy(tmp_path / "m.h5", {"w": weights("w", UP)}, config), up=UP)


def test_models_in_models(tmp_path):
    deepest = model(layer("Conv3DTranspose", "b"), kind="Sequential")
    middle = model(layer("Conv3DTranspose", "a"), deepest, kind="Sequential")
    config = model(middle, layer("Conv3DTranspose", "c"), kind="Sequential")
    one, two = "layers/sequential/layers", "layers/sequential/layers/sequential/layers"
    places = {
        f"{one}/conv3d_transpose": [UP, BIAS],
        f"{two}/conv3d_transpose": [UP + 1, BIAS],
        "layers/conv3d_transpose": [UP + 2, BIAS],
    }
    same(archive(tmp_path / "m.keras", config, places), a=UP, b=UP + 1, c=UP + 2)


def test_layers_of_own_blocks(tmp_path):
    """Attributes and lists of them; the first names of Keras 2.12."""
    places = {
        "layers/block/up": [UP, BIAS],
        "layers/block/ups/conv3d_transpose": [UP + 1, BIAS],
        "layers/block/conv3d": [SQUARE, numbers(1, 4)],
        "u": [UP + 2, BIAS],
    }
    names = {"layers/block/up": "first", "u": "last"}
    path = stored(tmp_path / "m.weights.h5", places, names)
    same(path, **{"first": UP, "block/ups/conv3d_transpose": UP + 1, "last": UP + 2})
    assert load(path).left_out == {"layers/block/conv3d": "it is stored as a forward convolution"}
    old = "_layer_checkpoint_dependencies/conv3d_transpose"
    config = model(layer("Conv3DTranspose", "up"))
    same(archive(tmp_path / "m.keras", config, {old: [UP, BIAS]}), up=UP)
    same(stored(tmp_path / "m.weights.h5", {old: [UP, BIAS]}), conv3d_transpose=UP)


def test_an_attribute_may_be_called_as_another_class(tmp_path):
    places = {"block/conv3d": [UP, BIAS], "block/conv3d_1": [SQUARE]}
    names = {"block/conv3d_1": "conv3d_transpose_7"}
    path = stored(tmp_path / "m.weights.h5", places, names)
    same(path, **{"block/conv3d": UP, "conv3d_transpose_7": SQUARE})


def test_other_kernels_of_five_dimensions(tmp_path):
    recurrent = {
        f"r/{word}:0": numbers(1, 1, 1, 1, 4, 4) for word in ("kernel", "recurrent_kernel")
    }
    recurrent["r/bias:0"] = numbers(1, 4)
    groups = {
        "r": recurrent,
        "wn": weights("wn", UP) | {"wn/g:0": numbers(1, 3)},
        "lora": weights("lora", UP) | {"lora/lora_kernel_a:0": numbers(1, 3)},
        "old": {"old_W": UP, "old_b": BIAS},
        "dense": {"dense/kernel:0": numbers(1, 3, 4)},
    }
    path = legacy(tmp_path / "m.h5", groups)
    with pytest.warns(UserWarning, match="normalized by a wrapper of TensorFlow Addons"):
        found = load(path)
    assert not found
    assert {place.partition("/")[0] for place in found.left_out} == groups.keys()
    assert "Keras 1" in found.left_out["old/old_W"]


def test_a_bias_that_is_missing_is_told(tmp_path):
    config = model(layer("Conv3DTranspose", "up", use_bias=True))
    for path in (
        archive(tmp_path / "m.keras", config, {"layers/conv3d_transpose": [UP]}),
        legacy(tmp_path / "m.h5", {"up": weights("up", UP, bias=False)}, config),
    ):
        for read in (load, Conv3DTranspose(5, (2, 1, 2)).load_weights):
            with pytest.raises(OSError, match=r"cannot be read at .*: its bias is missing"):
                read(path)
