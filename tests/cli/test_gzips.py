"""Compressed images: whatever is used has been compared with its checksum."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main

nibabel: Any = pytest.importorskip("nibabel")

VOXELS = np.random.default_rng(0).normal(size=(12, 12, 12, 2)).astype(np.float32)


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The bytes of a compressed image; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    return gzip.compress(nibabel.Nifti1Image(VOXELS, np.eye(4)).to_bytes())


def status(content: bytes, name: str = "a.nii.gz") -> int:
    """Write a file and upsample it by 1."""
    Path(name).write_bytes(content)
    return main(["upsample", name, "o.npy", "--factor", "1", "--force"])


def refused(content: bytes, capsys: pytest.CaptureFixture[str], told: str) -> None:
    """Check that a file is refused in one line that names it, and nothing is left."""
    assert status(content) == 2
    error = capsys.readouterr().err
    assert error.startswith("conv3dt: error: a.nii.gz is not a readable NIfTI image: ")
    assert told in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.nii.gz"]


@pytest.mark.parametrize("where", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_flipped_byte_is_found(
    packed: bytes, capsys: pytest.CaptureFixture[str], where: float
) -> None:
    content = bytearray(packed)
    content[int(where * len(content))] ^= 255
    refused(bytes(content), capsys, "")


@pytest.mark.parametrize("place", [-1, -4, -5, -8])
def test_checksum_and_length_are_compared(
    packed: bytes, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    content = bytearray(packed)
    content[place] ^= 1
    refused(bytes(content), capsys, "Incorrect length" if place > -5 else "CRC check failed")


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 1000])
def test_a_file_that_was_cut_off(
    packed: bytes, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    refused(packed[:-cut], capsys, "Compressed file ended")


def test_a_member_in_the_middle_is_damaged(
    packed: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = gzip.decompress(packed)
    pieces = [bytearray(gzip.compress(raw[n : n + 4000])) for n in range(0, len(raw), 4000)]
    pieces[1][-6] ^= 1
    refused(b"".join(pieces), capsys, "CRC check failed")


def test_members_follow_each_other(packed: bytes) -> None:
    raw = gzip.decompress(packed)
    pieces = [gzip.compress(raw[n : n + 5000]) for n in range(0, len(raw), 5000)]
    assert status(b"".join(pieces) + bytes(512)) == 0  # tape drives fill with zeros
    np.testing.assert_array_equal(np.load("o.npy"), VOXELS)


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("more", ["noise", "member", "voxels"])
def test_what_lies_behind_is_told(
    packed: bytes, capsys: pytest.CaptureFixture[str], more: str
) -> None:
    raw = gzip.decompress(packed)
    content = {
        "noise": packed + b"more",
        "member": packed + gzip.compress(b"more"),
        "voxels": gzip.compress(raw + b"more"),
    }[more]
    assert status(content) == 0
    told = capsys.readouterr().err
    assert told.startswith("conv3dt: warning: a.nii.gz: ")
    assert "not used" in told
    np.testing.assert_array_equal(np.load("o.npy"), VOXELS)


def test_a_header_that_promises_more_than_can_be(
    packed: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = bytearray(gzip.decompress(packed))
    raw[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    refused(gzip.compress(bytes(raw)), capsys, "its header promises")


def test_the_name_does_not_tell_whether_it_is_compressed(packed: bytes) -> None:
    for content, name in ((packed, "a.nii"), (gzip.decompress(packed), "b.nii.gz")):
        assert status(content, name) == 0
        np.testing.assert_array_equal(np.load("o.npy"), VOXELS)


def test_images_that_are_not_compressed(packed: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    raw = gzip.decompress(packed)
    refused(raw[:-1], capsys, "its header promises")
    refused(raw[:200], capsys, "")
