"""New outputs of streams: what of an input is kept, and what is asked for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli import volumes
from conv3dt.cli.stream.creating import create
from conv3dt.cli.stream.layout import planned
from conv3dt.cli.stream.sinks import open_sink
from conv3dt.cli.stream.sources import open_source
from tests.helpers.repeating import Deconvolving, opened

nibabel: Any = pytest.importorskip("nibabel")
numcodecs: Any = pytest.importorskip("numcodecs")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
NEW = pytest.mark.skipif(not THIRD, reason="zarr 3")
VALUES = np.random.default_rng(0).integers(-99, 99, (10, 6, 7)).astype(np.int16)


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


def save(name: str, values: Any = VALUES, **options: Any) -> None:
    """Write a zarr array."""
    options = {"chunks": (4, 3, 2), **options}
    if THIRD:
        made = zarr.create_array(name, shape=values.shape, dtype=values.dtype, **options)
    else:
        made = zarr.open_array(name, mode="w", shape=values.shape, dtype=values.dtype, **options)
    made[...] = values
    made.attrs.update({"who": "me", "voxel_size": [2, 2, 2], "affine": np.eye(4).tolist()})


def second(**options: Any) -> dict[str, Any]:
    """Return the options of an array of format 2, by either version of zarr."""
    if not THIRD:
        return options
    named = {"compressor": "compressors"}
    return {"zarr_format": 2, **{named.get(name, name): x for name, x in options.items()}}


def metadata(path: str) -> dict[str, Any]:
    """Return all that an array says, but for chunks."""
    names = ("zarr.json", ".zarray", ".zattrs")
    return {p.name: json.loads(p.read_text()) for p in Path(path).iterdir() if p.name in names}


# ---- what is kept --------------------------------------------------------------------------------

SOURCES = {
    "format 2": lambda: save("a.zarr", **second()),
    "Fortran": lambda: save("a.zarr", VALUES.astype(">i2"), **second(order="F", fill_value=7)),
    "codecs": lambda: save(
        "a.zarr", **second(compressor=numcodecs.Zlib(3), filters=[numcodecs.Shuffle(2)])
    ),
    "no fill": lambda: save("a.zarr", VALUES.astype("f8"), **second(fill_value=None)),
}
if THIRD:
    SOURCES |= {
        "format 3": lambda: save("a.zarr", dimension_names=("z", "y", "x"), fill_value=3),
        "shards": lambda: save("a.zarr", shards=(8, 6, 4)),
        "separator": lambda: save(
            "a.zarr",
            chunk_key_encoding={"name": "default", "separator": "."},
            filters=[{"name": "transpose", "configuration": {"order": [2, 1, 0]}}],
        ),
    }


@pytest.mark.parametrize("source", SOURCES)
def test_all_is_kept_that_a_whole_write_keeps(source: str) -> None:
    SOURCES[source]()
    volume, work = opened("a.zarr", (2, 1, 3))
    create(Path("o.zarr"), volume, work)
    results = (work.compute(volume.floats(t), EVERYTHING) for t in range(volume.count))
    volumes.save_upsampled(Path("p.zarr"), ".zarr", volume, (2, 1, 3), results)
    assert metadata("o.zarr") == metadata("p.zarr")
    sink = open_sink(Path("o.zarr"))
    found = zarr.open("p.zarr", mode="r")
    for unit in np.ndindex(*sink.units()):
        place = sink.place(unit)
        assert not sink.is_done(unit)
        sink.write(place, found[place])
        assert sink.is_done(unit)
        np.testing.assert_array_equal(sink.read(place), found[place])
    files = [
        {
            p.relative_to(name).as_posix(): p.read_bytes()
            for p in Path(name).rglob("*")
            if p.is_file()
        }
        for name in ("o.zarr", "p.zarr")
    ]
    assert files[0] == files[1]


EVERYTHING = (slice(0, 20), slice(0, 6), slice(0, 21))


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz"])
def test_a_volume_of_another_kind_keeps_its_place(name: str) -> None:
    values = np.zeros((100, 80, 60), np.int16)
    affine = np.diag([2.0, 3, 4, 1])
    np.save("a.npy", values) if name == "a.npy" else nibabel.save(
        nibabel.Nifti1Image(values, affine), name
    )
    create(Path("o.zarr"), *opened(name, (2, 2, 1)))
    made = zarr.open("o.zarr", mode="r")
    assert (made.shape, made.dtype) == ((200, 160, 60), np.dtype("f4"))
    assert made.chunks == (128, 128, 60)
    assert ("affine" in made.attrs) == (name != "a.npy")


@pytest.mark.parametrize("last", [True, False])
def test_arrays_of_channels(last: bool) -> None:
    shape = (2, 40, 40, 40, 3) if last else (2, 3, 40, 40, 40)
    chunks = (1, 20, 20, 20, 3) if last else (1, 3, 20, 20, 20)
    values = np.zeros(shape, "f4")
    save("a.zarr", values, chunks=chunks)
    np.save("a.npy", values)
    work: Any = Deconvolving(shape, (2, 2, 3), 16, last=last)
    for name in ("a.zarr", "a.npy"):
        found = planned(open_source(Path(name)), work)
        space = (40, 40, 60) if name == "a.zarr" else (80, 80, 60)
        assert found.pieces.chunks == ((1, *space, 16) if last else (1, 16, *space))
        assert found.space == ((1, 2, 3) if last else (2, 3, 4))
    wanted = planned(open_source(Path("a.npy")), work, (8, 16, 32)).pieces.chunks
    assert wanted == ((1, 8, 16, 32, 16) if last else (1, 16, 8, 16, 32))


def test_tiny_chunks_do_not_become_tiny_files() -> None:
    save("a.zarr", np.zeros((1, 20, 20, 20, 2), "f4"), chunks=(1, 4, 4, 4, 2))
    work: Any = Deconvolving((1, 20, 20, 20, 2), (2, 2, 2), 1, last=True)
    assert planned(open_source(Path("a.zarr")), work).pieces.chunks == (1, 40, 40, 40, 1)


def test_bfloat16_is_stored_as_float32() -> None:
    ml_dtypes: Any = pytest.importorskip("ml_dtypes")
    np.save("a.npy", np.zeros((1, 8, 8, 8, 1), "f4"))
    work: Any = Deconvolving((1, 8, 8, 8, 1), (2, 2, 2), 1, last=True)
    work.dtype = np.dtype(ml_dtypes.bfloat16)
    create(Path("o.zarr"), open_source(Path("a.npy")), work)
    sink = open_sink(Path("o.zarr"))
    block = np.arange(4096).reshape(sink.shape).astype(ml_dtypes.bfloat16)
    sink.write(sink.place((0,) * 5), block)
    found = sink.read(sink.place((0,) * 5))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, block.astype("f4"))


@NEW
def test_shards_are_of_format_3() -> None:
    save("a.zarr", **second())
    with pytest.raises(ValueError, match="format 3, got an output of format 2"):
        create(Path("o.zarr"), *opened("a.zarr", (1, 1, 1)), None, (8, 6, 8))
    np.save("a.npy", VALUES)
    create(Path("p.zarr"), *opened("a.npy", (2, 2, 2)), (4, 4, 4), (8, 4, 8))
    assert zarr.open("p.zarr", mode="r").shards == (8, 4, 8)


def test_shards_by_a_zarr_that_has_none() -> None:
    if THIRD:
        pytest.skip("this one has")
    np.save("a.npy", VALUES)
    with pytest.raises(ValueError, match="format 3, got an output of format 2"):
        create(Path("p.zarr"), *opened("a.npy", (2, 2, 2)), (4, 4, 4), (8, 4, 8))
