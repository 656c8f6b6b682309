"""Files that streams read, of every kind, with what is in them."""

from typing import Any

import numpy as np
import pytest

nibabel: Any = pytest.importorskip("nibabel")
zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
VALUES = np.random.default_rng(0).integers(-999, 999, (11, 7, 9, 3)).astype(np.int16)


def save(name: str, values: Any = VALUES, **options: Any) -> Any:
    """Write a zarr array."""
    options = {"chunks": (4, 4, 4, 2), **options}
    if THIRD:
        made = zarr.create_array(name, shape=values.shape, dtype=values.dtype, **options)
    else:
        made = zarr.open_array(name, mode="w", shape=values.shape, dtype=values.dtype, **options)
    made[...] = values
    return values


def npy(values: Any) -> Any:
    """Write a .npy file."""
    np.save("a.npy", values)
    return "a.npy", values


def nifti(name: str, slope: float, values: Any = VALUES) -> Any:
    """Write an image; return what its voxels mean in the precision of the work."""
    image = nibabel.Nifti1Image(values, np.eye(4))
    if slope != 1:
        image.header.set_slope_inter(slope, 3)
    nibabel.save(image, name)
    wide = values.dtype == np.float64
    meant = nibabel.load(name).dataobj[...]
    return name, meant if slope == 1 else meant.astype("f8" if wide else "f4")


def zarrs(**options: Any) -> Any:
    """Write a zarr array of format 2."""
    return "a.zarr", save("a.zarr", **({"zarr_format": 2} if THIRD else {}), **options)


def image() -> Any:
    """Write a group that is an image."""
    options = {"zarr_format": 2} if THIRD else {}
    group = zarr.open_group("g.zarr", mode="w", **options)
    save("g.zarr/s0", **options)
    save("g.zarr/s1", VALUES[::2], **options)
    datasets = [{"path": "s0"}, {"path": "s1"}]
    group.attrs["multiscales"] = [{"axes": list("tzyx"), "datasets": datasets}]
    return "g.zarr", VALUES


CASES = {
    "npy": lambda: npy(VALUES),
    "npy, Fortran": lambda: npy(np.asfortranarray(VALUES)),
    "npy, big-endian": lambda: npy(VALUES.astype(">f8")),
    "nii": lambda: nifti("a.nii", 1),
    "nii, scaled": lambda: nifti("a.nii", 0.3),
    "nii, float64 scaled": lambda: nifti("a.nii", 0.3, VALUES.astype("f8")),
    "nii.gz": lambda: nifti("a.nii.gz", 1),
    "nii.gz, scaled": lambda: nifti("a.nii.gz", 0.3),
    "nii.gz, three axes": lambda: nifti("a.nii.gz", 1, VALUES[..., 0]),
    "nii.gz, five axes": lambda: nifti("a.nii.gz", 1, np.stack([VALUES, -VALUES], 4)),
    "zarr": zarrs,
    "zarr, Fortran": lambda: zarrs(order="F"),
    "image": image,
}
if THIRD:
    CASES["zarr 3"] = lambda: ("a.zarr", save("a.zarr"))
    CASES["zarr 3, shards"] = lambda: ("a.zarr", save("a.zarr", shards=(8, 8, 8, 2)))
