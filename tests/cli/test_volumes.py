"""Volumes in files: kinds, precision, space, and what is kept of each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli import volumes
from conv3dt.cli.grid import refined, result_dtype, voxel_size
from conv3dt.cli.kinds import registry
from tests.helpers.volume_files import FACTORS, repeated, round_trip, save, whole

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "A.NII.GZ", "b.c.zarr"])
def test_kinds_are_told_by_the_name(name: str) -> None:
    assert name.lower().endswith(registry.suffix_of(Path(name)))


@pytest.mark.parametrize("name", ["a.png", "npy", ".npy", "a.nii.bz2", "a.npz"])
def test_other_kinds_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"must end in \.npy, \.nii"):
        registry.suffix_of(Path(name))


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 3)])
@pytest.mark.parametrize("source", ["a.npy", "a.nii", "a.nii.gz", "a.zarr"])
@pytest.mark.parametrize("target", ["b.npy", "b.nii", "b.nii.gz", "b.zarr"])
def test_every_kind_to_every_kind(
    tmp_path: Path, shape: tuple[int, ...], source: str, target: str
) -> None:
    array = np.random.default_rng(0).integers(-99, 99, shape).astype(np.int16)
    result = round_trip(save(tmp_path / source, array), tmp_path / target)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(whole(result), repeated(array, FACTORS))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        *[(stored, "f4") for stored in ("bool", "u1", "i8", ">i2", "f4", ">f4")],
        *[(stored, "f8") for stored in ("f8", ">f8", "longdouble")],
        ("f2", "f2"),
    ],
)
def test_precision_of_results(stored: str, expected: str) -> None:
    assert result_dtype(np.dtype(stored), Path("x")) == np.dtype(expected)


@pytest.mark.parametrize("stored", ["c8", "S3", "M8[s]", "V2", "O"])
def test_other_values_are_refused(stored: str) -> None:
    with pytest.raises(TypeError, match="must hold real numbers"):
        result_dtype(np.dtype(stored), Path("x"))


@pytest.mark.parametrize("shape", [(3,), (3, 4), (2, 2, 2, 2, 2)])
def test_the_number_of_axes_is_checked(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must have 3 axes, or 4"):
        volumes.open_volume(save(tmp_path / "a.npy", np.zeros(shape)))


def test_empty_volumes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        volumes.open_volume(save(tmp_path / "a.npy", np.zeros((3, 0, 2))))


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz", "a.zarr"])
@pytest.mark.parametrize("content", [b"", b"no image" * 100])
def test_files_that_are_no_image(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a readable (\.npy|NIfTI|zarr)"):
        volumes.open_volume(path)


def test_a_damaged_nifti(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii.gz", np.random.default_rng(0).normal(size=(9, 9, 9)))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ValueError, match="is not a readable NIfTI"):
        volumes.open_volume(path).read(0)


def test_refined_fills_the_same_box() -> None:
    affine = np.array([[0, -2, 0.1, 5], [3, 0, 0, -6], [0, 0.2, 4, 7], [0, 0, 0, 1]])
    fine = refined(affine, (2, 3, 4))
    shape = np.array([5, 6, 7])
    for corner in np.ndindex(2, 2, 2):
        before = affine @ [*(np.array(corner) * shape - 0.5), 1]
        after = fine @ [*(np.array(corner) * shape * (2, 3, 4) - 0.5), 1]
        np.testing.assert_allclose(after, before, atol=1e-12)
    np.testing.assert_allclose(np.array(voxel_size(affine)) / (2, 3, 4), voxel_size(fine))


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    source = save(tmp_path / "a.npy", np.ones((3, 4, 5)))
    for name in ("b.nii.gz", "c.nii.gz"):
        round_trip(source, tmp_path / name)
    assert (tmp_path / "b.nii.gz").read_bytes() == (tmp_path / "c.nii.gz").read_bytes()


def test_float16_in_a_nifti_is_float32(tmp_path: Path) -> None:
    volume = volumes.open_volume(save(tmp_path / "a.npy", np.ones((2, 2, 2), np.float16)))
    assert volumes.storable(volume, ".zarr").dtype == np.float16
    assert volumes.storable(volume, ".nii.gz").dtype == np.float32


@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_keeps_chunks_attributes_and_format(tmp_path: Path, version: int) -> None:
    old = zarr.__version__.startswith("2.")
    if old and version == 3:
        pytest.skip("zarr 2 knows format 2 only")
    options: Any = {} if old else {"zarr_format": version}
    path = tmp_path / "a.zarr"
    array = zarr.open_array(
        str(path), mode="w", shape=(8, 6, 4, 5), chunks=(4, 3, 2, 2), dtype="i2", **options
    )
    array[...] = 1
    affine = np.diag([4.0, 5.0, 6.0, 1.0])
    array.attrs.update({"voxel_size": [4, 5, 6], "who": "me", "affine": affine.tolist()})
    array.attrs.update({"spacing": "unknown", "resolution": [4, 5]})
    fine = round_trip(path, tmp_path / "b.zarr")
    assert tuple(fine.array.chunks) == (8, 3, 6, 2)
    assert fine.array.dtype == np.float32
    attributes = dict(fine.array.attrs)
    assert attributes.pop("affine") == refined(affine, FACTORS).tolist()
    assert attributes.pop("voxel_size") == [2, 5, 2]
    assert attributes == {"who": "me", "spacing": "unknown", "resolution": [4, 5]}
    for name in (".zarray", ".zattrs", "zarr.json"):
        assert (tmp_path / "b.zarr" / name).exists() == (path / name).exists()


def test_a_place_in_space_survives_a_zarr(tmp_path: Path) -> None:
    source = save(tmp_path / "a.nii", np.ones((3, 4, 5), np.float32))
    volume = round_trip(source, tmp_path / "b.zarr")
    again = round_trip(tmp_path / "b.zarr", tmp_path / "c.nii")
    assert volume.affine is not None
    assert again.affine is not None
    np.testing.assert_allclose(again.affine, refined(volume.affine, FACTORS), atol=1e-6)


def test_a_zarr_group_is_refused_by_the_names_of_its_arrays(tmp_path: Path) -> None:
    root = tmp_path / "a.zarr"
    zarr.open_group(str(root), mode="w").create_group("labels")
    save(root / "s0.zarr", np.zeros((3, 3, 3)))
    save(root / "labels" / "s1.zarr", np.zeros((2, 2, 2)))
    (root / "s0.zarr").rename(root / "s0")
    (root / "labels" / "s1.zarr").rename(root / "labels" / "s1")
    with pytest.raises(ValueError, match=r"is a zarr group: .*\(labels/s1, s0\)"):
        volumes.open_volume(tmp_path / "a.zarr")
    assert volumes.open_volume(tmp_path / "a.zarr" / "labels" / "s1").shape == (2, 2, 2)


@pytest.mark.parametrize("name", ["a.npy", "a.zarr"])
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5, 6), (2, 0, 3, 1, 1)])
def test_arrays_of_any_rank(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    path = tmp_path / name
    volumes.save_array(path, path.suffix, np.asarray(array))
    np.testing.assert_array_equal(volumes.read_array(path), array)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        volumes.open_volume(tmp_path / "a.npy")
    assert not list(tmp_path.iterdir())
