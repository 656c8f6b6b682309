"""`conv3dt upsample`, from file to file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import volumes
from conv3dt.cli.main import main
from tests.helpers.commands import names

nibabel: Any = pytest.importorskip("nibabel")
ndimage: Any = pytest.importorskip("scipy.ndimage")
zarr: Any = pytest.importorskip("zarr")

Array = NDArray[Any]
SCAN = Path(nibabel.__file__).parent / "tests" / "data" / "example4d.nii.gz"


def interpolated(volume: Array, factors: tuple[int, ...]) -> Array:
    """Return the linear interpolation in float64, the outermost voxels repeated."""
    axes = [(np.arange(n * s) + 0.5) / s - 0.5 for n, s in zip(volume.shape, factors, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.asarray(
        ndimage.map_coordinates(volume.astype(np.float64), grid, order=1, mode="nearest")
    )


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("f2", 1e-3), ("f4", 1e-6), (">f4", 1e-6), ("f8", 1e-14), ("i2", 2e-5)]
)
def test_a_volume(folder: Path, dtype: str, tolerance: float) -> None:
    volume = (np.random.default_rng(0).uniform(-1, 1, size=(6, 7, 8)) * 20).astype(dtype)
    np.save("a.npy", volume)
    assert main(["upsample", "a.npy", "b.npy", "--factor", "3"]) == 0
    result = np.load("b.npy")
    assert result.dtype == {"f2": np.float16, "f8": np.float64}.get(dtype, np.float32)
    np.testing.assert_allclose(result, interpolated(volume, (3, 3, 3)), atol=20 * tolerance)
    assert names() == ["a.npy", "b.npy"]


def test_two_is_the_default_factor(folder: Path) -> None:
    np.save("a.npy", np.ones((2, 3, 4)))
    assert main(["upsample", "a.npy", "b.npy"]) == 0
    np.testing.assert_allclose(np.load("b.npy"), np.ones((4, 6, 8)), rtol=1e-15)


@pytest.mark.parametrize("suffix", [".npy", ".nii.gz", ".zarr"])
def test_a_series_is_treated_one_by_one(folder: Path, suffix: str) -> None:
    series = np.random.default_rng(0).normal(size=(4, 5, 6, 3)).astype(np.float32)
    series[..., 1] = np.nan
    np.save("a.npy", series)
    assert main(["upsample", "a.npy", f"b{suffix}", "--factor", "2", "1", "3"]) == 0
    result = volumes.open_volume(Path(f"b{suffix}"))
    assert result.shape == (8, 5, 18, 3)
    assert np.isnan(result.read(1)).all()
    for t in (0, 2):
        expected = interpolated(series[..., t], (2, 1, 3))
        np.testing.assert_allclose(result.read(t), expected, atol=2e-6)


def test_from_zarr_to_zarr(folder: Path) -> None:
    volume = np.random.default_rng(0).normal(size=(4, 5, 6))
    array = zarr.open_array("a.zarr", mode="w", shape=(4, 5, 6), chunks=(2, 5, 6), dtype="f8")
    array[...] = volume
    assert main(["upsample", "a.zarr", "b.zarr", "--factor", "2"]) == 0
    result = zarr.open_array("b.zarr", mode="r")
    assert tuple(result.chunks) == (4, 10, 12)
    np.testing.assert_allclose(result[...], interpolated(volume, (2, 2, 2)), atol=1e-14)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    """A real scan, before and after, and the picture."""
    folder = tmp_path_factory.mktemp("scan")
    out, plot = folder / "fine.nii.gz", folder / "fine.png"
    arguments = ["upsample", str(SCAN), str(out), "--factor", "2", "--plot", str(plot)]
    assert main(arguments) == 0
    return nibabel.load(SCAN), nibabel.load(out), plot


def at(image: Any, points: Array) -> Array:
    """Return the first volume's intensities at points of space."""
    voxels = np.linalg.inv(image.affine) @ np.vstack([points.T, np.ones(len(points))])
    volume = np.asarray(image.dataobj[..., 0], dtype=np.float64)
    return np.asarray(ndimage.map_coordinates(volume, voxels[:3], order=1, mode="nearest"))


def test_a_scan_stays_where_it_was(scan: tuple[Any, Any, Path]) -> None:
    before, after, _ = scan
    voxels = np.random.default_rng(0).uniform(1, np.array(before.shape[:3]) - 2, (20_000, 3))
    points = (before.affine @ np.vstack([voxels.T, np.ones(len(voxels))]))[:3].T
    old, new = at(before, points), at(after, points)
    assert np.corrcoef(old, new)[0, 1] > 0.99
    shifted = at(after, points + before.affine[:3, 0])  # one voxel aside is clearly worse
    assert np.corrcoef(old, shifted)[0, 1] < np.corrcoef(old, new)[0, 1] - 0.01


def test_a_scan_is_interpolated_exactly(scan: tuple[Any, Any, Path]) -> None:
    before, after, _ = scan
    for t in (0, 1):
        expected = interpolated(np.asarray(before.dataobj[..., t]), (2, 2, 2))
        np.testing.assert_allclose(after.dataobj[..., t], expected, atol=1162 * 5e-7)


