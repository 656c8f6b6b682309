"""Inputs of streams, whatever kind of file they are."""

from pathlib import Path

from ..kinds import nifti, registry
from . import mapped
from .inflated import Inflated
from .source import Source
from .zarr_source import ZarrSource

__all__ = ["SLICED", "open_source"]

SLICED = (".zarr", ".npy", ".nii", ".nii.gz")  # the kinds that are read by slices


def open_source(path: Path) -> Source:
    """Return an input that is read by slices.

    Parameters
    ----------
    path : Path
        A zarr array, or a group with `multiscales`, of which the finest level is read; or a .npy,
        .nii or .nii.gz file.

    Returns
    -------
    Source
        Its description; nothing else has been read.

    Raises
    ------
    FileNotFoundError
        There is nothing.
    ValueError
        It is damaged, or of no kind that can be read by slices.
    """
    suffix = registry.input_suffix(path)
    if suffix == ".zarr":
        return ZarrSource(path)
    if suffix == ".npy":
        return mapped.open_npy(path)
    if suffix in (".nii", ".nii.gz"):
        header, packed = nifti.read_header(path)
        return Inflated(path, header) if packed else mapped.open_nifti(path, header)
    raise ValueError(f"a stream reads .zarr, .npy, .nii and .nii.gz, got {path}")
