"""Work that is easy to tell: every voxel repeated."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv3dt._run.blocks.work import Region
from conv3dt.cli import volumes
from conv3dt.cli.grid import Triple, Volume


class Repeating:
    """A volume of which each voxel becomes several."""

    def __init__(self, volume: Volume, factors: Triple) -> None:
        self.input_shape, self.dtype = volume.shape, volume.dtype
        self.factors = [1] * len(volume.shape)
        for axis, factor in zip(volume.space, factors, strict=True):
            self.factors[axis] = factor
        self.strides = tuple((factor, 1) for factor in self.factors)
        pairs = zip(volume.shape, self.factors, strict=True)
        self.output_shape = tuple(n * factor for n, factor in pairs)

    def needed(self, region: Region) -> Region:
        pairs = zip(region, self.factors, strict=True)
        return tuple(slice(r.start // f, -(-r.stop // f)) for r, f in pairs)

    def compute(
        self, piece: NDArray[Any], region: Region, threads: int | None = None
    ) -> NDArray[Any]:
        found = piece
        for axis, factor in enumerate(self.factors):
            found = np.repeat(found, factor, axis)
        lows = [r.start - r.start // f * f for r, f in zip(region, self.factors, strict=True)]
        pairs = zip(lows, region, strict=True)
        return found[tuple(slice(n, n + r.stop - r.start) for n, r in pairs)].astype(self.dtype)

    def scratch(self, region: Region, threads: int = 1) -> int:
        return 0

    def meaning(self) -> dict[str, Any]:
        return {"repeated": self.factors}


class Deconvolving:
    """What `apply` does to shapes; it computes nothing."""

    def __init__(
        self, shape: tuple[int, ...], strides: Triple, channels: int, *, last: bool
    ) -> None:
        self.input_shape = shape
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        space = [(s, 1) for s in strides]
        self.strides = ((1, 1), *space, (0, 0)) if last else ((1, 1), (0, 0), *space)
        lengths = [n * s for n, s in zip(shape[1:4] if last else shape[2:], strides, strict=True)]
        found = (shape[0], *lengths, channels) if last else (shape[0], channels, *lengths)
        self.output_shape: tuple[int, ...] = found


def opened(path: str, factors: Triple) -> tuple[Volume, Repeating]:
    """Return a volume as a zarr holds it, and the work of repeating it."""
    volume = volumes.storable(volumes.open_volume(Path(path)), ".zarr")
    return volume, Repeating(volume, factors)
