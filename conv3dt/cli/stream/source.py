"""An input that is read by slices."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Place", "Source", "grouped"]

Place = tuple[slice, ...]  # from .. to of each axis; no step
PIECE = 2**20  # bytes that are worth a call: less, and calls cost more than reading


class Source(ABC):
    """An array in a file; nothing but its description is kept. Threads may share it.

    Attributes
    ----------
    path : Path
        Where it is: another process opens it again by this.
    shape : tuple of int
        Of the array.
    dtype : dtype
        Of what is read.
    chunks : tuple of int
        Extents of what is best read at once, from the origin on.
    order : tuple of int
        The axes from the one that is slowest on disk to the fastest.
    forward_only : bool
        Whether places come in this order only, and going back reads some again.
    stored : tuple of int, optional
        Extents of the chunks that it is stored in; None where it is stored in one run.
    mirrored : bool
        Whether the whole, when it is read, has the memory order of Fortran.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...]
    order: tuple[int, ...]
    forward_only: bool = False
    stored: tuple[int, ...] | None = None
    mirrored: bool = False

    @property
    def slowest(self) -> int:
        """The axis to walk outermost."""
        return self.order[0]

    @abstractmethod
    def read(self, place: Place) -> NDArray[Any]:
        """Return a part of the array, in memory of its own; the error of a damaged one is clear."""

    def identity(self) -> dict[str, Any]:
        """Return what tells this input from another, to be written as JSON."""
        found = self.path.stat()
        return {"path": str(self.path.resolve()), "size": found.st_size, "time": found.st_mtime_ns}

    def finish(self) -> None:  # noqa: B027 - most have nothing to do
        """Raise if anything that was read was damaged; called when all has been read."""


def grouped(
    stored: tuple[int, ...], shape: tuple[int, ...], itemsize: int, within: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Return extents of so many chunks that reading them at once is worth a call.

    `within` are the shards that they lie in, if any, which they do not cross.

    >>> grouped((16, 64, 64), (100, 100, 100), 4)
    (64, 64, 64)
    """
    limits = within or shape
    found = list(stored)
    while int(np.prod(found)) * itemsize < PIECE:
        axes = [
            n
            for n, size in enumerate(found)
            if 2 * size <= limits[n] and _fits(2 * size, n, within)
        ]
        if not axes:
            break
        found[min(axes, key=lambda axis: found[axis])] *= 2
    return tuple(found)


def _fits(size: int, axis: int, within: tuple[int, ...]) -> bool:
    """Return whether shards can be cut into pieces of a size."""
    return not within or within[axis] % size == 0
