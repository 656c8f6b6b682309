"""A few of the files of `damage.py`, and chunks of each compressor."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli import volumes
from tests.cli import damage

numcodecs: Any = pytest.importorskip("numcodecs")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
CODECS = {
    "zlib": numcodecs.Zlib(),
    "gzip": numcodecs.GZip(),
    "bz2": numcodecs.BZ2(),
    "lzma": numcodecs.LZMA(),
    "zstd": numcodecs.Zstd(),
    "lz4": numcodecs.LZ4(),
    "blosc": numcodecs.Blosc(),
    "none": None,
}


def test_damaged_files() -> None:
    counts = damage.try_all(60, 0)
    assert sum(counts.values()) == 60
    assert len(counts) > 8


def chunked(path: Path, name: str) -> None:
    """Write an array of eight chunks."""
    options: Any = {"zarr_format": 2, "compressors": CODECS[name]} if THIRD else {}
    make = zarr.create_array if THIRD else zarr.open_array
    options = options or {"compressor": CODECS[name], "mode": "w"}
    array = make(str(path), shape=(8, 8, 8), chunks=(4, 4, 4), dtype="f4", **options)
    array[...] = np.random.default_rng(0).normal(size=(8, 8, 8))


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("way", ["cut", "begins otherwise", "empty"])
def test_a_damaged_chunk_is_named(tmp_path: Path, name: str, way: str) -> None:
    if (name, way) == ("none", "begins otherwise"):
        pytest.skip("numbers as they are: nothing tells")
    if (name, way, THIRD) == ("gzip", "empty", False):
        pytest.skip("zarr 2 takes an empty chunk for one of no bytes")
    path = tmp_path / "a.zarr"
    chunked(path, name)
    chunk = path / "1.0.1"
    content = chunk.read_bytes()
    chunk.write_bytes({"cut": content[:-20], "empty": b""}.get(way, bytes(16) + content[16:]))
    with pytest.raises(ValueError, match=r"a\.zarr is not a readable zarr array: .*chunk 1\.0\.1"):
        volumes.open_volume(path).read(0)
    with pytest.raises(ValueError, match=r"its chunk 1\.0\.1 cannot be read"):
        volumes.read_array(path)


def test_threads_of_zarr_stop_after_an_error_and_start_anew(tmp_path: Path) -> None:
    chunked(tmp_path / "a.zarr", "zlib")
    chunked(tmp_path / "b.zarr", "zlib")
    for chunk in (tmp_path / "a.zarr").glob("*.*.*"):
        chunk.write_bytes(b"x" * 50)
    with pytest.raises(ValueError, match="chunk"):
        volumes.read_array(tmp_path / "a.zarr")
    assert not [t for t in threading.enumerate() if t.name.startswith("zarr")]
    assert volumes.read_array(tmp_path / "b.zarr").shape == (8, 8, 8)


@pytest.mark.skipif(not THIRD, reason="shards are of format 3")
def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    options: Any = {"shape": (8, 8, 8), "chunks": (4, 4, 4), "shards": (8, 8, 4), "dtype": "f4"}
    zarr.create_array(str(tmp_path / "a.zarr"), **options)[...] = 1.5
    shard = tmp_path / "a.zarr" / "c" / "0" / "0" / "1"
    content = bytearray(shard.read_bytes())
    content[-9] ^= 1  # in the index, which has a checksum
    shard.write_bytes(content)
    with pytest.raises(ValueError, match=r"its chunk c/0/0/1 cannot be read"):
        volumes.read_array(tmp_path / "a.zarr")
