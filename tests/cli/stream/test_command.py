"""The commands whose outputs are streamed: kinds of inputs, options, what is told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli import terminal
from conv3dt.cli.main import main
from conv3dt.cli.stream import walk
from tests.helpers.commands import names
from tests.helpers.streams import same_bits, volume

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")


# ---- the bits of the call in one piece -----------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npy", ".nii", ".nii.gz", ".zarr"])
@pytest.mark.parametrize("dtype", ["u1", "f2", "f8"])
def test_inputs_of_all_kinds(folder: Path, suffix: str, dtype: str) -> None:
    values = (np.random.default_rng(0).normal(size=(20, 17, 23)) * 40).astype(dtype)
    if suffix == ".zarr":
        zarr.open_array("a.zarr", mode="w", shape=values.shape, dtype=dtype, chunks=(8, 8, 8))[
            ...
        ] = values
    elif suffix == ".npy":
        np.save("a.npy", values)
    elif dtype == "f2":
        pytest.skip("NIfTI has none")
    else:
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), f"a{suffix}")
    assert main(["upsample", f"a{suffix}", "whole.npy", "--factor", "2", "1", "3"]) == 0
    more = ["--chunks", "12", "--memory", "250MB"]
    assert main(["upsample", f"a{suffix}", "o.zarr", "--factor", "2", "1", "3", *more]) == 0
    assert same_bits("o.zarr", np.load("whole.npy"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_orders_and_series(folder: Path, order: Any) -> None:
    values = np.random.default_rng(0).normal(size=(9, 10, 11, 3)).astype("f4")
    np.save("a.npy", np.asarray(values, order=order))
    assert main(["upsample", "a.npy", "whole.npy", "--factor", "3"]) == 0
    for number, more in enumerate(("", "--chunks 8", "--chunks 5 6 7 --threads 1")):
        assert main(f"upsample a.npy o{number}.zarr --factor 3 {more}".split()) == 0
        assert same_bits(f"o{number}.zarr", np.load("whole.npy"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_orders_of_zarrs(folder: Path, order: str) -> None:
    values = np.random.default_rng(0).normal(size=(9, 10, 11)).astype("f4")
    options: Any = {"zarr_format": 2} if THIRD else {}
    array = zarr.open_array(
        "a.zarr", mode="w", shape=(9, 10, 11), chunks=(4, 4, 4), dtype="f4", order=order, **options
    )
    array[...] = values
    assert main(["upsample", "a.zarr", "whole.npy", "--factor", "3"]) == 0
    assert main(["upsample", "a.zarr", "o.zarr", "--factor", "3"]) == 0
    assert same_bits("o.zarr", np.load("whole.npy"))


@pytest.mark.parametrize(
    ("data_format", "padding", "strides"),
    [("NDHWC", "SAME", 2), ("NCDHW", "VALID", 3), ("NDHWC", "VALID", 1)],
)
def test_filters_on_arrays(folder: Path, data_format: str, padding: str, strides: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 9, 8, 7, 3)).astype("f4")
    x = x if data_format == "NDHWC" else np.ascontiguousarray(np.moveaxis(x, 4, 1))
    np.save("x.npy", x)
    np.save("w.npy", rng.normal(size=(3, 2, 4, 5, 3)).astype("f4"))
    np.save("b.npy", rng.normal(size=5).astype("f4"))
    chunks = (1, 3, 3, 3, 2) if data_format == "NDHWC" else (1, 2, 3, 3, 3)
    zarr.open_array("x.zarr", mode="w", shape=x.shape, dtype="f4", chunks=chunks)[...] = x
    line = f"--filters w.npy --bias b.npy --activation relu --strides {strides}"
    line += f" --padding {padding} --data-format {data_format}"
    assert main(f"apply x.npy whole.npy {line}".split()) == 0
    for n, start in enumerate(("x.npy", "x.zarr")):
        assert main(f"apply {start} y{n}.zarr {line} --chunks 4 --threads 2".split()) == 0
        assert same_bits(f"y{n}.zarr", np.load("whole.npy"))


# ---- what is told --------------------------------------------------------------------------------


def test_a_dry_run_tells_and_does_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume("a.zarr", (32, 32, 32))
    assert (
        main(["upsample", "a.zarr", "o.zarr", "--chunks", "16", "--memory", "1GB", "--dry-run"])
        == 0
    )
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "o.zarr: 64 x 64 x 64 float32, 1.0 MB"
    assert told[1] == "chunks: 64 of 16 x 16 x 16, 16.4 kB; 64 to compute"
    assert told[2].startswith("bricks: ")
    assert told[3] == "input: 32 x 32 x 32 float32, 131.1 kB, read 1.00 times"
    assert told[4].startswith("memory: ")
    assert told[4].endswith(" of 1.0 GB")
    assert told[5].startswith("time: about ")
    assert names() == ["a.zarr"]


def test_progress_as_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    volume("a.zarr")
    monkeypatch.setattr(terminal, "OFTEN", 0.0)
    monkeypatch.setattr(walk, "SMALL", 1)
    assert main(["upsample", "a.zarr", "o.zarr", "--chunks", "16", "--progress", "log"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("conv3dt: upsampling a.zarr: 1 of 36, 2 %, ")
    assert lines[-1].startswith("conv3dt: upsampling a.zarr: 36 of 36, 100 %, ")
    assert main(["upsample", "a.zarr", "p.zarr", "--chunks", "16", "--progress", "bar"]) == 0
    assert main(["upsample", "a.zarr", "q.zarr", "--chunks", "16"]) == 0
    assert "of 36" not in capsys.readouterr().err.rpartition("\r")[2]


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("o.npy --memory 1GB", "--memory is for outputs in .zarr, got o.npy"),
        ("o.nii.gz --levels 2", "--levels is for outputs in .zarr, got o.nii.gz"),
        ("o.npy --resume", "--resume is for outputs in .zarr, got o.npy"),
        ("o.npy --dry-run", "--dry-run is for outputs in .zarr, got o.npy"),
        ("o.zarr --memory 1MB", "--memory must be at least 20"),
        ("o.zarr --memory much", "must be a size such as 4GB, 512MiB or 1.5TB, got 'much'"),
        ("o.zarr --chunks 2 3", "--chunks must be one positive integer or three, got 2 3"),
        ("o.zarr --levels -1", "--levels must be between 0 and 12, got -1"),
        ("o.zarr --verify", "--verify goes with --resume"),
        ("o.zarr --part 1/2 --scheduler x", "either --part or --scheduler shares the work"),
        ("a.zarr/b --resume", "must not overlap an input"),
        ("a.zarr --resume", "must not overlap an input"),
    ],
)
def test_errors_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], more: str, told: str
) -> None:
    volume("a.zarr")
    assert main(["upsample", "a.zarr", *more.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("conv3dt: error: ")
    assert error.count("\n") == 1
    assert told in error
    assert names() == ["a.zarr"]


def test_files_that_do_not_appear_by_renaming(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    volume("a.zarr")
    monkeypatch.setattr("conv3dt.cli.stream.run.unresumable", lambda: "zarr 3.0.1 does not")
    for more in ("--resume", "--part 1/2"):
        assert main(["upsample", "a.zarr", "o.zarr", *more.split()]) == 2
        assert "--resume and --part need chunks that appear" in capsys.readouterr().err
    assert main(["upsample", "a.zarr", "o.zarr", "--chunks", "16"]) == 0
    assert names() == ["a.zarr", "o.zarr"]
