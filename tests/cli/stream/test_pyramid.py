"""Coarser levels are means of the finest, whatever the order in which that comes."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.stream.creating import create
from conv3dt.cli.stream.pyramid import Pyramid, halved
from conv3dt.cli.stream.sinks import Sink, open_sink
from tests.helpers.repeating import opened

zarr: Any = pytest.importorskip("zarr")
SPACE = (0, 1, 2)


@pytest.fixture(autouse=True)
def _folder(folder: Path) -> None:
    """An empty working folder."""


def image(shape: tuple[int, ...], chunk: int, levels: int, dtype: str = "f4") -> tuple[Sink, Any]:
    """Return an empty image, and what is to be its finest level: small integers."""
    np.save("a.npy", np.zeros(shape, dtype))
    create(Path("o.zarr"), *opened("a.npy", (1, 1, 1)), (chunk,) * 3, levels=levels)
    return open_sink(Path("o.zarr")), np.random.default_rng(0).integers(-99, 99, shape).astype(
        dtype
    )


def means(values: Any, level: int) -> Any:
    """Return means of cubes, those at an end of what there is, by definition."""
    size = 2**level
    found = np.empty([-(-n // size) for n in values.shape])
    for index in np.ndindex(*found.shape):
        found[index] = values[tuple(slice(n * size, n * size + size) for n in index)].mean()
    return found


def whole(sink: Sink, level: int) -> Any:
    """Return a level."""
    return sink.read(tuple(slice(0, n) for n in sink.arrays[level].shape), level)


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2"])
@pytest.mark.parametrize("shape", [(8, 8, 8), (16, 8, 24), (16, 32, 8)])
def test_levels_are_means_of_the_finest(shape: tuple[int, ...], dtype: str) -> None:
    sink, values = image(shape, 4, 3, dtype)
    made = Pyramid(sink, SPACE)
    for unit in np.ndindex(*sink.units()):
        sink.write(sink.place(unit), values[sink.place(unit)])
        made.add(sink.place(unit), values[sink.place(unit)])
    assert made.is_complete
    for level in range(4):
        found = whole(sink, level)
        assert found.dtype == np.dtype(dtype)
        # sums of 8 integers below 100 are exact in all of these; of 512 in float32
        wanted = means(values, level).astype(dtype)
        np.testing.assert_allclose(found, wanted, rtol=2e-3 if dtype == "f2" else 1e-6, atol=0.02)
        if dtype != "f2":
            np.testing.assert_array_equal(found, wanted)
        assert all(sink.is_done(unit, level) for unit in np.ndindex(*sink.units(level)))


@pytest.mark.parametrize("shape", [(9, 5, 7), (1, 3, 11), (4, 13, 2)])
def test_ends_that_are_odd(shape: tuple[int, ...]) -> None:
    sink, values = image(shape, 2, 2)
    made = Pyramid(sink, SPACE)
    made.add(tuple(slice(0, n) for n in shape), values)
    assert made.is_complete
    np.testing.assert_array_equal(whole(sink, 1), means(values, 1).astype("f4"))
    np.testing.assert_array_equal(whole(sink, 2), halved(halved(values, SPACE), SPACE))


def test_bits_do_not_depend_on_the_order() -> None:
    values = np.random.default_rng(3).normal(size=(12, 10, 14)).astype("f4")
    found = []
    for seed in range(3):
        sink, _ = image(values.shape, 2, 2)
        units = [*np.ndindex(*sink.units())]
        np.random.default_rng(seed).shuffle(units)
        made = Pyramid(sink, SPACE)
        for unit in map(tuple, units):
            made.add(sink.place(unit), values[sink.place(unit)])
        assert made.is_complete
        found.append([whole(sink, level) for level in (1, 2)])
        zarr.open_group("o.zarr", mode="w")
        Path("o.zarr").rename(f"o{seed}.zarr")
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a.view("i4"), b.view("i4"))


def test_other_axes_stay() -> None:
    values = np.random.default_rng(0).integers(0, 9, (2, 3, 6, 4, 8)).astype("f4")
    made = zarr.open_array(
        "a.zarr", mode="w", shape=values.shape, chunks=(1, 3, 2, 4, 2), dtype="f4"
    )
    made.attrs["_ARRAY_DIMENSIONS"] = list("tczyx")
    create(Path("o.zarr"), *opened("a.zarr", (1, 1, 1)), levels=1)
    sink, levels = open_sink(Path("o.zarr")), Pyramid(open_sink(Path("o.zarr")), (2, 3, 4))
    levels.add(tuple(slice(0, n) for n in values.shape), values)
    for t, c in itertools.product(range(2), range(3)):
        np.testing.assert_array_equal(whole(sink, 1)[t, c], means(values[t, c], 1).astype("f4"))


def test_a_unit_that_is_there_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sink, values = image((8, 8, 8), 2, 2)
    everything = tuple(slice(0, n) for n in values.shape)
    Pyramid(sink, SPACE).add(everything, values)
    sink.file_of((1, 0, 1), 1).unlink()
    written = []
    write = Sink.write
    monkeypatch.setattr(Sink, "write", lambda *a: (written.append(a[1]), write(*a)))
    Pyramid(sink, SPACE).add(everything, values)
    assert written == [(slice(2, 4), slice(0, 2), slice(2, 4))]
    assert whole(sink, 1)[2, 0, 2] == means(values, 1)[2, 0, 2]


# ---- means ---------------------------------------------------------------------------------------


def test_what_is_no_number_spreads_no_further() -> None:
    values = np.ones((4, 4, 4), "f4")
    values[0, 0, 0], values[3, 3, 3] = np.nan, np.inf
    found = halved(values, SPACE)
    assert np.isnan(found[0, 0, 0])
    assert np.isinf(found[1, 1, 1])
    assert (found[0, 1] == 1).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_means_of_the_largest_numbers_are_finite(dtype: str) -> None:
    largest = np.finfo(dtype).max
    assert (halved(np.full((2, 2, 2), largest, dtype), SPACE) == largest).all()
