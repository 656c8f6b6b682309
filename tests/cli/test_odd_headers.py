"""Headers of NIfTI images that are odd beside the voxels: used, mended or dropped, and told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.grid import refined
from conv3dt.cli.main import main

nibabel: Any = pytest.importorskip("nibabel")

AFFINE = np.array([[2.0, 0, 0, 5], [0, 2, 0, 6], [0, 0, 2, 7], [0, 0, 0, 1]])
VOXELS = np.arange(4 * 4 * 4 * 2, dtype=np.int16).reshape(4, 4, 4, 2)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)


def fine(name: str = "a.nii", **fields: Any) -> Any:
    """Return the upsampled image of one whose header has these fields, by way of its bytes."""
    write(VOXELS, name, **fields)
    assert main(["upsample", name, "b.nii", "--force"]) == 0
    return nibabel.load("b.nii")


def write(voxels: Any, name: str = "a.nii", **fields: Any) -> None:
    """Write an image, then change its header without being asked whether that is right."""
    image = nibabel.Nifti1Image(voxels, AFFINE)
    image.set_sform(AFFINE, 1)
    image.set_qform(AFFINE, 1)
    content = bytearray(image.to_bytes())
    header = np.frombuffer(bytes(content[:348]), nibabel.Nifti1Header.template_dtype).copy()
    for field, value in fields.items():
        header[field] = value
    content[:348] = header.tobytes()
    Path(name).write_bytes(content)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("code", [2, 10, 0, 4, 5, 7, 58, 66, 255])
def test_units(capsys: pytest.CaptureFixture[str], code: int) -> None:
    assert fine(xyzt_units=code).header["xyzt_units"] == code
    known = code in (2, 10, 0)
    assert ("names no known units" in capsys.readouterr().err) == (not known and code != 66)


def quaternion(b: float, c: float, d: float = 0.0, **fields: Any) -> dict[str, Any]:
    """Return the fields of a quaternion."""
    return {"quatern_b": b, "quatern_c": c, "quatern_d": d, **fields}


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("excess", [0.0, 1e-7, 9e-7, 5e-6, 1e-3, 0.2])
def test_quaternions_that_are_too_long(capsys: pytest.CaptureFixture[str], excess: float) -> None:
    length = (1 + excess) ** 0.5
    image = fine(**quaternion(0.6 * length, 0.8 * length))
    np.testing.assert_allclose(image.affine, refined(AFFINE, (2, 2, 2)), atol=1e-6)
    np.testing.assert_allclose(image.get_qform()[:3, 0], [-0.28, 0.96, 0], atol=1e-3)
    assert ("shortened" in capsys.readouterr().err) == (excess > 2e-5)


@pytest.mark.parametrize("excess", [9e-7, 4e-6])
def test_such_a_quaternion_is_used_where_there_is_no_other_form(excess: float) -> None:
    length = (1 + excess) ** 0.5
    image = fine(**quaternion(0.6 * length, 0.8 * length, sform_code=0))
    np.testing.assert_allclose(np.abs(image.affine[:3, 0]), [0.28, 0.96, 0], atol=1e-3)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("field", ["quatern_c", "qoffset_y"])
def test_a_form_that_is_no_number_is_dropped(
    capsys: pytest.CaptureFixture[str], value: float, field: str
) -> None:
    image = fine(**{field: value})
    assert image.header["qform_code"] == 0
    np.testing.assert_allclose(image.affine, refined(AFFINE, (2, 2, 2)))
    assert "its qform should be finite" in capsys.readouterr().err
    image = fine(srow_x=[value, 0, 0, 0])
    assert (image.header["qform_code"], image.header["sform_code"]) == (1, 0)
    np.testing.assert_allclose(image.affine, refined(AFFINE, (2, 2, 2)))


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("step", [-1.5, 0.0, 3.0])
def test_time_steps(capsys: pytest.CaptureFixture[str], step: float) -> None:
    pixdim = [1, 2, 2, 2, step, 1, 1, 1]
    assert fine(pixdim=pixdim).header["pixdim"][4] == step
    assert ("a time step should be positive" in capsys.readouterr().err) == (step < 0)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    "fields",
    [
        {"intent_code": 9999},
        {"sform_code": 77, "qform_code": 1},
        {"pixdim": [7, -2, 2, 2, 1, 0, 0, 0]},
        {"pixdim": [1, 0, 2, 2, 1, 0, 0, 0]},
        {"slice_code": 99, "dim_info": 255},
        {"bitpix": 3},
        {"magic": b"ni1"},
        {"cal_min": np.nan, "cal_max": -np.inf},
        {"scl_slope": 0, "scl_inter": np.nan},
        {"descrip": b"\xff" * 80, "aux_file": b"\xff" * 24},
        {"toffset": np.nan, "slice_duration": -1},
        {"glmin": -1, "extents": -1, "session_error": -1, "regular": b"x"},
    ],
)
def test_what_the_voxels_do_not_need(
    capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    write(VOXELS, **fields)
    assert main(["upsample", "a.nii", "b.nii", "--factor", "1"]) == 0
    assert "Traceback" not in capsys.readouterr().err
    np.testing.assert_array_equal(np.asarray(nibabel.load("b.nii").dataobj), VOXELS)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    "fields",
    [
        {"dim": [4, 4, 4, 4, -2, 1, 1, 1]},
        {"dim": [9, 4, 4, 4, 2, 1, 1, 1]},
        {"dim": [0, 4, 4, 4, 2, 1, 1, 1]},
        {"dim": [2, 4, 4, 4, 2, 1, 1, 1]},
        {"dim": [4, 4, 0, 4, 2, 1, 1, 1]},
        {"dim": [4, 4, 4, 4, 3, 1, 1, 1]},
        {"datatype": 1234},
        {"datatype": 128},
        {"datatype": 1},
        {"vox_offset": np.nan},
        {"vox_offset": 3},
        {"vox_offset": 1e9},
        {"scl_slope": 1, "scl_inter": np.inf},
        {"magic": b"xyz"},
        {"sizeof_hdr": 347},
    ],
)
def test_what_leaves_no_voxels_is_refused(
    capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    write(VOXELS, **fields)
    assert main(["upsample", "a.nii", "b.nii"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("conv3dt: error: ")
    assert "a.nii" in last
    assert not Path("b.nii").exists()


@pytest.mark.parametrize(
    "shape",
    [(4, 4, 4, 1), (4, 4, 4, 1, 1), (4, 4, 4, 1, 3), (4, 4, 4, 2, 3), (3, 4, 5, 2, 1, 2), (2,) * 7],
)
def test_more_axes(shape: tuple[int, ...]) -> None:
    voxels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    for name in ("a.nii", "a.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(voxels, AFFINE), name)
        for out in ("b.nii", "b.nii.gz"):
            assert main(["upsample", name, out, "--factor", "1", "--force"]) == 0
            np.testing.assert_array_equal(np.asarray(nibabel.load(out).dataobj), voxels)
    assert main(["upsample", "a.nii", "b.npy", "--factor", "2", "1", "1"]) == 0
    assert np.load("b.npy").shape == (2 * shape[0], *shape[1:])


@pytest.mark.parametrize("shape", [(4, 4, 4, 1), (4, 4, 4, 1, 1), (4, 4, 4, 3, 1, 1)])
def test_axes_of_length_one_at_the_end_count_nothing(shape: tuple[int, ...]) -> None:
    voxels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    np.save("a.npy", voxels)
    for out in ("b.npy", "b.zarr", "b.nii"):
        assert main(["upsample", "a.npy", out, "--factor", "1"]) == 0
    np.testing.assert_array_equal(np.load("b.npy"), voxels)
    np.testing.assert_array_equal(np.asarray(nibabel.load("b.nii").dataobj), voxels)
