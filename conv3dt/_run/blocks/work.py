"""A computation on an array of any size that can be done part by part, to the same bits."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Region", "Work"]

Region = tuple[slice, ...]  # from .. to of each dimension of an array; no step


class Work(Protocol):
    """What is computed; of its arrays it knows no more than the shapes. Can be pickled.

    Parts may be computed in any order, anywhere and any number of times: together they are the
    bits of the whole, whatever the cut and the number of threads.

    Attributes
    ----------
    input_shape : tuple of int
        The whole input.
    output_shape : tuple of int
        The whole result, of the same rank.
    dtype : dtype
        Of the result.
    strides : tuple of (int, int)
        Of each dimension (a, b): b inputs lie a outputs apart, (s, 1) or forward (1, s); (0, 0)
        where outputs need all of the inputs, as channels do.
    """

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The whole input."""
        ...

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The whole result."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the result."""
        ...

    @property
    def strides(self) -> tuple[tuple[int, int], ...]:
        """How far inputs lie apart whose outputs lie some apart."""
        ...

    def needed(self, region: Region) -> Region:
        """Return the inputs that a region of the result needs: none that it does not."""
        ...

    def compute(
        self, piece: NDArray[Any], region: Region, threads: int | None = None
    ) -> NDArray[Any]:
        """Return a region of the result from a piece of the input, which is what it needs."""
        ...

    def scratch(self, region: Region, threads: int = 1) -> int:
        """Return the bytes that computing a region takes beside its piece and its result."""
        ...

    def meaning(self) -> dict[str, Any]:
        """Return what decides the bits of the result, but for the input: to be written as JSON."""
        ...
