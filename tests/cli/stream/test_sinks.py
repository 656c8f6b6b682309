"""Outputs of streams: whole units, each in a file that is there when it is done."""

import builtins
import io
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.stream import sinks
from conv3dt.cli.stream.creating import create
from conv3dt.cli.stream.sinks import open_sink
from tests.helpers.repeating import opened

nibabel: Any = pytest.importorskip("nibabel")
numcodecs: Any = pytest.importorskip("numcodecs")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
NEW = pytest.mark.skipif(not THIRD, reason="zarr 3")
VALUES = np.random.default_rng(0).integers(-99, 99, (10, 6, 7)).astype(np.int16)


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


# ---- units ---------------------------------------------------------------------------------------


def sink_of(
    shape: Any, chunk: int, shard: int = 0, levels: int = 0, folder: str = "o.zarr"
) -> sinks.Sink:
    """Return a new output."""
    np.save("a.npy", np.zeros(shape, "f4"))
    shards = (shard,) * 3 if shard else None
    create(Path(folder), *opened("a.npy", (1, 1, 1)), (chunk,) * 3, shards, levels)
    return open_sink(Path(folder))


def test_regions_are_whole_units() -> None:
    sink = sink_of((10, 9, 8), 4, levels=1)
    assert (sink.unit, sink.levels, sink.units(), sink.units(1)) == (
        (4, 4, 4),
        1,
        (3, 3, 2),
        (2, 2, 1),
    )
    assert sink.place((2, 2, 1)) == (slice(8, 10), slice(8, 9), slice(4, 8))
    assert sink.inside((slice(4, 10), slice(0, 4), slice(0, 8))) == [
        (1, 0, 0), (1, 0, 1), (2, 0, 0), (2, 0, 1),
    ]  # fmt: skip
    for wrong in (slice(2, 8), slice(0, 9), slice(4, 6)):
        with pytest.raises(ValueError, match="must be whole units along each axis, got"):
            sink.write((wrong, slice(0, 4), slice(0, 4)), np.zeros((1, 4, 4)))
    assert not [*Path("o.zarr/0").rglob("*.partial")]


@pytest.mark.parametrize("shard", [0, *([8] if THIRD else [])])
@pytest.mark.parametrize("fill", ["nothing", "zeros"])
def test_a_unit_of_nothing_is_done_as_well(shard: int, fill: str) -> None:
    """Zarr leaves out chunks that equal the fill value, unless it is told not to."""
    sink = sink_of((10, 9, 8), 4, shard)
    for unit in np.ndindex(*sink.units()):
        assert not sink.is_done(unit)
        place = sink.place(unit)
        sink.write(place, np.zeros([p.stop - p.start for p in place], "f4"))
        assert sink.file_of(unit).is_file()
    files = [p for p in Path("o.zarr").rglob("*") if p.is_file()]
    assert len(files) == len([*np.ndindex(*sink.units())]) + (1 if THIRD else 2)


@pytest.mark.parametrize("shard", [0, *([8] if THIRD else [])])
def test_each_file_is_opened_for_writing_once(shard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sink, opened_files = sink_of((16, 8, 8), 4, shard), []
    real = io.open

    def spy(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
        opened_files.extend([str(file)] * ("w" in mode or "+" in mode))
        return real(file, mode, *more, **options)

    monkeypatch.setattr(io, "open", spy)
    monkeypatch.setattr(builtins, "open", spy)
    sink.write((slice(0, 16), slice(0, 8), slice(0, 8)), np.ones((16, 8, 8), "f4"))
    assert len(opened_files) == len(set(opened_files)) == len([*np.ndindex(*sink.units())])


@pytest.mark.parametrize("shard", [0, *([8] if THIRD else [])])
@pytest.mark.parametrize("unit", [(0, 0, 0), (1, 1, 0)])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.95])
def test_a_half_unit_is_found_and_made_again(shard: int, unit: Any, left: float) -> None:
    sink = sink_of((10, 9, 8), 4, shard)
    place = sink.place(unit)
    block = np.random.default_rng(0).normal(size=[p.stop - p.start for p in place]).astype("f4")
    sink.write(place, block)
    content = sink.file_of(unit).read_bytes()
    sink.file_of(unit).write_bytes(content[: int(left * len(content))])
    with pytest.raises(ValueError, match=r"o.zarr is not a readable zarr array: its chunk"):
        sink.read(place)
    sink.discard(unit)
    assert not sink.is_done(unit)
    sink.write(place, block)
    np.testing.assert_array_equal(sink.read(place), block)


