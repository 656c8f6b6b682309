"""`conv3dt apply`: the function on files."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli.main import main
from conv3dt.cli.volumes import read_array
from tests.helpers.commands import names

Array = NDArray[Any]


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


def halves(folder: Path) -> tuple[Array, Array]:
    """Write x.npy and w.npy of bfloat16, as NumPy writes the arrays of ml_dtypes."""
    dtypes: Any = pytest.importorskip("ml_dtypes")
    value, filters = (array.astype(dtypes.bfloat16) for array in arrays(folder))
    np.save(folder / "x.npy", value)
    np.save(folder / "w.npy", filters)
    return value, filters


def test_apply_bfloat16(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value, filters = halves(folder)
    wanted = scattered(value.astype("f4"), filters.astype("f4"), (6, 8, 10), (0, 0, 0))
    line = "apply x.npy y.npy --filters w.npy --strides 2"
    assert main(line.split()) == 0
    assert capsys.readouterr().out.startswith("y.npy: 2 x 6 x 8 x 10 x 4 bfloat16, ")
    assert np.load("y.npy").dtype == "V2"
    assert b"'descr': '<V2'" in Path("y.npy").read_bytes()[:128]
    result = read_array(Path("y.npy"))
    assert result.dtype == value.dtype
    np.testing.assert_array_equal(result, wanted.astype(value.dtype))


def test_bfloat16_that_numpy_has_read_and_saved_again(folder: Path) -> None:
    value, _ = halves(folder)
    np.save("x.npy", np.load("x.npy"))
    np.testing.assert_array_equal(read_array(Path("x.npy")), value)
    line = "apply x.npy y.npy --filters w.npy --strides 2 --activation relu --bias b.npy"
    np.save("b.npy", np.arange(4).astype(value.dtype))
    assert main(line.split()) == 0
    assert read_array(Path("y.npy")).dtype == value.dtype


def test_bfloat16_is_float32_where_a_file_cannot_hold_it(folder: Path) -> None:
    value, filters = halves(folder)
    assert main(["apply", "x.npy", "y.zarr", "--filters", "w.npy", "--strides", "2"]) == 0
    result = read_array(Path("y.zarr"))
    assert result.dtype == np.float32
    wanted = scattered(value.astype("f4"), filters.astype("f4"), (6, 8, 10), (0, 0, 0))
    np.testing.assert_array_equal(result, wanted.astype(value.dtype).astype("f4"))


def test_bfloat16_and_float32_do_not_mix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    halves(folder)
    np.save("w.npy", np.ones((3, 2, 3, 4, 2), np.float32))
    assert main(["apply", "x.npy", "y.npy", "--filters", "w.npy", "--strides", "2"]) == 2
    assert "bfloat16" in capsys.readouterr().err


def test_bfloat16_without_its_package(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    halves(folder)
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    assert main(["apply", "x.npy", "y.npy", "--filters", "w.npy", "--strides", "2"]) == 2
    assert "x.npy holds bfloat16, which needs ml_dtypes" in capsys.readouterr().err


def test_other_bytes_of_no_type_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for dtype in ("V1", "V4", [("a", "i1"), ("b", "i1")]):
        arrays(folder)
        np.save("x.npy", np.zeros((2, 3, 4, 5, 2), dtype))
        assert main(["apply", "x.npy", "y.npy", "--filters", "w.npy", "--strides", "2"]) == 2
        assert "dtype" in capsys.readouterr().err


def test_apply_inside_groups(folder: Path) -> None:
    value, filters = arrays(folder)
    np.save("b.npy", np.zeros(4, np.float32))
    for line in (
        "x.npy g.zarr/layers/y --filters w.npy",
        "x.npy g.zarr/layers/again --filters w.npy --bias b.npy",
    ):
        assert main(["apply", *line.split(), "--strides", "2"]) == 0
    wanted = scattered(value, filters, (6, 8, 10), (0, 0, 0))
    for name in ("y", "again"):
        np.testing.assert_array_equal(read_array(Path("g.zarr/layers") / name), wanted)
    Path("g.zarr").rename("plain")
    line = "apply plain/layers/y z.npy --filters f.npy --strides 1"
    np.save("f.npy", np.ones((1, 1, 1, 1, 4), np.float32))
    assert main(line.split()) == 0
    np.testing.assert_array_equal(np.load("z.npy")[..., 0], wanted.sum(-1))
