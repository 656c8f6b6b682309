"""Inputs of streams: whatever place is read, it is that of the whole."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.stream import source
from conv3dt.cli.stream.sources import open_source
from tests.helpers.stream_files import CASES, THIRD, VALUES, nifti, save

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
numcodecs: Any = pytest.importorskip("numcodecs")


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


@pytest.mark.parametrize("case", CASES)
def test_every_place_is_that_of_the_whole(case: str) -> None:
    path, values = CASES[case]()
    found = open_source(Path(path))
    assert found.shape == values.shape
    assert found.dtype == values.dtype
    assert sorted(found.order) == [*range(values.ndim)]
    mirrored = "nii" in case or case == "npy, Fortran"
    assert found.order[0] == found.slowest == (values.ndim - 1 if mirrored else 0)
    assert found.forward_only == ("gz" in case)
    assert found.mirrored == (mirrored or case == "zarr, Fortran")
    rng = np.random.default_rng(1)
    for _ in range(25):
        ends = [np.sort(rng.integers(0, n + 1, 2)) for n in values.shape]
        place = tuple(slice(int(low), int(high)) for low, high in ends)
        part = found.read(place)
        assert part.dtype == found.dtype
        np.testing.assert_array_equal(part, values[place])
        assert part.flags.owndata or part.base is None or not isinstance(part.base, np.memmap)
    found.finish()


def test_bfloat16() -> None:
    ml_dtypes: Any = pytest.importorskip("ml_dtypes")
    values = VALUES.astype(ml_dtypes.bfloat16)
    np.save("a.npy", values)
    found = open_source(Path("a.npy"))
    assert found.dtype == ml_dtypes.bfloat16
    part = found.read((slice(1, 9), slice(2, 5), slice(0, 9), slice(1, 3)))
    np.testing.assert_array_equal(part, values[1:9, 2:5, :, 1:3])


# ---- pieces --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "shape", "within", "wanted"),
    [
        ((64, 64, 64), (999, 999, 999), (), (64, 64, 64)),
        ((32, 32, 32), (999, 999, 999), (), (64, 64, 64)),
        ((1, 512, 512), (99, 999, 999), (), (1, 512, 512)),
        ((1, 256, 256), (99, 999, 999), (), (4, 256, 256)),
        ((16, 16, 16), (20, 30, 40), (), (16, 16, 32)),
        ((16, 16, 16), (999, 999, 999), (48, 32, 64), (16, 32, 64)),
    ],
)
def test_small_chunks_are_read_together(
    stored: Any, shape: Any, within: Any, wanted: tuple[int, ...]
) -> None:
    assert source.grouped(stored, shape, 4, within) == wanted


@pytest.mark.skipif(not THIRD, reason="shards are of format 3")
def test_pieces_of_shards_cut_none() -> None:
    save("a.zarr", np.zeros((40, 40, 40, 3), "f4"), shards=(12, 20, 16, 4))
    found = open_source(Path("a.zarr"))
    assert found.stored == (4, 4, 4, 2)
    assert all(s % n == 0 for s, n in zip((12, 20, 16, 4), found.chunks, strict=True))


def test_pieces_of_files_in_one_run() -> None:
    """Whole planes where there is no going back; else as much as is worth a call."""
    with Path("big.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (3000, 2000, 900)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 3000 * 2000 * 900 * 4)  # of which the disk has nothing
    found = open_source(Path("big.npy"))
    assert found.chunks == (128, 128, 128)
    part = found.read((slice(1000, 1001), slice(1990, 2000), slice(0, 900)))
    assert not part.any()
    nifti("a.nii.gz", 1)
    assert open_source(Path("a.nii.gz")).chunks == (11, 7, 9, 1)


# ---- which input it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["npy", "nii", "nii.gz", "zarr", "image"])
def test_the_identity_is_that_of_the_array(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(CASES[case]()[0])
    first = open_source(path).identity()
    assert first == open_source(path).identity()
    monkeypatch.chdir("..")
    assert open_source(Path(_folder_name(first)) / path).identity() == first
    monkeypatch.undo()
    if path.suffix == ".zarr":
        zarr.open(first["path"], mode="r+").attrs["who"] = "me"
        assert open_source(Path(first["path"])).identity() == first
        zarr.open(first["path"], mode="r+").resize((12, 7, 9, 3))
    else:
        Path(first["path"]).write_bytes(Path(first["path"]).read_bytes() + b"\0")
    with pytest.warns() if case in ("npy", "nii") else nullcontext():  # of a surplus
        assert open_source(Path(first["path"])).identity() != first


def _folder_name(identity: dict[str, Any]) -> Path:
    """Return the folder of an input."""
    found = Path(identity["path"]).parent
    return found.parent if found.suffix == ".zarr" else found


@pytest.mark.parametrize("name", ["a.txt", "nowhere.npy"])
def test_what_is_no_input(name: str) -> None:
    Path("a.txt").write_text("")
    with pytest.raises((ValueError, FileNotFoundError), match=name):
        open_source(Path(name))
