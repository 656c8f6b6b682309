"""Inputs of streams: whatever place is read, it is that of the whole."""

import gzip
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.stream import source
from conv3dt.cli.stream.sources import open_source
from tests.helpers.commands import ENVIRONMENT

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
numcodecs: Any = pytest.importorskip("numcodecs")
THIRD = not zarr.__version__.startswith("2.")
VALUES = np.random.default_rng(0).integers(-999, 999, (11, 7, 9, 3)).astype(np.int16)


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


def save(name: str, values: Any = VALUES, **options: Any) -> Any:
    """Write a zarr array."""
    options = {"chunks": (4, 4, 4, 2), **options}
    if THIRD:
        made = zarr.create_array(name, shape=values.shape, dtype=values.dtype, **options)
    else:
        made = zarr.open_array(name, mode="w", shape=values.shape, dtype=values.dtype, **options)
    made[...] = values
    return values


def npy(values: Any) -> Any:
    """Write a .npy file."""
    np.save("a.npy", values)
    return "a.npy", values


def nifti(name: str, slope: float, values: Any = VALUES) -> Any:
    """Write an image; return what its voxels mean in the precision of the work."""
    image = nibabel.Nifti1Image(values, np.eye(4))
    if slope != 1:
        image.header.set_slope_inter(slope, 3)
    nibabel.save(image, name)
    wide = values.dtype == np.float64
    meant = nibabel.load(name).dataobj[...]
    return name, meant if slope == 1 else meant.astype("f8" if wide else "f4")


def zarrs(**options: Any) -> Any:
    """Write a zarr array of format 2."""
    return "a.zarr", save("a.zarr", **({"zarr_format": 2} if THIRD else {}), **options)


def image() -> Any:
    """Write a group that is an image."""
    options = {"zarr_format": 2} if THIRD else {}
    group = zarr.open_group("g.zarr", mode="w", **options)
    save("g.zarr/s0", **options)
    save("g.zarr/s1", VALUES[::2], **options)
    datasets = [{"path": "s0"}, {"path": "s1"}]
    group.attrs["multiscales"] = [{"axes": list("tzyx"), "datasets": datasets}]
    return "g.zarr", VALUES


CASES = {
    "npy": lambda: npy(VALUES),
    "npy, Fortran": lambda: npy(np.asfortranarray(VALUES)),
    "npy, big-endian": lambda: npy(VALUES.astype(">f8")),
    "nii": lambda: nifti("a.nii", 1),
    "nii, scaled": lambda: nifti("a.nii", 0.3),
    "nii, float64 scaled": lambda: nifti("a.nii", 0.3, VALUES.astype("f8")),
    "nii.gz": lambda: nifti("a.nii.gz", 1),
    "nii.gz, scaled": lambda: nifti("a.nii.gz", 0.3),
    "nii.gz, three axes": lambda: nifti("a.nii.gz", 1, VALUES[..., 0]),
    "nii.gz, five axes": lambda: nifti("a.nii.gz", 1, np.stack([VALUES, -VALUES], 4)),
    "zarr": zarrs,
    "zarr, Fortran": lambda: zarrs(order="F"),
    "image": image,
}
if THIRD:
    CASES["zarr 3"] = lambda: ("a.zarr", save("a.zarr"))
    CASES["zarr 3, shards"] = lambda: ("a.zarr", save("a.zarr", shards=(8, 8, 8, 2)))


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


# ---- damage --------------------------------------------------------------------------------------


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


METADATA = {"zarr.json", ".zarray", ".zattrs"}


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
