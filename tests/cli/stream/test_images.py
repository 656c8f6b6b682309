"""OME-Zarr images of several levels: valid, and in place."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli.kinds import zarrs
from conv3dt.cli.main import main
from conv3dt.cli.stream.creating import create
from conv3dt.cli.stream.pyramid import Pyramid
from conv3dt.cli.stream.sinks import open_sink
from conv3dt.cli.stream.sources import open_source
from tests.helpers.repeating import Deconvolving, opened
from tests.helpers.schemas import faults

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
NEW = pytest.mark.skipif(not THIRD, reason="zarr 3")
VERSIONS = ["0.4", *(["0.5"] if THIRD else [])]
SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "ome_zarr.json").read_text())


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


def attributes(path: str) -> Any:
    """Return the attributes of an image, checked, as version 0.5 has them."""
    told = dict(zarr.open_group(path, mode="r").attrs)
    if "ome" not in told:
        assert {scales["version"] for scales in told["multiscales"]} == {"0.4"}
        told = {"ome": {**told, "version": "0.5"}}
    assert faults(told, SCHEMA) == []
    scales = told["ome"]["multiscales"][0]
    rank = len(scales["axes"])
    for dataset in scales["datasets"]:
        assert zarr.open(f"{path}/{dataset['path']}", mode="r").ndim == rank
        for transform in dataset["coordinateTransformations"]:
            assert len(transform[transform["type"]]) == rank
    return told["ome"]


def place(scales: Any, level: int) -> tuple[Any, Any]:
    """Return scale and translation of a level."""
    first, *rest = scales["datasets"][level]["coordinateTransformations"]
    scale = np.array(first["scale"])
    return scale, np.array(rest[0]["translation"]) if rest else np.zeros_like(scale)


def image(version: str, transforms: Any, names: str = "czyx", **told: Any) -> str:
    """Write an image of one level."""
    options: Any = {"zarr_format": 2 if version == "0.4" else 3} if THIRD else {}
    shape = (2, 6, 5, 4) if len(names) == 4 else (1, 2, 6, 5, 4)
    group = zarr.open_group("i.zarr", mode="w", **options)
    made = zarr.open_array(
        "i.zarr/s",
        mode="w",
        shape=shape,
        chunks=(1,) * (len(shape) - 3) + (4, 4, 2),
        dtype="u2",
        **options,
    )
    made[...] = np.arange(made.size).reshape(shape)
    kinds = {"c": "channel", "t": "time"}
    axes = [{"name": n, "type": kinds.get(n, "space")} for n in names]
    axes[-1]["unit"] = "micrometer"
    datasets = [{"path": "s", "coordinateTransformations": transforms}]
    described: Any = {"multiscales": [{"axes": axes, "datasets": datasets, **told}]}
    if version == "0.5":
        described = {"ome": {"version": version, **described}}
    group.attrs.update(described)
    return "i.zarr"


SCALE = {"type": "scale", "scale": [1.0, 4.0, 2.0, 2.0]}
SHIFT = {"type": "translation", "translation": [0.0, 10.0, 20.0, 30.0]}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_image_of_an_image_is_valid_and_in_place(version: str) -> None:
    path = image(version, [SCALE, SHIFT], name="cells", type="gaussian")
    volume, work = opened(path, (2, 1, 3))
    create(Path("o.zarr"), volume, work, levels=3)
    ome = attributes("o.zarr")
    (scales,) = ome["multiscales"]
    assert [dataset["path"] for dataset in scales["datasets"]] == ["0", "1", "2", "3"]
    assert (scales["name"], scales["type"]) == ("cells", "mean")
    assert scales["axes"][3] == {"name": "x", "type": "space", "unit": "micrometer"}
    factors = np.array([1, 2, 1, 3])
    for level in range(4):
        cells = np.array([1, 2, 2, 2]) ** level
        scale, shift = place(scales, level)
        np.testing.assert_allclose(scale, SCALE["scale"] * cells / factors, rtol=1e-12)
        # the corner of the first voxel stays where it was
        np.testing.assert_allclose(
            shift - scale / 2, np.array(SHIFT["translation"]) - np.array(SCALE["scale"]) / 2,
            atol=1e-9,
        )  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_ramp_lies_where_it_lay(version: str, axis: int) -> None:
    """Voxels that hold their own place in space hold it on every level, but for the borders."""
    path, shape = image(version, [SCALE, SHIFT]), (2, 6, 5, 4)
    volume = replace(opened(path, (2, 2, 2))[0], dtype=np.dtype("f8"))
    factors = [(2, 2, 2), (3, 1, 2)][axis % 2]
    work = Upsampling(shape, factors, (1, 2, 3), np.float64)
    create(Path("o.zarr"), volume, work, (4, 4, 4), levels=2)
    sink, (scales,) = open_sink(Path("o.zarr")), attributes("o.zarr")["multiscales"]
    ramp = np.arange(shape[axis]) * SCALE["scale"][axis] + SHIFT["translation"][axis]
    values = np.broadcast_to(ramp.reshape([-1 if n == axis else 1 for n in range(4)]), shape)
    everything = tuple(slice(0, n) for n in work.output_shape)
    found = work.compute(values, everything)
    sink.write(everything, found)
    Pyramid(sink, (1, 2, 3)).add(everything, found)
    for level in range(2):
        scale, shift = place(scales, level)
        line = np.moveaxis(sink.arrays[level][...], axis, 0)
        where = np.arange(len(line)) * scale[axis] + shift[axis]
        inside = (where - scale[axis] / 2 > ramp[0]) & (where + scale[axis] / 2 < ramp[-1])
        assert inside.sum() >= 2
        wanted = np.broadcast_to(where.reshape(-1, 1, 1, 1), line.shape)[inside]
        np.testing.assert_allclose(line[inside], wanted, rtol=0, atol=1e-6)


def test_an_image_in_a_group_that_is_made_around_it() -> None:
    np.save("a.npy", np.zeros((6, 5, 4), np.int16))
    inside = Path("p.zarr") / "deep" / "i"
    inside.parent.mkdir(parents=True)
    create(inside, *opened("a.npy", (2, 2, 2)), levels=1)
    zarrs.enclose(inside, Path("p.zarr"))
    attributes("p.zarr/deep/i")
    assert zarr.open_group("p.zarr", mode="r")["deep/i/1"].shape == (6, 5, 4)


@pytest.mark.parametrize("number", [2, 3] if THIRD else [2])
@pytest.mark.parametrize("names", [None, ["t", "z", "y", "x"], ["angle", "Z", "Y", "X"]])
def test_an_array_that_is_no_image(number: int, names: Any) -> None:
    options = {"zarr_format": number} if THIRD else {}
    shape = (3, 6, 5, 4) if names else (6, 5, 4)
    made = zarr.open_array("a.zarr", mode="w", shape=shape, chunks=shape, dtype="f8", **options)
    affine = [[0, 0, 5, 7], [0, 3, 0, 8], [2, 0, 0, 9], [0, 0, 0, 1]]
    made.attrs.update({"affine": affine, "voxel_size": [2, 3, 5], "who": "me"})
    if names:
        made.attrs["_ARRAY_DIMENSIONS"] = names
    create(Path("o.zarr"), *opened("a.zarr", (1, 1, 1)), levels=1)
    (scales,) = attributes("o.zarr")["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == (names or list("zyx"))
    assert scales["axes"][-1]["unit"] == "millimeter"
    for level in range(2):
        scale, shift = place(scales, level)
        assert [*scale[-3:]] == [2 * 2**level, 3 * 2**level, 5 * 2**level]
        assert [*shift[-3:]] == [9 + level, 8 + level * 1.5, 7 + level * 2.5]
        inner = dict(zarr.open(f"o.zarr/{level}", mode="r").attrs)
        assert (inner["who"], inner["voxel_size"][0]) == ("me", 2 * 2**level)
        assert inner["affine"][2] == [2 * 2**level, 0, 0, 9 + level]
        told = zarr.open(f"o.zarr/{level}", mode="r")
        assert zarrs.zarr_axes.names_of(told) == (names or list("zyx"))


def test_chunks_of_format_2_lie_in_folders() -> None:
    """Version 0.4 demands it."""
    options = {"zarr_format": 2} if THIRD else {}
    made = zarr.open_array(
        "a.zarr", mode="w", shape=(9, 8, 7), chunks=(4, 4, 4), dtype="f4", **options
    )
    made[...] = 1
    create(Path("o.zarr"), *opened("a.zarr", (1, 1, 1)), levels=1)
    for level in (0, 1):
        zarr.open_array(f"o.zarr/{level}", mode="r+")[...] = 1
        assert Path(f"o.zarr/{level}/0/0/0").is_file()
    attributes("o.zarr")


@pytest.mark.parametrize("name", ["a.nii", "a.npy"])
def test_images_of_other_kinds(name: str) -> None:
    values = np.zeros((6, 5, 4), np.int16)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([2.0, 3, 4, 1])), "a.nii")
    np.save("a.npy", values)
    create(Path("o.zarr"), *opened(name, (2, 2, 2)), levels=1, name="a")
    (scales,) = attributes("o.zarr")["multiscales"]
    assert scales["name"] == "a"
    names = [axis["name"] for axis in scales["axes"]]
    if name == "a.npy":
        assert names == list("zyx")
        return
    assert (names, scales["axes"][0]["unit"]) == (list("xyz"), "millimeter")
    scale, shift = place(scales, 1)
    assert ([*scale], [*shift]) == ([2, 3, 4], [0, 0, 0])
    np.testing.assert_array_equal(zarr.open("o.zarr/1").attrs["affine"], np.diag([2.0, 3, 4, 1]))


def test_an_affine_that_turns_axes_leaves_sizes() -> None:
    turn = np.array([[0, -2, 0, 5], [2, 0, 0, 6], [0, 0, 2, 7], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(np.zeros((6, 5, 4), "f4"), turn), "a.nii")
    create(Path("o.zarr"), *opened("a.nii", (2, 2, 2)), levels=1)
    (scales,) = attributes("o.zarr")["multiscales"]
    scale, shift = place(scales, 0)
    assert ([*scale], [*shift]) == ([1, 1, 1], [-0.5, -0.5, -0.5])


@pytest.mark.parametrize("shape", [(6, 5, 4, 2), (2, 6, 5, 4, 2)])
def test_axes_that_ome_zarr_has_not(shape: tuple[int, ...]) -> None:
    np.save("a.npy", np.zeros(shape, "f4"))
    if len(shape) == 4:
        with pytest.raises(ValueError, match=r"in this order.*got z \(space\), .* c \(channel\)"):
            create(Path("o.zarr"), *opened("a.npy", (1, 1, 1)), levels=1)
        return
    source = open_source(Path("a.npy"))
    work: Any = Deconvolving(shape, (2, 2, 2), 3, last=True)
    with pytest.raises(ValueError, match="in this order"):
        create(Path("o.zarr"), source, work, levels=1)
    assert not Path("o.zarr").exists()
    work = Deconvolving((2, 3, 6, 5, 4), (2, 2, 2), 3, last=False)
    create(Path("o.zarr"), source, work, levels=1)
    (scales,) = attributes("o.zarr")["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == list("tczyx")
    assert [*place(scales, 1)[1]] == [0, 0, 0.5, 0.5, 0.5]


@NEW
@pytest.mark.filterwarnings("ignore:the group is of another zarr format")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_of_another_format_decides_the_version(version: str) -> None:
    for number in (2, 3):
        zarr.open_group(f"g{number}.zarr", mode="w", zarr_format=number)
        volume, work = opened(image(version, [SCALE]), (1, 1, 1))
        create(Path(f"g{number}.zarr/i"), volume, work, levels=1)
        attributes(f"g{number}.zarr/i")
        assert zarr.open(f"g{number}.zarr/i/1", mode="r").metadata.zarr_format == number


# ---- images as inputs ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_an_image_is_read_at_its_finest_level(version: str) -> None:
    path = image(version, [SCALE, SHIFT])
    source = open_source(Path(path))
    assert source.path == Path(path) / "s"
    everything = tuple(slice(0, n) for n in source.shape)
    np.testing.assert_array_equal(source.read(everything), zarr.open("i.zarr/s", mode="r")[...])
    assert main(["upsample", path, "o.zarr"]) == 0
    assert main(["upsample", f"{path}/s", "p.zarr"]) == 0
    for name in ("o.zarr", "p.zarr"):
        told = dict(zarr.open(name, mode="r").attrs)
        told = told.get("ome", told)["multiscales"][0]
        assert told["datasets"][0]["coordinateTransformations"][0]["scale"] == [1, 2, 1, 1]
    found, wanted = zarr.open("o.zarr", mode="r")[...], zarr.open("p.zarr", mode="r")[...]
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("version", VERSIONS)
def test_apply_reads_images(version: str) -> None:
    five = {"type": "scale", "scale": [1.0] * 5}
    path = image(version, [five], "tczyx")
    zarr.open_array("i.zarr/s", mode="r+")  # of u2, which is no type of the function
    options = {"zarr_format": 2 if version == "0.4" else 3} if THIRD else {}
    made = zarr.open_array("i.zarr/s", mode="w", shape=(1, 2, 6, 5, 4), dtype="f4", **options)
    made[...] = 1
    np.save("w.npy", np.ones((1, 1, 1, 1, 2), "f4"))
    command = ["apply", path, "o.npy", "--filters", "w.npy", "--strides", "1"]
    assert main([*command, "--data-format", "NCDHW"]) == 0
    np.testing.assert_array_equal(np.load("o.npy"), np.full((1, 1, 6, 5, 4), 2, "f4"))


def test_other_groups_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    zarr.open_group("g.zarr", mode="w")
    zarr.open_array("g.zarr/a", mode="w", shape=(3, 3, 3), dtype="f4")
    assert main(["upsample", "g.zarr", "o.npy"]) == 2
    assert "g.zarr is a zarr group: name one of its arrays (a)" in capsys.readouterr().err


@pytest.mark.parametrize("path", [1, "", ".", "nowhere"])
def test_an_image_whose_levels_are_not_there(path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"zarr_format": 2} if THIRD else {}
    group = zarr.open_group("g.zarr", mode="w", **options)
    group.attrs["multiscales"] = [{"datasets": [{"path": path}]}]
    assert main(["upsample", "g.zarr", "o.npy"]) == 2
    assert "g.zarr" in capsys.readouterr().err
