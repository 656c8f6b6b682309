"""OME-Zarr: what `multiscales` say stays true of the finer array."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")

VALUES = np.random.default_rng(0).integers(-99, 99, (8, 6, 4)).astype(np.int16)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


def create(path: str, **options: Any) -> None:
    """Write an array with one channel."""
    options |= {"shape": (1, *VALUES.shape), "dtype": VALUES.dtype, "chunks": (1, 4, 3, 2)}
    made = zarr.create_array(path, **options) if THIRD else zarr.open_array(path, "w", **options)
    made[...] = VALUES[None]


def image(version: str, transforms: Any, outer: Any = None) -> str:
    """Write an image of two resolutions; return the path of the coarser one."""
    old = version == "0.4"
    for name in ("0", "1"):
        create(f"i.zarr/{name}", **({"zarr_format": 2} if old and THIRD else {}))
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    datasets = [{"path": "0", "coordinateTransformations": []}]
    datasets += [{"path": "1", "coordinateTransformations": transforms}]
    told: Any = {"axes": axes, "datasets": datasets, "name": "cells"}
    told |= {"coordinateTransformations": outer} if outer else {}
    described: Any = {"multiscales": [told], "omero": {"channels": [{"label": "DAPI"}]}}
    described = described if old else {"ome": {"version": version, **described}}
    options = {"zarr_format": 2 if old else 3} if THIRD else {}
    zarr.open_group("i.zarr", mode="a", **options).attrs.update(described)
    return "i.zarr/1"


def described(path: str) -> Any:
    """Return the attributes that describe an image."""
    found = dict(zarr.open(path, mode="r").attrs)
    return found.get("ome", found)


SCALE = {"type": "scale", "scale": [1.0, 4.0, 2.0, 2.0]}
SHIFT = {"type": "translation", "translation": [0.0, 10.0, 20.0, 30.0]}
VERSIONS = ["0.4", *(["0.5"] if THIRD else [])]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("out", ["o.zarr", "o.zarr/s0", "i.zarr/new"])
def test_scale_and_translation_are_those_of_the_finer_voxels(version: str, out: str) -> None:
    assert main(["upsample", image(version, [SCALE, SHIFT]), out, "--factor", "2", "1", "4"]) == 0
    # the first centre moves towards the corner: 10 - 4/2 + 2/2, and 30 - 2/2 + 0.5/2
    scale = {"type": "scale", "scale": [1.0, 2.0, 2.0, 0.5]}
    shift = {"type": "translation", "translation": [0.0, 9.0, 20.0, 29.25]}
    found = described("o.zarr" if out.startswith("o") else out)
    (told,) = found["multiscales"]
    (dataset,) = told["datasets"]
    assert dataset["coordinateTransformations"] == [scale, shift]
    assert dataset["path"] == ("s0" if out == "o.zarr/s0" else ".")
    assert [axis["name"] for axis in told["axes"]] == list("czyx")
    assert told["name"] == "cells"
    assert found["omero"] == {"channels": [{"label": "DAPI"}]}
    if out == "o.zarr/s0":
        assert "multiscales" not in described(out)
    assert len(described("i.zarr")["multiscales"][0]["datasets"]) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_made_of_an_image_is_one(version: str) -> None:
    names = [image(version, [SCALE]), "a.zarr", "b.zarr/s", "c.zarr"]
    for source, out in itertools.pairwise(names):
        assert main(["upsample", source, out]) == 0
    assert zarr.open("c.zarr", mode="r").shape == (1, 64, 48, 32)
    dataset = described("c.zarr")["multiscales"][0]["datasets"][0]
    scale, shift = dataset["coordinateTransformations"]
    assert scale["scale"] == [1.0, 0.5, 0.25, 0.25]
    assert shift["translation"] == [0.0, 0.25 - 2, 0.125 - 1, 0.125 - 1]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_nifti_of_an_image_lies_where_that_does(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outer = [{"type": "scale", "scale": [1.0, 10.0, 10.0, 10.0]}]
    assert main(["upsample", image(version, [SCALE, SHIFT], outer), "o.nii"]) == 0
    assert "voxel 20 x 10 x 10 µm" in capsys.readouterr().out
    found = nibabel.load("o.nii")
    assert found.shape == (16, 12, 8, 1)
    assert found.header.get_xyzt_units()[0] == "micron"
    # axes are z, y, x; the first centre is that of the first input voxel less a quarter of it
    wanted = [[0, 0, 10, 295], [0, 10, 0, 195], [20, 0, 0, 90], [0, 0, 0, 1]]
    np.testing.assert_array_equal(found.affine, wanted)


@pytest.mark.parametrize(
    "transforms",
    [
        [{"type": "scale", "path": "elsewhere"}],
        [{"type": "scale", "scale": [1, 2, 3]}],
        [{"type": "scale", "scale": [1, 2, "x", 4]}],
        [{"type": "rotation", "rotation": [1, 2, 3, 4]}],
        [{"type": "translation", "translation": [1, 2, 3, float("nan")]}],
    ],
)
def test_transformations_that_cannot_be_refined_are_told(
    transforms: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upsample", image("0.4", transforms), "o.zarr"]) == 2
    assert "a coordinate transformation must be" in capsys.readouterr().err
    assert not Path("o.zarr").exists()
