"""Inputs of kinds that cannot be read by slices: they are read as a whole, and kept."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import volumes
from ..grid import Volume
from .source import Place, Source

__all__ = ["Whole"]


class Whole(Source):
    """A volume, or an array of any rank where there is none, in memory."""

    def __init__(self, path: Path, volume: Volume | None) -> None:
        self.path, self._volume = path, volume
        self._array = volumes.read_array(path) if volume is None else _array(volume)
        self.shape, self.dtype = self._array.shape, self._array.dtype
        self.chunks, self.order = self.shape, tuple(range(self._array.ndim))

    def read(self, place: Place) -> NDArray[Any]:
        """Return a part."""
        found: NDArray[Any] = self._array[place]
        return found

    def finish(self) -> None:
        """Raise if anything that was read was damaged."""
        if self._volume is not None:
            self._volume.finish()


def _array(volume: Volume) -> NDArray[Any]:
    """Return all voxels of a volume."""
    first = volume.read(0)
    found = np.empty(volume.shape, first.dtype)
    for t in range(volume.count):
        found[volume.place(t)] = volume.read(t) if t else first
    return found
