"""Several dimensions of batch: to a work that has one, so many images in any order are as good."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._run.blocks.work import Region, Work

__all__ = ["Batches"]


class Batches:
    """A `Work`: another one, whose first dimension, the batch, is cut into several."""

    def __init__(self, work: Work, batches: tuple[int, ...]) -> None:
        self._work, self._batches = work, batches
        self.input_shape = (*batches, *work.input_shape[1:])
        self.output_shape = (*batches, *work.output_shape[1:])
        self.dtype: np.dtype[Any] = work.dtype
        self.strides = (*[(1, 1)] * len(batches), *work.strides[1:])

    def needed(self, region: Region) -> Region:
        """Return the inputs that a region of the result needs."""
        n = len(self._batches)
        return (*region[:n], *self._work.needed(self._flat(region))[1:])

    def compute(
        self, piece: NDArray[Any], region: Region, threads: int | None = None
    ) -> NDArray[Any]:
        """Return a region of the result from what it needs of the input."""
        shape = piece.shape
        batches, rest = shape[: len(self._batches)], shape[len(self._batches) :]
        images = piece.reshape(prod(batches), *rest)
        result = self._work.compute(images, self._flat(region), threads)
        return result.reshape(*batches, *result.shape[1:])

    def scratch(self, region: Region, threads: int = 1) -> int:
        """Return the bytes that computing a region takes beside its piece and its result."""
        return self._work.scratch(self._flat(region), threads)

    def meaning(self) -> dict[str, Any]:
        """Return what decides the bits of the result, but for the input."""
        return {**self._work.meaning(), "batches": self._batches}

    def _flat(self, region: Region) -> Region:
        """Return a region as one of the first images: all images are computed alike."""
        n = len(self._batches)
        return slice(0, prod(r.stop - r.start for r in region[:n])), *region[n:]
