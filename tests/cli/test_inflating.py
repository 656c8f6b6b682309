"""Bytes of gzip files from any place on."""

import gzip
import itertools
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.formats import gzips, inflating
from conv3dt.cli.formats.inflating import Inflating

RNG = np.random.default_rng(0)
# of runs, so that there is something to compress, and of noise
DATA = np.repeat(RNG.integers(0, 256, 300_000, np.uint8), RNG.integers(1, 9, 300_000)).tobytes()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and distances such that a megabyte has many of them."""
    for name, value in (("BLOCK", 1000), ("STEP", 3000), ("SPACING", 20_000), ("MARKS", 16)):
        monkeypatch.setattr(inflating, name, value)


def written(path: Path, *members: bytes, between: bytes = b"", behind: bytes = b"") -> Inflating:
    """Write a file of members and open it."""
    path.write_bytes(between.join(map(gzip.compress, members)) + behind)
    return Inflating(path)


@pytest.mark.parametrize("cuts", [(), (700_000,), (1, 2, 300_000)])
@pytest.mark.parametrize("between", [b"", b"\0" * 5])
def test_any_place(small: None, tmp_path: Path, cuts: Any, between: bytes) -> None:
    ends = [0, *cuts, len(DATA)]
    members = [DATA[a:b] for a, b in itertools.pairwise(ends)]
    file = written(tmp_path / "a.gz", *members, between=between)
    rng = np.random.default_rng(1)
    for _ in range(150):
        start, size = int(rng.integers(0, len(DATA))), int(rng.integers(0, 20_000))
        assert file.seek(start) == start == file.tell()
        assert file.read(size) == DATA[start : start + size]
    assert file.seek(10**9) == len(DATA)
    assert file.read(1) == b""
    gzips.verify(file, Path("a.gz"), len(DATA))


def test_marks_are_few_and_near(small: None, tmp_path: Path) -> None:
    file = written(tmp_path / "a.gz", DATA)
    file.seek(len(DATA))
    assert 8 <= len(file._marks) <= 16
    gaps = np.diff([mark.position for mark in file._marks])
    assert gaps.max() < len(DATA) / 5
    before = file._raw
    file.seek(len(DATA) // 2)
    assert file._raw < before
    file.forward()
    assert file.tell() > len(DATA) * 0.8
    gzips.verify(file, Path("a.gz"), len(DATA))


def test_going_on_inflates_nothing_twice(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, steps = written(tmp_path / "a.gz", DATA), []
    step = Inflating._step
    monkeypatch.setattr(Inflating, "_step", lambda *a: (steps.append(1), step(*a)))
    file.seek(len(DATA))
    once = len(steps)
    for start in range(0, len(DATA), 5000):
        file.seek(start)
        file.read(5000)
    assert len(steps) <= 2 * once + 2
    steps.clear()
    for start in range(0, len(DATA) - 10_000, 50_000):  # back a little, as halos do
        file.seek(start + 10_000)
        file.seek(start)
        file.read(100)
    assert len(steps) < 4 * once


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_damage_is_found_wherever_reading_began(small: None, tmp_path: Path, at: float) -> None:
    path = tmp_path / "a.gz"
    content = bytearray(gzip.compress(DATA))
    content[-6] ^= 1  # of the checksum
    path.write_bytes(content)
    file = Inflating(path)
    file.seek(int(at * len(DATA)))
    file.read(1000)
    file.seek(0)
    file.read(10)
    file.forward()
    with pytest.raises(zlib.error, match="check"):
        gzips.verify(file, path, len(DATA))


def test_a_file_that_was_cut_off(small: None, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    for cut, end in ((1, len(DATA) - 1), (9, len(DATA) - 1), (5000, 0)):
        path.write_bytes(gzip.compress(DATA)[:-cut])
        file = Inflating(path)
        file.seek(end)
        with pytest.raises(EOFError, match="within its compressed data"):
            gzips.verify(file, path, len(DATA))


def test_what_lies_behind_the_data_is_told(small: None, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    file = written(path, DATA, behind=b"something")
    assert file.read(len(DATA)) == DATA
    with pytest.warns(UserWarning, match="behind the compressed data"):
        gzips.verify(file, path, len(DATA))
    file = written(path, DATA, behind=b"something")
    with pytest.raises(gzip.BadGzipFile, match="Not a gzipped file"):
        gzips.verify(file, path, len(DATA) + 1)
