"""`conv3dt apply`: the function on files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli.main import main
from conv3dt.cli.volumes import read_array

Array = NDArray[Any]


def names() -> list[str]:
    """Return what lies in the working folder."""
    return sorted(path.name for path in Path().iterdir())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrays(folder: Path, dtype: str = "f4") -> tuple[Array, Array]:
    """Write x.npy and w.npy, of small integers so that results are exact."""
    rng = np.random.default_rng(0)
    value = rng.integers(-4, 5, (2, 3, 4, 5, 2)).astype(dtype)
    filters = rng.integers(-4, 5, (3, 2, 3, 4, 2)).astype(dtype)
    np.save(folder / "x.npy", value)
    np.save(folder / "w.npy", filters)
    return value, filters


def scattered(value: Array, filters: Array, shape: tuple[int, ...], crop: tuple[int, ...]) -> Array:
    """Return the definition: each input adds its multiple of the filters; stride 2."""
    full = np.zeros((value.shape[0], *(2 * i + 8 for i in value.shape[1:4]), filters.shape[3]))
    for n, d, h, w in np.ndindex(value.shape[:4]):
        patch = filters.astype(float) @ value[n, d, h, w]
        kd, kh, kw, _ = patch.shape
        full[n, 2 * d : 2 * d + kd, 2 * h : 2 * h + kh, 2 * w : 2 * w + kw] += patch
    return full[(slice(None), *(slice(p, p + o) for p, o in zip(crop, shape, strict=True)))]


def test_apply_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value, filters = arrays(folder)
    assert main(["apply", "x.npy", "y.npy", "--filters", "w.npy", "--strides", "2"]) == 0
    result = np.load("y.npy")
    assert result.shape == (2, 6, 8, 10, 4)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, scattered(value, filters, (6, 8, 10), (0, 0, 0)))
    assert capsys.readouterr().out.startswith("y.npy: 2 x 6 x 8 x 10 x 4 float32, ")


def test_apply_with_a_shape(folder: Path) -> None:
    value, filters = arrays(folder)
    for shape in ("5 7 9", "2 5 7 9 4"):
        line = f"apply x.npy y.npy --filters w.npy --strides 2 2 2 --output-shape {shape} --force"
        assert main(line.split()) == 0
        expected = scattered(value, filters, (5, 7, 9), (1, 0, 1))
        np.testing.assert_array_equal(np.load("y.npy"), expected)


def test_apply_valid_with_bias_and_activation(folder: Path) -> None:
    value, filters = arrays(folder)
    np.save("b.npy", np.arange(4, dtype=np.float32))
    line = "apply x.npy y.zarr --filters w.npy --strides 2 --padding VALID --threads 1"
    assert main([*line.split(), "--bias", "b.npy", "--activation", "relu"]) == 0
    expected = scattered(value, filters, (7, 8, 11), (0, 0, 0)) + np.arange(4)
    np.testing.assert_array_equal(read_array(Path("y.zarr")), np.maximum(expected, 0))


def test_apply_channels_first_and_dilated(folder: Path) -> None:
    value, filters = arrays(folder)
    np.save("x.npy", np.moveaxis(value, -1, 1))
    line = "apply x.npy y.npy --filters w.npy --strides 2 --padding VALID --data-format NCDHW"
    assert main(line.split()) == 0
    expected = scattered(value, filters, (7, 8, 11), (0, 0, 0))
    np.testing.assert_array_equal(np.load("y.npy"), np.moveaxis(expected, -1, 1))
    spread = np.zeros((5, 2, 5, 4, 2), np.float32)
    spread[::2, :, ::2] = filters
    assert main([*line.split(), "--dilations", "2", "1", "2", "--force"]) == 0
    expected = scattered(value, spread, (9, 8, 13), (0, 0, 0))
    np.testing.assert_array_equal(np.load("y.npy"), np.moveaxis(expected, -1, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("x.npy y.npy --strides 2", "required: --filters"),
        ("x.npy y.npy --filters w.npy", "required: --strides"),
        ("x.npy y.npy --filters w.npy --strides 2 2", "--strides must be one integer or three"),
        ("x.npy y.npy --filters w.npy --strides 0", "must be a positive integer"),
        ("x.npy y.npy --filters w.npy --strides 2 --padding FULL", "invalid choice: 'FULL'"),
        ("x.npy y.npy --filters w.npy --strides 2 --output-shape 1 2", "must be 3 or 5 integers"),
        ("x.npy y.npy --filters w.npy --strides 2 --output-shape 9 9 9", "output_shape"),
        ("x.npy y.npy --filters flat.npy --strides 2", "--filters must have 5 dimensions"),
        ("flat.npy y.npy --filters w.npy --strides 2", "IN must have 5 dimensions"),
        ("x.npy y.nii --filters w.npy --strides 2", ".npy and .zarr only, got y.nii"),
        ("x.npy w.npy --filters w.npy --strides 2 --force", "must not overlap an input"),
        ("x.npy x.npy --filters w.npy --strides 2 --force", "must not overlap an input"),
        ("x.npy flat.npy --filters w.npy --strides 2", "flat.npy exists already"),
        ("x.npy y.npy --filters none.npy --strides 2", "there is no file none.npy"),
    ],
)
def test_apply_errors(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    arrays(folder)
    np.save("flat.npy", np.ones((2, 2)))
    before = names()
    assert main(["apply", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("conv3dt: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert names() == before