def test_a_scan_keeps_its_header(scan: tuple[Any, Any, Path]) -> None:
    before, after, _ = scan
    assert after.shape == (256, 192, 48, 2)
    assert after.get_data_dtype() == np.float32
    np.testing.assert_allclose(after.header.get_zooms(), (1, 1, 1.1, 2000), rtol=1e-6)
    for field in ("descrip", "xyzt_units", "qform_code", "sform_code", "cal_max", "dim_info"):
        np.testing.assert_array_equal(after.header[field], before.header[field])
    assert after.header.extensions == before.header.extensions
    assert after.header.get_qform(coded=True)[1] == before.header.get_qform(coded=True)[1]
    np.testing.assert_allclose(after.get_qform(), after.get_sform(), atol=1e-4)


def test_a_scan_makes_a_picture(scan: tuple[Any, Any, Path]) -> None:
    image = imread(scan[2])
    assert image.shape[1] == 1600
    assert 1000 < image.shape[0] < 2000


def test_result_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nibabel.save(nibabel.Nifti1Image(np.ones((2, 3, 4), np.int16), np.diag([3, 3, 4, 1])), "a.nii")
    assert main(["upsample", "a.nii", "b.nii", "--plot", "b.png"]) == 0
    captured = capsys.readouterr()
    first, second = captured.out.splitlines()
    assert first.startswith("b.nii: 4 x 6 x 8 float32, voxel 1.5 x 1.5 x 2 mm, ")
    assert first.endswith(" s")
    assert second == "b.png: middle slices before and after"
    assert captured.err == ""


@pytest.mark.parametrize("out", ["b.npy", "b.nii", "b.nii.gz", "b.zarr"])
@pytest.mark.parametrize("error", [ValueError("broken"), MemoryError(), KeyboardInterrupt()])
def test_a_failure_in_the_middle_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, out: str, error: BaseException
) -> None:
    np.save("a.npy", np.ones((3, 4, 5, 4)))
    calls: list[int] = []

    def fragile(*_: Any) -> Array:
        calls.append(1)
        if len(calls) == (1 if out.endswith(".zarr") else 3):  # which stays if a chunk is done
            raise error
        return np.ones((6, 8, 10))

    monkeypatch.setattr(Upsampling, "compute", fragile)
    status = main(["upsample", "a.npy", out, "--plot", "b.png"])
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert names() == ["a.npy"]


def test_a_picture_that_fails_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from conv3dt.cli import pictures

    np.save("a.npy", np.ones((2, 2, 2)))

    def fail(part: Path, *_: Any) -> None:
        part.write_text("half")
        raise OSError(28, "No space left on device", str(part))

    monkeypatch.setattr(pictures, "save", fail)
    assert main(["upsample", "a.npy", "b.npy", "--plot", "b.png"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert names() == ["a.npy"]


def test_force_replaces_what_was_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("a.npy", np.ones((2, 2, 2)))
    for out in ("b.npy", "b.zarr", "b.nii.gz"):
        assert main(["upsample", "a.npy", out, "--factor", "1"]) == 0
        assert main(["upsample", "a.npy", out, "--factor", "2"]) == 2
        assert volumes.open_volume(Path(out)).shape == (2, 2, 2)
        assert main(["upsample", "a.npy", out, "--factor", "2", "--force"]) == 0
        assert volumes.open_volume(Path(out)).shape == (4, 4, 4)
    assert len(names()) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("a.npy b.npy --factor 2 2", "--factor must be one integer or three, got 2"),
        ("a.npy b.npy --factor 0", "must be a positive integer, got '0'"),
        ("a.npy b.npy --factor 1.5", "must be a positive integer, got '1.5'"),
        ("a.npy b.npy --factor", "expected at least one argument"),
        ("a.npy b.npy --threads x", "must be a positive integer, got 'x'"),
        ("a.npy b.npy --plot p.jpg", "must end in .png, .pdf, .svg, got p.jpg"),
        ("a.npy b.npy --plot none/p.png", "there is no folder none"),
        ("a.npy b.txt", "must end in .npy, .nii, .nii.gz, .zarr, got b.txt"),
        ("a.txt b.npy", "there is no file a.txt"),
        ("none.npy b.npy", "there is no file none.npy"),
        ("a.npy none/b.npy", "there is no folder none"),
        ("a.npy a.npy --force", "must not overlap an input"),
        ("a.npy ./a.npy --force", "must not overlap an input"),
        ("flat.npy b.npy", "must have 3 axes, or 4"),
        ("complex.npy b.npy", "must hold real numbers"),
        ("text.npy b.npy", "text.npy is not a readable .npy file"),
    ],
)
def test_errors_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    np.save("a.npy", np.ones((2, 2, 2)))
    np.save("flat.npy", np.ones((2, 2)))
    np.save("complex.npy", np.ones((2, 2, 2), complex))
    Path("text.npy").write_text("no image")
    before = names()
    assert main(["upsample", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("conv3dt: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert names() == before
