"""Outputs appear whole or not at all."""

import os
from pathlib import Path

import pytest

from conv3dt.cli import outputs, renames


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def zarr_folder(path: Path, content: str) -> Path:
    """Return a folder that looks like a zarr array."""
    path.mkdir()
    (path / "zarr.json").write_text(content)
    return path


def test_a_file_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out.npy"
    with outputs.replacing(target, force=True) as part:
        part.write_text("new")
        assert not target.exists()
        assert part.parent == tmp_path
    assert names(tmp_path) == ["out.npy"]
    assert target.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("folder", [False, True])
def test_nothing_is_left_behind(tmp_path: Path, error: type[BaseException], folder: bool) -> None:
    target = tmp_path / "out.npy"
    target.write_text("old")

    def fail() -> None:
        with outputs.replacing(target, force=True) as part:
            if folder:
                zarr_folder(part, "half")
            else:
                part.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == ["out.npy"]
    assert target.read_text() == "old"


@pytest.mark.parametrize("old", ["file", "folder", None])
@pytest.mark.parametrize("new", ["file", "folder"])
def test_files_and_folders_replace_each_other(tmp_path: Path, old: str | None, new: str) -> None:
    target = tmp_path / "out.zarr"
    if old == "file":
        target.write_text("old")
    elif old == "folder":
        zarr_folder(target, "old")
    with outputs.replacing(target, force=True) as part:
        if new == "file":
            part.write_text("new")
        else:
            zarr_folder(part, "new")
    assert names(tmp_path) == ["out.zarr"]
    assert (target if new == "file" else target / "zarr.json").read_text() == "new"


def test_an_old_folder_returns_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = zarr_folder(tmp_path / "out.zarr", "old")

    def stubborn(*_: Path) -> None:
        raise OSError("no")

    monkeypatch.setattr(renames, "swap", lambda *_: False)  # as on NFS
    monkeypatch.setattr(renames, "into_place", stubborn)
    with pytest.raises(OSError, match="no"), outputs.replacing(target, force=True) as part:
        zarr_folder(part, "new")
    assert names(tmp_path) == ["out.zarr"]
    assert (target / "zarr.json").read_text() == "old"


def test_existing_outputs_need_force(tmp_path: Path) -> None:
    target = tmp_path / "out.npy"
    outputs.check(target, force=False)
    target.write_text("old")
    with pytest.raises(ValueError, match="exists already; --force replaces it"):
        outputs.check(target, force=False)
    outputs.check(target, force=True)


def test_a_folder_is_replaced_only_if_it_is_a_zarr(tmp_path: Path) -> None:
    (tmp_path / "results.zarr").mkdir()
    with pytest.raises(ValueError, match="is a folder, which is never replaced"):
        outputs.check(tmp_path / "results.zarr", force=True)
    outputs.check(zarr_folder(tmp_path / "out.zarr", "old"), force=True)


def test_the_folder_must_exist_and_be_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        outputs.check(tmp_path / "nowhere" / "out.npy", force=False)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(ValueError, match="is read-only"):
        outputs.check(tmp_path / "out.npy", force=False)


def test_an_output_must_not_overlap_an_input(tmp_path: Path) -> None:
    source = zarr_folder(tmp_path / "a.zarr", "old")
    inner = zarr_folder(source / "s0", "old")
    link = tmp_path / "link.zarr"
    link.symlink_to(source)
    for output, given in [(source, source), (source, inner), (inner, source), (link, source)]:
        with pytest.raises(ValueError, match="must not overlap an input"):
            outputs.check(output, force=True, inputs=[given])
    outputs.check(tmp_path / "b.zarr", force=False, inputs=[source])
