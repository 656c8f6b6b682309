"""Zarr arrays as inputs of streams."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..formats import zarr_groups, zarr_threads
from ..kinds import zarrs
from .source import Place, Source, grouped

__all__ = ["ZarrSource"]


class ZarrSource(Source):
    """An array of either format, with or without shards; of an image its finest level."""

    def __init__(self, path: Path) -> None:
        self.path = zarrs.located(path)
        self.array = zarrs.open_array(path)
        self.shape = tuple(self.array.shape)
        self.dtype = self.array.dtype
        self.stored = tuple(self.array.chunks)
        shards = tuple(getattr(self.array, "shards", None) or ())
        self.chunks = grouped(self.stored, self.shape, self.dtype.itemsize, shards)
        self.order = tuple(range(len(self.shape)))
        self.mirrored = str(getattr(self.array, "order", "C")) == "F"

    def read(self, place: Place) -> NDArray[Any]:
        """Return a part; of a damaged one, the error names the first bad chunk."""
        return zarr_threads.read(self.array, place, self.path, alone=False)

    def identity(self) -> dict[str, Any]:
        """Return the path and the description of the array, without attributes."""
        return {"path": str(self.path.resolve()), "array": zarr_groups.description(self.path)}
