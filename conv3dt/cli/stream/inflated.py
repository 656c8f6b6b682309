"""Compressed NIfTI images as inputs of streams: planes come in order, and none stays in memory."""

import threading
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import gzips
from ..formats.inflating import Inflating
from ..formats.reading import readable
from ..kinds import nifti
from .source import PIECE, Place, Source

__all__ = ["Inflated"]


class Inflated(Source):
    """The image of a .nii.gz file.

    Memory is that of a plane beside the result. Going back inflates at most what lies between two
    marks again; `finish` reads to the end, so that all checksums have been compared.
    """

    forward_only = True
    mirrored = True

    def __init__(self, path: Path, header: Any) -> None:
        self.path, self.shape = path, tuple(header.get_data_shape())
        self._stored = header.get_data_dtype()
        self._scaling = nifti.scaling_of(header, path)
        self.dtype = self._stored if self._scaling is None else self._scaling.dtype
        self.order = tuple(reversed(range(len(self.shape))))
        self._plane = prod(self.shape[:2]) * self._stored.itemsize
        count = min(max(1, PIECE // max(1, self._plane)), self.shape[2])
        self.chunks = (*self.shape[:2], count, *[1] * (len(self.shape) - 3))
        self._offset, self._end = int(header.get_data_offset()), nifti.end_of(header)
        self._bytes, self._lock = Inflating(path), threading.Lock()

    def read(self, place: Place) -> NDArray[Any]:
        """Return a part, Fortran-ordered as in the file."""
        spans = [range(*s.indices(n)) for s, n in zip(place, self.shape, strict=True)]
        found = np.empty([len(span) for span in spans], self._stored, order="F")
        outer = [n[::-1] for n in product(*spans[:1:-1])]  # in the order of the file
        planes = found.reshape(*found.shape[:2], len(outer), order="F")
        with self._lock, readable(self.path, nifti.WHAT):
            for n, at in enumerate(outer):
                planes[:, :, n] = self._read_plane(at)[place[:2]]
        return found if self._scaling is None else self._scaling.apply(found)

    def _read_plane(self, at: tuple[int, ...]) -> NDArray[Any]:
        """Return the plane of some numbers along all axes but the first two."""
        steps = [prod(self.shape[2:axis]) for axis in range(2, len(self.shape))]
        start = self._offset + self._plane * sum(n * s for n, s in zip(at, steps, strict=True))
        self._bytes.seek(start)
        content = self._bytes.read(self._plane)
        if len(content) < self._plane:
            raise EOFError(f"it ends after {self._bytes.tell()} of {self._end} bytes")
        return np.frombuffer(content, self._stored).reshape(self.shape[:2], order="F")

    def finish(self) -> None:
        """Read the rest, so that every checksum of the file is compared."""
        with self._lock, readable(self.path, nifti.WHAT):
            self._bytes.forward()
            gzips.verify(self._bytes, self.path, self._end)
