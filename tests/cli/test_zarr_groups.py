"""Arrays in groups, as input and as output, and folders without the suffix."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main

zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
FORMATS = [2, 3] if THIRD else [2]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with a volume."""
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.ones((3, 4, 5), np.float32))


def group(path: str, number: int) -> Any:
    """Return a new group."""
    return zarr.open_group(path, mode="a", **({"zarr_format": number} if THIRD else {}))


def hidden() -> list[Path]:
    """Return the parts that were left."""
    return [path for path in Path().rglob("*") if path.name.startswith(".conv3dt")]


@pytest.mark.parametrize("out", ["o.zarr/s1", "o.zarr/a/b/s1", "o.zarr/b.zarr", "O.ZARR/s1"])
def test_groups_are_made_around_an_array(out: str) -> None:
    assert main(["upsample", "a.npy", out]) == 0
    root, _, inside = out.partition("/")
    assert zarr.open_group(root, mode="r")[inside].shape == (6, 8, 10)
    assert zarr.open(out, mode="r").shape == (6, 8, 10)
    assert not hidden()


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("name", ["g.zarr", "plain"])
@pytest.mark.parametrize("inside", ["s1", "deep/er/s1"])
def test_an_array_is_put_into_a_group(number: int, name: str, inside: str) -> None:
    group(name, number).attrs["who"] = "me"
    assert main(["upsample", "a.npy", f"{name}/{inside}"]) == 0
    found = zarr.open_group(name, mode="r")
    assert found.attrs["who"] == "me"
    assert found[inside].shape == (6, 8, 10)
    assert main(["upsample", f"{name}/{inside}", f"{name}/s0"]) == 0
    assert zarr.open_group(name, mode="r")["s0"].shape == (12, 16, 20)
    assert not hidden()


@pytest.mark.parametrize("number", FORMATS)
def test_what_is_there_needs_force(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    group("g.zarr", number)
    assert main(["upsample", "a.npy", "g.zarr/s1"]) == 0
    assert main(["upsample", "a.npy", "g.zarr/s1", "--factor", "3"]) == 2
    assert "g.zarr/s1 exists already" in capsys.readouterr().err
    assert main(["upsample", "a.npy", "g.zarr/s1", "--factor", "3", "--force"]) == 0
    assert zarr.open_group("g.zarr", mode="r")["s1"].shape == (9, 12, 15)
    assert [path.name for path in Path("g.zarr").iterdir() if path.is_dir()] == ["s1"]


def test_no_array_is_put_into_an_array(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upsample", "a.npy", "x.zarr"]) == 0
    for out in ("x.zarr/s1", "x.zarr/s1.zarr"):
        assert main(["upsample", "a.npy", out]) == 2
        assert "put into a zarr group, got x.zarr, which is an array" in capsys.readouterr().err


def test_no_array_is_put_into_another_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.zarr").mkdir()
    assert main(["upsample", "a.npy", "x.zarr/s1"]) == 2
    assert "got x.zarr, which is another folder" in capsys.readouterr().err
    assert main(["upsample", "a.npy", "nowhere/s1"]) == 2
    assert "a file name must end in" in capsys.readouterr().err
    assert main(["upsample", "a.npy", "x.zarr/b.zarr"]) == 0


def test_a_folder_that_is_missing_above_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upsample", "a.npy", "runs/o.zarr/s1"]) == 2
    assert "there is no folder runs" in capsys.readouterr().err


def test_an_output_overlaps_no_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upsample", "a.npy", "g.zarr/a/s1"]) == 0
    for out in ("g.zarr/a/s1", "g.zarr/a", "g.zarr"):
        assert main(["upsample", "g.zarr/a/s1", out, "--force"]) == 2
        assert "must not overlap an input" in capsys.readouterr().err


@pytest.mark.parametrize("number", FORMATS)
def test_folders_without_the_suffix(number: int) -> None:
    options = {"zarr_format": number} if THIRD else {}
    array = zarr.open_array("cells", mode="w", shape=(2, 3, 4), dtype="f4", **options)
    array[...] = 1
    group("image", number)
    Path("image/inner").mkdir()
    made = zarr.open_array("image/s0", mode="w", shape=(2, 3, 4), dtype="f4", **options)
    made[...] = 1
    for source in ("cells", "image/s0", "./cells/", "image/../cells"):
        assert main(["upsample", source, "o.npy", "--force"]) == 0
        assert np.load("o.npy").shape == (4, 6, 8)


def test_a_folder_that_is_zarr_is_so_whatever_its_name() -> None:
    zarr.open_array("a.nii", mode="w", shape=(2, 3, 4), dtype="f4")[...] = 1
    assert main(["upsample", "a.nii", "o.npy"]) == 0


def test_inside_a_group_as_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["upsample", "a.npy", "g.zarr/s1"]) == 0
    monkeypatch.chdir("g.zarr")
    assert main(["upsample", "s1", "s0"]) == 0
    assert zarr.open("s0", mode="r").shape == (12, 16, 20)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("number", FORMATS)
def test_lists_of_what_a_group_holds(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    group("g.zarr", number)
    zarr.consolidate_metadata("g.zarr")
    capsys.readouterr()
    assert main(["upsample", "a.npy", "g.zarr/s1"]) == 0
    assert "g.zarr: its consolidated metadata will not list" in capsys.readouterr().err


@pytest.mark.skipif(not THIRD, reason="there is one format")
@pytest.mark.filterwarnings("always")
def test_a_group_of_another_format_decides(capsys: pytest.CaptureFixture[str]) -> None:
    for number in (2, 3):
        group(f"g{number}.zarr", number)
        assert main(["upsample", "a.npy", f"g{number}.zarr/s1"]) == 0
    for source, out in (("g2.zarr", "g3.zarr"), ("g3.zarr", "g2.zarr")):
        assert main(["upsample", f"{source}/s1", f"{out}/s0"]) == 0
        assert "the group is of another zarr format" in capsys.readouterr().err
        assert zarr.open_group(out, mode="r")["s0"].shape == (12, 16, 20)
    assert main(["apply", *["b.npy", "g2.zarr/y", "--filters", "b.npy", "--strides", "1"]]) == 2


def test_a_picture_is_no_array() -> None:
    pytest.importorskip("matplotlib")
    assert main(["upsample", "a.npy", "g.zarr/s1"]) == 0
    assert main(["upsample", "a.npy", "o.npy", "--plot", "g.zarr/p.png"]) == 0
    assert Path("g.zarr/p.png").read_bytes().startswith(b"\x89PNG")
