"""Outputs of streams: zarr arrays, and images of several levels, written unit by unit.

A unit is what one file holds, a chunk or a shard. It has one writer, who has all of it, so that
nothing is read to write it; and it is done when its file is there, for files appear by renaming.
"""

import re
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import zarr_groups, zarr_layout, zarr_threads
from ..terminal import extra
from .source import Place

__all__ = ["Sink", "open_sink", "unresumable"]

RENAMES = (3, 1, 3)  # the version of zarr 3 from which on files appear by renaming


class Sink:
    """An output that is written unit by unit; threads may share it.

    Errors leave tasks of zarr's own threads behind: whoever writes from several threads waits, when
    all of them have ended, within `zarr_threads.settled`.

    Parameters
    ----------
    folder : Path
        An array or an image, as `create` makes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = _levels(folder)
        self.paths = [folder / name for name in names] if names else [folder]
        self.arrays = [_opened(path) for path in self.paths]
        self.levels = len(self.arrays) - 1
        self.shape = tuple(self.arrays[0].shape)
        self.dtype = np.dtype(self.arrays[0].dtype)
        self.unit = self.extents(0)

    @property
    def copies(self) -> int:
        """How many times the bytes of a unit writing it takes, beside the unit itself."""
        array = self.arrays[0]
        if getattr(array, "shards", None):
            return 2
        packed = array.compressors if hasattr(array, "compressors") else array.compressor
        return 1 if packed else 0

    def extents(self, level: int) -> tuple[int, ...]:
        """Return the extents of the units of a level: `unit`, or less where a level has less."""
        array = self.arrays[level]
        return tuple(getattr(array, "shards", None) or array.chunks)

    def units(self, level: int = 0) -> tuple[int, ...]:
        """Return how many units there are along each axis."""
        shape, extents = self.arrays[level].shape, self.extents(level)
        return tuple(-(-n // size) for n, size in zip(shape, extents, strict=True))

    def place(self, unit: tuple[int, ...], level: int = 0) -> Place:
        """Return where a unit lies in the array, told by its number along each axis."""
        triples = zip(unit, self.extents(level), self.arrays[level].shape, strict=True)
        return tuple(slice(n * size, min(n * size + size, length)) for n, size, length in triples)

    def inside(self, region: Place, level: int = 0) -> list[tuple[int, ...]]:
        """Return the units of a region.

        Raises
        ------
        ValueError
            It cuts one of them.
        """
        found = []
        for s, size, n in zip(region, self.extents(level), self.arrays[level].shape, strict=True):
            start, stop, _ = s.indices(n)
            if start % size or (stop % size and stop != n):
                got = f"{start}:{stop} of {n} in units of {size}"
                raise ValueError(f"a region must be whole units along each axis, got {got}")
            found.append(range(start // size, -(-stop // size)))
        return list(product(*found))

    def write(self, region: Place, block: NDArray[Any], level: int = 0) -> None:
        """Write whole units; those of the end are as long as the array."""
        self.inside(region, level)
        if not self.folder.exists():  # zarr would make it anew, with nothing but this in it
            raise ValueError(f"{self.folder} has been put in place or removed by another process")
        self.arrays[level][region] = np.asarray(block, self.dtype.newbyteorder("="))

    def read(self, region: Place, level: int = 0) -> NDArray[Any]:
        """Return what has been written; of a damaged unit, the error names the chunk."""
        return zarr_threads.read(self.arrays[level], region, self.paths[level], alone=False)

    def file_of(self, unit: tuple[int, ...], level: int = 0) -> Path:
        """Return where a unit lies when it is done."""
        return self.paths[level] / zarr_threads.key(self.arrays[level], unit)

    def is_done(self, unit: tuple[int, ...], level: int = 0) -> bool:
        """Return whether a unit has been written."""
        return self.file_of(unit, level).exists()

    def discard(self, unit: tuple[int, ...], level: int = 0) -> None:
        """Remove a unit that is damaged, so that what is written in its place reads nothing."""
        self.file_of(unit, level).unlink(missing_ok=True)

    def sweep(self, unit: tuple[int, ...], level: int = 0) -> None:
        """Remove what writers of a unit left that died, when nobody else writes it.

        Names of zarr 3 that have dots instead of folders do not tell units that are neighbours
        apart: what lies there stays until `sweep_all`.
        """
        path = self.file_of(unit, level)
        if "." in path.name and not zarr_layout.is_old(extra("zarr")):
            return
        _remove(path.parent, f"{path.name}.*.partial")

    def sweep_all(self) -> None:
        """Remove what any writer left, when all of them have ended."""
        for path in self.paths:
            _remove(path, "**/*.partial")


def open_sink(folder: Path) -> Sink:
    """Return an output that was created, to be gone on with."""
    return Sink(folder)


def unresumable() -> str:
    """Return why files of this version of zarr do not tell by being there that they are whole.

    Nothing where they do: then a unit is done when its file is there.
    """
    zarr = extra("zarr")
    if zarr_layout.is_old(zarr):
        return ""
    pipeline = str(zarr.config.get("codec_pipeline.path", ""))
    if pipeline.startswith("zarrs."):
        own = "ZARR_CODEC_PIPELINE__PATH=zarr.core.codec_pipeline.BatchedCodecPipeline"
        return f"the codec pipeline {pipeline} writes chunks in place: take zarr's own, {own}"
    numbers = tuple(int(n) for n in re.findall(r"\d+", str(zarr.__version__))[:3])
    if numbers < RENAMES:
        wanted = "pip install 'zarr>=3.1.3'"
        return (
            f"zarr {zarr.__version__} writes chunks in place, so that half ones look done: {wanted}"
        )
    return ""


def _levels(folder: Path) -> list[str]:
    """Return the names of the arrays of an image, the finest first; none of an array."""
    if not zarr_groups.is_group(folder):
        return []
    told = zarr_groups.attributes(folder)
    scales = told.get("ome", told).get("multiscales", [])
    return [str(dataset["path"]) for dataset in scales[0]["datasets"]] if scales else []


def _opened(path: Path) -> Any:
    """Return an array whose chunks are written even if they hold nothing but the fill value."""
    zarr = extra("zarr")
    if zarr_layout.is_old(zarr):
        return zarr.open_array(str(path), mode="r+", write_empty_chunks=True)
    with zarr.config.set(
        {"array.write_empty_chunks": True}
    ):  # of arrays that exist, zarr asks this
        return zarr.open_array(str(path), mode="r+")


def _remove(folder: Path, pattern: str) -> None:
    """Remove files that others may be removing as well."""
    for path in folder.glob(pattern):
        with suppress(OSError):
            path.unlink()
