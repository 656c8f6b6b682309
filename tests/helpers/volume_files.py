"""Files of volumes: written, upsampled by repetition and read again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli import volumes
from conv3dt.cli.grid import Triple, Volume
from conv3dt.cli.kinds import registry

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")

Array = NDArray[Any]
FACTORS: Triple = (2, 1, 3)


def repeated(volume: Array, factors: Triple) -> Array:
    """Return each voxel repeated: a result that is easy to tell."""
    for axis, factor in enumerate(factors):
        volume = np.repeat(volume, factor, axis)
    return volume


def round_trip(source: Path, target: Path) -> Volume:
    """Write the repeated voxels of `source` to `target` and open that."""
    volume = volumes.open_volume(source)
    results = (repeated(volume.floats(t), FACTORS) for t in range(volume.count))
    volumes.save_upsampled(target, registry.suffix_of(target), volume, FACTORS, results)
    return volumes.open_volume(target)


def whole(volume: Volume) -> Array:
    """Return all voxels."""
    parts = [volume.read(t) for t in range(volume.count)]
    return np.stack(parts, axis=-1) if len(volume.shape) == 4 else parts[0]


def save(path: Path, array: Array) -> Path:
    """Write a file of any kind."""
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".zarr":
        zarr.open_array(str(path), mode="w", shape=array.shape, dtype=array.dtype)[...] = array
    else:
        nibabel.save(nibabel.Nifti1Image(array, np.diag([2.0, 3.0, 4.0, 1.0])), path)
    return path
