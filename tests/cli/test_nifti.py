"""NIfTI images: what is kept of the header, and where the volume lies."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli import volumes
from conv3dt.cli.grid import Triple, refined
from tests.helpers.volume_files import FACTORS, repeated, round_trip, save

nibabel: Any = pytest.importorskip("nibabel")


def nifti(tmp_path: Path, change: Any, factors: Triple = FACTORS, name: str = "a.nii") -> Any:
    """Return the upsampled image of a small one, after `change` was done to that."""
    array = np.arange(4 * 5 * 6 * 2, dtype=np.int16).reshape(4, 5, 6, 2)
    image = nibabel.Nifti1Image(array, np.diag([-2.0, 2.5, 3.0, 1.0]))
    image.header.set_xyzt_units("mm", "sec")
    image.header.set_zooms((2.0, 2.5, 3.0, 1.5))
    change(image)
    source = tmp_path / name
    nibabel.save(image, source)
    volume = volumes.open_volume(source)
    results = (repeated(volume.floats(t), factors) for t in range(volume.count))
    volumes.save_upsampled(tmp_path / f"fine{name}", ".nii", volume, factors, results)
    return image, nibabel.load(tmp_path / f"fine{name}")


def test_the_header_of_a_nifti_is_kept(tmp_path: Path) -> None:
    def change(image: Any) -> None:
        image.header["descrip"] = b"made by hand"
        image.header["cal_max"] = 7
        image.header["toffset"] = 3
        image.header.set_intent("estimate", name="beta")
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"a comment"))

    image, fine = nifti(tmp_path, change)
    assert fine.shape == (8, 5, 18, 2)
    assert fine.get_data_dtype() == np.float32
    assert fine.header.get_zooms() == (1.0, 2.5, 1.0, 1.5)
    assert fine.header.get_xyzt_units() == ("mm", "sec")
    assert fine.header.extensions == image.header.extensions
    np.testing.assert_array_equal(fine.dataobj, repeated(np.asarray(image.dataobj), FACTORS))
    changed = {"dim", "datatype", "bitpix", "pixdim", "scl_slope", "scl_inter", "sizeof_hdr"}
    changed |= {"qoffset_x", "qoffset_z", "srow_x", "srow_z", "vox_offset", "magic"}
    for field in set(fine.header) - changed:
        np.testing.assert_array_equal(fine.header[field], image.header[field], err_msg=field)


@pytest.mark.parametrize(("qform", "sform"), [(0, 0), (1, 0), (0, 2), (1, 4), (3, 3)])
def test_both_forms_are_moved_and_keep_their_codes(tmp_path: Path, qform: int, sform: int) -> None:
    angle = 0.3
    turned = np.diag([-2.0, 2.5, 3.0, 1.0])
    turned[:2, :2] = [
        [-2 * np.cos(angle), 2.5 * np.sin(angle)],
        [2 * np.sin(angle), 2.5 * np.cos(angle)],
    ]
    turned[:3, 3] = 10, 20, 30
    sheared = turned.copy()
    sheared[0, 1] += 0.1

    def change(image: Any) -> None:
        image.set_sform(sheared, sform)
        image.set_qform(turned, qform)

    _, fine = nifti(tmp_path, change)
    source = nibabel.load(tmp_path / "a.nii")
    assert (fine.header["qform_code"], fine.header["sform_code"]) == (qform, sform)
    np.testing.assert_allclose(fine.affine, refined(source.affine, FACTORS), atol=1e-5)
    if qform:
        np.testing.assert_allclose(
            fine.get_qform(), refined(source.get_qform(), FACTORS), atol=1e-5
        )
    if sform:
        np.testing.assert_allclose(
            fine.get_sform(), refined(source.get_sform(), FACTORS), atol=1e-5
        )


def test_scaled_integers_are_read_as_the_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, path)
    volume = volumes.open_volume(path)
    assert volume.dtype == np.float32
    stored = np.asarray(nibabel.load(path).dataobj)
    assert stored.max() > 0
    np.testing.assert_array_equal(volume.floats(0), stored)
    fine = round_trip(path, tmp_path / "b.nii")
    assert (fine.header["scl_slope"], fine.header["scl_inter"]) != (0.5, 10)
    np.testing.assert_array_equal(fine.read(0), repeated(stored, FACTORS))


@pytest.mark.parametrize("axis", [None, 1, 2])
def test_slice_timing_is_dropped_where_slices_are_divided(tmp_path: Path, axis: int | None) -> None:
    def change(image: Any) -> None:
        image.header.set_dim_info(slice=axis)
        if axis is not None:
            image.header["slice_end"] = image.shape[axis] - 1
            image.header["slice_code"] = 1
            image.header["slice_duration"] = 0.1

    _, fine = nifti(tmp_path, change)
    assert int(fine.header["slice_code"]) == (1 if axis == 1 else 0)  # its factor is 1
    assert int(fine.header["slice_end"]) == (4 if axis == 1 else 0)


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_byte_order_and_version_of_a_nifti_are_kept(tmp_path: Path, endian: str, kind: Any) -> None:
    header = kind.header_class(endianness=endian)
    header.set_data_dtype(np.float64)
    array = np.random.default_rng(0).normal(size=(3, 4, 5))
    nibabel.save(kind(array, np.eye(4), header), tmp_path / "a.nii")
    round_trip(tmp_path / "a.nii", tmp_path / "b.nii")
    fine = nibabel.load(tmp_path / "b.nii")
    assert type(fine) is kind
    assert fine.header.endianness == endian
    assert fine.get_data_dtype() == np.dtype(endian + "f8")
    np.testing.assert_array_equal(fine.get_fdata(), repeated(array, FACTORS))


def test_too_long_for_a_nifti(tmp_path: Path) -> None:
    volume = volumes.open_volume(save(tmp_path / "a.npy", np.ones((20000, 2, 1), np.float32)))
    with pytest.raises(ValueError, match="NIfTI cannot describe"):
        volumes.save_upsampled(tmp_path / "b.nii", ".nii", volume, (2, 1, 1), [])


def test_a_series_is_inflated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.nii.gz", np.zeros((2, 2, 2, 9), np.float32))
    volume = volumes.open_volume(path)
    begun: list[str] = []
    rewind = gzip._GzipReader._rewind  # type: ignore[attr-defined]

    def count(self: Any) -> None:
        begun.append("once more")
        rewind(self)

    monkeypatch.setattr(gzip._GzipReader, "_rewind", count)  # type: ignore[attr-defined]
    for t in range(volume.count):
        volume.read(t)
    volume.finish()
    assert not begun
