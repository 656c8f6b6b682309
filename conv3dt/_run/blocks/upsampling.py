"""Upsampling of volumes by linear interpolation, part by part."""

from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..._call.arguments import as_call
from ..._call.arrays import placeholder
from . import trilinear
from .convolution import Convolution
from .work import Region

__all__ = ["Upsampling"]

Array: TypeAlias = NDArray[Any]


class Upsampling:
    """A `Work`: three axes of an array made finer by whole factors, by `trilinear`.

    Along the other axes, as channels or time, every volume is computed on its own. Sums are made
    in float64 for results of float64, else in float32.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        factors: tuple[int, int, int],
        space: tuple[int, int, int] = (0, 1, 2),
        dtype: Any = np.float32,
        mirrored: bool = False,
    ) -> None:
        """Take the shape of the input, its axes of space with a factor each, the result's dtype.

        Of `mirrored` arrays, such as those of images in Fortran's order, the last axis of space is
        the one whose neighbours lie furthest apart: products are summed in the reverse order.
        """
        self.input_shape, self.dtype = tuple(shape), np.dtype(dtype)
        order = slice(None, None, -1) if mirrored else slice(None)
        self._space, self._factors = tuple(space)[order], tuple(factors)[order]
        scale = dict(zip(self._space, self._factors, strict=True))
        self.output_shape = tuple(i * scale.get(a, 1) for a, i in enumerate(self.input_shape))
        self.strides = tuple((scale.get(a, 1), 1) for a in range(len(self.input_shape)))
        self._others = tuple(a for a in range(len(self.input_shape)) if a not in self._space)
        self._sums = np.dtype(np.float64 if self.dtype == np.float64 else np.float32)
        self._convolution = self._made()

    def _made(self) -> Convolution:
        """Return the convolution of one volume."""
        i = [self.input_shape[a] for a in self._space]
        filters = trilinear.kernel(self._factors).astype(self._sums)[..., None, None]
        value = placeholder("Upsampling", "input", (1, *i, 1), self._sums)
        o = [n * s for n, s in zip(i, self._factors, strict=True)]
        return Convolution(
            as_call("Upsampling", value, filters, (1, *o, 1), self._factors, "SAME", "NDHWC", None)
        )

    def needed(self, region: Region) -> Region:
        """Return the inputs that a region of the result needs."""
        found = list(region)
        _, *ends, _ = self._convolution.needed(self._volume(region))
        for axis, needs in zip(self._space, ends, strict=True):
            found[axis] = needs
        return tuple(found)

    def compute(self, piece: Array, region: Region, threads: int | None = None) -> Array:
        """Return a region of the result from what it needs of the input."""
        extents = [ends.stop - ends.start for ends in region]
        order = (*self._others, *self._space)
        result = np.empty([extents[a] for a in order], self.dtype)
        volumes, volume = piece.transpose(order), self._volume(region)
        direct = self.dtype == self._sums
        for place in product(*(range(extents[a]) for a in self._others)):
            x, out = volumes[place].astype(self._sums, copy=False), result[place]
            y = self._convolution.compute(
                x[None, ..., None], volume, threads, out[None, ..., None] if direct else None
            )[0, ..., 0]
            self._renormalise(y, region)
            if not direct:
                out[...] = y
        return result.transpose(np.argsort(order))

    def _volume(self, region: Region) -> Region:
        """Return a region as that of one volume's convolution."""
        one = slice(0, 1)
        return one, *(region[a] for a in self._space), one

    def _renormalise(self, y: Array, region: Region) -> None:
        """Divide outputs at the borders of the whole, in place, by what ones would have given.

        The sums are separable, so each axis is divided on its own.
        """
        for axis, (a, factor) in enumerate(zip(self._space, self._factors, strict=True)):
            rows, ends = np.moveaxis(y, axis, 0), region[a]
            for row, sums in trilinear.border(self.input_shape[a], factor).items():
                if ends.start <= row < ends.stop:
                    rows[row - ends.start] /= np.float64(sums)

    def scratch(self, region: Region, threads: int = 1) -> int:
        """Return the bytes that computing a region takes beside its piece and its result."""
        needs = self.needed(region)
        i, o = (
            int(np.prod([ends[a].stop - ends[a].start for a in self._space]))
            for ends in (needs, region)
        )
        converted = (i + (0 if self.dtype == self._sums else o)) * self._sums.itemsize
        return converted + self._convolution.scratch(self._volume(region), threads)

    def meaning(self) -> dict[str, Any]:
        """Return what decides the bits of the result, but for the input."""
        return {
            "input_shape": list(self.input_shape),
            "space": list(self._space),
            "factors": list(self._factors),
            "dtype": self.dtype.str,
            **self._convolution.meaning(),
        }