def test_what_writers_left_is_swept() -> None:
    sink = sink_of((10, 9, 8), 4, levels=1)
    path = sink.file_of((1, 0, 1))
    sink.write(sink.place((1, 0, 1)), np.ones((4, 4, 4), "f4"))
    mine = path.with_name(f"{path.name}.0123456789abcdef.partial")
    other = path.with_name(f"9{path.name}.0123456789abcdef.partial")
    coarse = sink.file_of((0, 0, 0), 1)
    coarse.parent.mkdir(parents=True, exist_ok=True)
    coarse = coarse.with_name(f"{coarse.name}.ab.partial")
    for left in (mine, other, coarse):
        left.write_bytes(b"half")
    sink.sweep((1, 0, 1))
    sink.sweep((0, 0, 0))
    assert [left.exists() for left in (mine, other, coarse)] == [False, True, True]
    sink.sweep_all()
    assert not any(left.exists() for left in (other, coarse))
    assert path.is_file()


@NEW
def test_names_with_dots_do_not_tell_neighbours_apart() -> None:
    dots = {"name": "default", "separator": "."}
    zarr.create_array(
        "a.zarr", shape=(4, 4, 4), dtype="f4", chunks=(2, 2, 2), chunk_key_encoding=dots
    )
    create(Path("o.zarr"), *opened("a.zarr", (1, 1, 1)))
    sink = open_sink(Path("o.zarr"))
    left = sink.file_of((0, 0, 1)).with_suffix(".ab.partial")
    left.write_bytes(b"half")
    sink.sweep((0, 0, 0))
    assert left.exists()
    sink.sweep_all()
    assert not left.exists()


# ---- several writers -----------------------------------------------------------------------------


def numbers(place: Any) -> Any:
    """Return a block that tells its place."""
    ranges = [np.arange(p.start, p.stop) for p in place]
    return sum(g * 100**n for n, g in enumerate(np.ix_(*ranges))).astype("f4")


def write_some(folder: str, part: int, parts: int) -> None:
    """Write every so manieth unit."""
    sink = open_sink(Path(folder))
    for n, unit in enumerate(np.ndindex(*sink.units())):
        if n % parts == part:
            sink.write(sink.place(unit), numbers(sink.place(unit)))


@pytest.mark.parametrize("shard", [0, *([16] if THIRD else [])])
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_writers_side_by_side_lose_nothing(shard: int, kind: str) -> None:
    """Shards of 4 x 4 x 4 chunks, 20 times: writers of chunks would lose some to each other."""
    context = multiprocessing.get_context("spawn")
    pool: Any = ProcessPoolExecutor(2, context) if kind == "processes" else ThreadPoolExecutor(2)
    with pool:
        for run in range(20 if shard else 2):
            folder = f"o{run}.zarr"
            sink = sink_of((33, 20, 16), 4, shard, folder=folder)
            for done in [pool.submit(write_some, folder, part, 2) for part in range(2)]:
                done.result()
            place = tuple(slice(0, n) for n in sink.shape)
            np.testing.assert_array_equal(sink.read(place), numbers(place))
            assert all(sink.is_done(unit) for unit in np.ndindex(*sink.units()))
            assert not [*Path(folder).rglob("*.partial")]


# ---- which versions of zarr are fit for resuming -------------------------------------------------


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("2.16.1", ""),
        ("2.18.7", ""),
        ("3.0.8", "zarr 3.0.8 writes chunks in place"),
        ("3.1.2", "pip install 'zarr>=3.1.3'"),
        ("3.1.3", ""),
        ("3.1.6.dev4+gabc", ""),
        ("3.2.0", ""),
        ("4.0", ""),
    ],
)
def test_versions(version: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zarr, "__version__", version)
    if not THIRD and not version.startswith("2."):
        monkeypatch.setattr(zarr, "config", {}, raising=False)
    found = sinks.unresumable()
    assert told in found
    assert bool(told) == bool(found)


@NEW
def test_the_codec_pipeline_that_writes_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zarr, "__version__", "3.1.6")
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        assert "the codec pipeline zarrs.ZarrsCodecPipeline writes chunks in place" in (
            sinks.unresumable()
        )
