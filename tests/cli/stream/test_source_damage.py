"""Inputs of streams: damage, threads that share them, and memory."""

import gzip
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.stream.sources import open_source
from tests.helpers.commands import ENVIRONMENT
from tests.helpers.stream_files import CASES, THIRD, zarrs

nibabel: Any = pytest.importorskip("nibabel")
numcodecs: Any = pytest.importorskip("numcodecs")
METADATA = {"zarr.json", ".zarray", ".zattrs"}


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


@pytest.mark.parametrize("case", ["npy", "nii"])
def test_a_file_that_became_shorter(case: str) -> None:
    path, _ = CASES[case]()
    found = open_source(Path(path))
    Path(path).write_bytes(Path(path).read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"{path} is not a readable"):
        found.read((slice(0, 1),) * 4)


@pytest.mark.parametrize("at", [0.5, -6])
def test_damage_of_a_compressed_file_is_found_at_the_end(at: float) -> None:
    path, values = CASES["nii.gz"]()
    content = bytearray(Path(path).read_bytes())
    content[int(at * len(content)) if at > 0 else int(at)] ^= 255
    Path(path).write_bytes(content)
    with pytest.raises(ValueError, match=r"a.nii.gz is not a readable NIfTI image: "):
        read_all(Path(path), values)


def read_all(path: Path, values: Any) -> None:
    """Read an image, one volume after another, and finish."""
    found = open_source(path)
    for t in range(values.shape[3]):
        found.read((*[slice(None)] * 3, slice(t, t + 1)))
    found.finish()


def test_a_compressed_file_that_was_cut_off() -> None:
    path, values = CASES["nii.gz"]()
    Path(path).write_bytes(Path(path).read_bytes()[:-700])
    found = open_source(Path(path))
    with pytest.raises(ValueError, match="ends within its compressed data"):
        found.read(tuple(slice(0, n) for n in values.shape))


@pytest.mark.parametrize("case", ["zarr", *(["zarr 3", "zarr 3, shards"] if THIRD else [])])
def test_a_damaged_chunk_is_named(case: str) -> None:
    path, _ = CASES[case]()
    files = [p for p in Path(path).rglob("*") if p.is_file() and p.name not in METADATA]
    last = max(files)
    last.write_bytes(last.read_bytes()[:-9])
    found = open_source(Path(path))
    name = last.relative_to(path).as_posix().replace(".", r"\.")
    with pytest.raises(ValueError, match=f"a.zarr is not a readable zarr array: its chunk {name}"):
        found.read(tuple(slice(0, n) for n in found.shape))
    assert found.read((slice(0, 1),) * 4).shape == (1, 1, 1, 1)


# ---- threads and memory --------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["nii.gz, scaled", "zarr", "npy"])
def test_threads_share_an_input(case: str) -> None:
    path, values = CASES[case]()
    found, wrong = open_source(Path(path)), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(20):
            ends = [np.sort(rng.integers(0, n + 1, 2)) for n in values.shape]
            place = tuple(slice(int(low), int(high)) for low, high in ends)
            if not np.array_equal(found.read(place), values[place]):
                wrong.append(place)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_leave_blosc_as_it_was() -> None:
    """What compares lengths of its chunks is put in while any thread reads."""
    plain = numcodecs.Blosc.decode
    codec = numcodecs.Blosc("lz4")
    zarrs(**({"compressors": codec} if THIRD else {"compressor": codec}))
    found = open_source(Path("a.zarr"))
    threads = [
        threading.Thread(target=lambda: [found.read((slice(0, 9),) * 4) for _ in range(9)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numcodecs.Blosc.decode is plain


PEAK = """
import resource, sys
from pathlib import Path
from conv3dt.cli.stream.sources import open_source
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found = open_source(Path(sys.argv[1]))
found.read((slice(0, 64), slice(0, 64), slice(0, 4)))
before = peak()
for start in range(0, 512, 4):
    found.read((slice(0, 512), slice(0, 512), slice(start, start + 4)))
found.finish()
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource")
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_memory_is_that_of_a_part(name: str) -> None:
    """Of 128 MiB, parts of 1 MiB are read; what is mapped counts while it is mapped."""
    header = nibabel.Nifti1Header()
    header.set_data_shape((512, 512, 512))
    header.set_data_dtype("u1")
    content = header.binaryblock + bytes(4)
    with (gzip.open if name.endswith("gz") else open)(name, "wb") as file:
        file.write(content.replace(b"\0\0\0\0n+1", b"\0\0\xb0Cn+1"))
        for _ in range(128):
            file.write(bytes(2**20))
    command = [sys.executable, "-c", PEAK, name]
    found = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert float(found.stdout) < 24, found.stdout
