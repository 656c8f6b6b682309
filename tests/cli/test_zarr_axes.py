"""Axes of zarr arrays: names tell which are those of space, and others are not interpolated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
KINDS = {"t": "time", "c": "channel", "x": "space", "y": "space", "z": "space"}
LENGTHS = {"t": 3, "c": 2, "z": 4, "y": 5, "x": 6}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


def array(axes: str) -> Any:
    """Return constant volumes, each of another value."""
    shape = [LENGTHS[name] for name in axes]
    values = np.zeros(shape, np.uint16)
    for n, name in enumerate(axes):
        if name in "tc":
            step = np.arange(1, LENGTHS[name] + 1) * (100 if name == "c" else 1000)
            values += step.astype(np.uint16).reshape(
                [-1 if m == n else 1 for m in range(len(axes))]
            )
    return values


def create(path: str, values: Any, **options: Any) -> Any:
    """Write an array."""
    if THIRD:
        made = zarr.create_array(path, shape=values.shape, dtype=values.dtype, **options)
    else:
        options.pop("zarr_format", None)
        made = zarr.open_array(path, mode="w", shape=values.shape, dtype=values.dtype, **options)
    made[...] = values
    return made


def named(path: str, axes: str, way: str, values: Any = None) -> str:
    """Write an array whose axes are named in one of the ways; return what to read."""
    values = array(axes) if values is None else values
    third = {"zarr_format": 3 if way in ("dimension_names", "0.5") else 2}
    if way == "dimension_names":
        create(path, values, dimension_names=tuple(axes))
        return path
    if way == "_ARRAY_DIMENSIONS":
        create(path, values, **third).attrs["_ARRAY_DIMENSIONS"] = list(axes)
        return path
    create(f"{path}/0", values, **third)
    told: Any = [{"name": name, "type": KINDS[name]} for name in axes]
    told = {"0.3": list(axes), "0.1": None}.get(way, told)
    image: Any = {"datasets": [{"path": "0"}], **({"axes": told} if told else {})}
    described: Any = {"multiscales": [image]}
    described = {"ome": {"version": "0.5", **described}} if way == "0.5" else described
    group = zarr.open_group(path, mode="a", **(third if THIRD else {}))
    group.attrs.update(described)
    return f"{path}/0"


WAYS = ["_ARRAY_DIMENSIONS", "0.3", "0.4", *(["dimension_names", "0.5"] if THIRD else [])]
ORDERS = ["czyx", "tzyx", "tczyx", "zyxc", "zcyx", "xyztc", "zyx", "cxyz", "zyxtc", "txcyz"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("axes", ORDERS)
def test_channels_and_time_are_not_interpolated(axes: str, way: str) -> None:
    values = array(axes)
    source = named("in.zarr", axes, way)
    for out in ("o.npy", "o.zarr"):
        assert main(["upsample", source, out]) == 0
    wanted = values
    for n, name in enumerate(axes):
        wanted = np.repeat(wanted, 2, n) if name in "xyz" else wanted
    np.testing.assert_array_equal(np.load("o.npy"), wanted)
    np.testing.assert_array_equal(zarr.open("o.zarr", mode="r")[...], wanted)


@pytest.mark.parametrize("axes", ["czyx", "tczyx", "zcyx"])
def test_factors_are_those_of_space_in_order(axes: str) -> None:
    source = named("in.zarr", axes, "_ARRAY_DIMENSIONS")
    assert main(["upsample", source, "o.npy", "--factor", "3", "1", "2"]) == 0
    factors = {"z": 3, "y": 1, "x": 2}
    assert np.load("o.npy").shape == tuple(LENGTHS[n] * factors.get(n, 1) for n in axes)


@pytest.mark.parametrize("axes", ["czyx", "tczyx", "zyxtc"])
def test_the_axes_of_a_nifti_are_those_of_space_first(axes: str) -> None:
    values = np.random.default_rng(0).integers(0, 99, array(axes).shape).astype("u2")
    source = named("in.zarr", axes, "_ARRAY_DIMENSIONS", values)
    assert main(["upsample", source, "o.nii.gz", "--factor", "1"]) == 0
    order = [axes.index(name) for name in axes if name in "xyz"]
    order += [axes.index(name) for name in axes if name in "tc"]
    found = np.asarray(nibabel.load("o.nii.gz").dataobj)
    np.testing.assert_array_equal(found, values.transpose(order))


def test_the_first_versions_of_ome_zarr_name_no_axes() -> None:
    source = named("in.zarr", "tczyx", "0.1")
    assert main(["upsample", source, "o.npy"]) == 0
    assert np.load("o.npy").shape == (3, 2, 8, 10, 12)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (["c", "y", "x"], (2, 3, 4)),
        (["t", "c", "y", "x"], (2, 2, 3, 4)),
        (["a", "b", "e", "f"], (2, 2, 3, 4)),
        (["z", "y", "x", "w", "h"], (2, 2, 3, 4, 2)),
        (["z", "y", "x"], (2, 2, 3, 4)),
        (["time", "channel", "lat", "lon"], (2, 2, 3, 4)),
    ],
)
def test_names_that_leave_it_open_are_refused(
    capsys: pytest.CaptureFixture[str], axes: list[str], shape: tuple[int, ...]
) -> None:
    made = create("in.zarr", np.ones(shape, "f4"), **({"zarr_format": 2} if THIRD else {}))
    made.attrs["_ARRAY_DIMENSIONS"] = axes
    assert main(["upsample", "in.zarr", "o.npy"]) == 2
    told = capsys.readouterr().err
    assert "in.zarr" in told
    assert "axes" in told
    assert not Path("o.npy").exists()


@pytest.mark.parametrize(
    ("axes", "space"),
    [
        (["time", "level", "lat", "lon"], [1, 2, 3]),
        (["i", "j", "k"], [0, 1, 2]),
        (["depth", "height", "width", "echo_number"], [0, 1, 2]),
        (["subject", "Z", "Y", "X"], [1, 2, 3]),
        (["dim_0", "dim_1", "dim_2", "dim_3"], [0, 1, 2]),
    ],
)
def test_other_names(axes: list[str], space: list[int]) -> None:
    made = create(
        "in.zarr", np.ones((2,) * len(axes), "f4"), **({"zarr_format": 2} if THIRD else {})
    )
    made.attrs["_ARRAY_DIMENSIONS"] = axes
    assert main(["upsample", "in.zarr", "o.npy"]) == 0
    assert np.load("o.npy").shape == tuple(4 if n in space else 2 for n in range(len(axes)))


def test_types_count_more_than_names() -> None:
    create("in.zarr/0", np.ones((2, 2, 2, 2), "f4"), **({"zarr_format": 2} if THIRD else {}))
    told = [{"name": n, "type": t} for n, t in zip("xabc", ["other", *["space"] * 3], strict=True)]
    group = zarr.open_group("in.zarr", mode="a", **({"zarr_format": 2} if THIRD else {}))
    group.attrs["multiscales"] = [{"axes": told, "datasets": [{"path": "0"}]}]
    assert main(["upsample", "in.zarr/0", "o.npy"]) == 0
    assert np.load("o.npy").shape == (2, 4, 4, 4)


@pytest.mark.skipif(not THIRD, reason="names of format 3")
def test_names_that_contradict_each_other_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    create("in.zarr/0", array("czyx"), dimension_names=("z", "y", "x", "c"))
    told = [{"name": name, "type": KINDS[name]} for name in "czyx"]
    group = zarr.open_group("in.zarr", mode="a", zarr_format=3)
    group.attrs["ome"] = {"multiscales": [{"axes": told, "datasets": [{"path": "0"}]}]}
    assert main(["upsample", "in.zarr/0", "o.npy"]) == 2
    assert "axes must have one meaning" in capsys.readouterr().err


@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (2, 3)])
def test_arrays_that_name_no_axes(
    capsys: pytest.CaptureFixture[str], shape: tuple[int, ...]
) -> None:
    create("in.zarr", np.ones(shape, "f4"))
    assert main(["upsample", "in.zarr", "o.npy"]) == 2
    assert "must have 3 axes, or 4, unless the file names them" in capsys.readouterr().err


@pytest.mark.parametrize(
    "described",
    [
        {"multiscales": 3},
        {"multiscales": [{"datasets": "0"}]},
        {"multiscales": [3]},
        {"ome": None},
        {"multiscales": [{"axes": None, "datasets": [{"path": "0"}]}]},
        {"multiscales": [{"axes": ["z", "y", "x"], "datasets": [{"path": "0"}]}]},
        {"multiscales": [{"axes": [1, {}, None, "x"], "datasets": [{"path": "0"}]}]},
        {"multiscales": [{"axes": list("czyx"), "datasets": [{"path": "1"}]}]},
        {"multiscales": []},
    ],
)
def test_a_damaged_description_is_no_reason_to_guess(
    capsys: pytest.CaptureFixture[str], described: dict[str, Any]
) -> None:
    source = named("in.zarr", "czyx", "0.4")
    Path("in.zarr/.zattrs").write_text(json.dumps(described))
    assert main(["upsample", source, "o.npy"]) == 2
    told = capsys.readouterr().err
    assert "in.zarr" in told
    assert "must" in told
    assert not Path("o.npy").exists()


def test_a_group_above_that_cannot_be_read_is_no_reason_to_guess(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = named("in.zarr", "czyx", "0.4")
    Path("in.zarr/.zattrs").write_text("{")
    assert main(["upsample", source, "o.npy"]) == 2
    assert ".zattrs is not readable" in capsys.readouterr().err
