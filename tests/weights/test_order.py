"""Layers of Keras come in the order of the model."""

import h5py
import pytest

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

UP, BIAS = kernel(), numbers(7, 5)


MANY = ["conv3d_transpose", *(f"conv3d_transpose_{i}" for i in range(1, 12))]


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("described", [True, False])
def test_order_of_groups(tmp_path, listed, described):
    config = model(*(layer("Conv3DTranspose", name) for name in MANY)) if described else None
    groups = {name: weights(name, UP + i) for i, name in enumerate(MANY)}
    path = legacy(tmp_path / "m.h5", groups, config, listed=listed)
    same(path, **{name: UP + i for i, name in enumerate(MANY)})


def test_order_of_names_that_do_not_sort(tmp_path):
    names = ["z", "b", "a10", "a9", "m"]
    groups = {name: weights(name, UP + i) for i, name in enumerate(names)}
    config = model(*(layer("Conv3DTranspose", name) for name in names))
    assert [*kernels(legacy(tmp_path / "m.h5", groups))] == names
    assert [*kernels(legacy(tmp_path / "m.h5", groups, config, listed=False))] == names


def test_long_lists_are_split_into_parts(tmp_path):
    path = legacy(tmp_path / "m.h5", {n: weights(n, UP + i) for i, n in enumerate(MANY)})
    with h5py.File(path, "a") as file:
        top = file["model_weights"]
        del top.attrs["layer_names"]
        top.attrs["layer_names0"], top.attrs["layer_names1"] = MANY[7:], MANY[:7]
    assert [*kernels(path)] == MANY[7:] + MANY[:7]


def test_order_of_places(tmp_path):
    classes = ["conv3d_transpose", "my_up"] * 6
    used = {name: 0 for name in classes}
    places, config = {}, []
    for i, name in enumerate(classes):
        number = f"_{used[name]}" if used[name] else ""
        used[name] += 1
        places[f"layers/{name}{number}"] = [UP + i, BIAS]
        config.append(layer({"my_up": "MyUp"}.get(name, "Conv3DTranspose"), f"layer{i}"))
    expected = {place.removeprefix("layers/"): v[0] for place, v in places.items()}
    same(stored(tmp_path / "m.weights.h5", places), **expected)  # as it was written
    backwards = dict(reversed(places.items()))
    names = {f"layer{i}": UP + i for i in range(12)}
    same(archive(tmp_path / "m.keras", model(*config), backwards), **names)
    path = stored(tmp_path / "m.weights.h5", dict(sorted(places.items())))
    assert [*kernels(path)] == [*MANY[:6], "my_up", *(f"my_up_{i}" for i in range(1, 6))]
