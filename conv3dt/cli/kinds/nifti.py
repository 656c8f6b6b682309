"""NIfTI-1 and NIfTI-2 images, with a header that stays true when the voxels are divided."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import Floats, Triple, Volume, refined, result_dtype, upsampled_shape, voxel_size
from ..terminal import extra
from .registry import Kind, register

__all__ = ["NiftiVolume", "open_volume", "save_upsampled"]

UNITS = {"meter": "m", "micron": "µm"}  # NIfTI means mm unless it says otherwise


@dataclass(frozen=True)
class NiftiVolume(Volume):
    """An image with the header that its result keeps."""

    header: Any = None


def open_volume(path: Path) -> Volume:
    """Return the image in a .nii or .nii.gz file; intensities are scaled as the header says."""
    nibabel = extra("nibabel")
    with _readable(path):
        # kept open, so that a compressed series is inflated once and not once for each volume
        image = nibabel.load(path, keep_file_open=True)
    if not isinstance(image, nibabel.Nifti1Image):
        raise ValueError(f"{path} is not a NIfTI image")
    unit = UNITS.get(image.header.get_xyzt_units()[0], "mm")

    def read(t: int) -> NDArray[Any]:
        with _readable(path):
            return np.asanyarray(image.dataobj[..., t] if len(image.shape) == 4 else image.dataobj)

    dtype = result_dtype(image.get_data_dtype(), path)
    return NiftiVolume(image.shape, dtype, read, image.affine, unit, header=image.header)


def save_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write results one after another behind the header that describes them."""
    header = _header(volume, factors)
    dtype = header.get_data_dtype()
    with _stream(part, suffix) as file:
        header.write_to(file)
        file.write(bytes(header.get_data_offset() - file.tell()))
        for result in results:
            for plane in result.T:  # Fortran order on disk
                file.write(plane.astype(dtype, copy=False).tobytes())


@contextmanager
def _stream(part: Path, suffix: str) -> Iterator[Any]:
    """Open a new file for writing, compressed when the suffix says so."""
    with part.open("xb") as file:
        if suffix == ".nii":
            yield file
            return
        # level 1 as nibabel does; without a time stamp the same input gives the same bytes
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
            yield packed


def _header(volume: Volume, factors: Triple) -> Any:
    """Return the volume's header, changed in the fields that upsampling changes.

    Kept: units, time step, intent, display range, description, extensions, the codes of both forms.
    Timing of slices is dropped where slices were divided, as it numbers slices that are gone.
    """
    nibabel = extra("nibabel")
    header = volume.header.copy() if isinstance(volume, NiftiVolume) else _new_header(volume)
    zooms = np.array(header.get_zooms())
    zooms[:3] /= factors
    try:
        qform, sform = header.get_qform(coded=True), header.get_sform(coded=True)
        header.set_data_shape(upsampled_shape(volume.shape, factors))
        header.set_data_dtype(volume.dtype)
        header.set_data_offset(0)  # anew: behind the extensions, wherever they end
        header.set_slope_inter(1, 0)
        header.set_zooms(zooms)
        # without a code nibabel returns None, and the volume's centre is the origin: true for both
        if qform[0] is not None:
            header.set_qform(refined(qform[0], factors), qform[1])
        if sform[0] is not None:
            header.set_sform(refined(sform[0], factors), sform[1])
    except nibabel.spatialimages.HeaderDataError as error:
        raise ValueError(f"NIfTI cannot describe the upsampled volume: {error}") from error
    slice_axis = header.get_dim_info()[2]
    if slice_axis is not None and factors[slice_axis] > 1:
        for field in ("slice_start", "slice_end", "slice_code", "slice_duration"):
            header[field] = 0
    return header


def _new_header(volume: Volume) -> Any:
    """Return a header for a volume from another kind of file; voxels of unknown size are 1 mm."""
    affine = np.eye(4) if volume.affine is None else volume.affine
    header = extra("nibabel").Nifti1Header()
    header.set_data_shape(volume.shape)
    header.set_zooms((*voxel_size(affine), 1)[: len(volume.shape)])
    header.set_sform(affine, "aligned")
    header.set_xyzt_units("mm")
    return header


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises into one clear error."""
    nibabel = extra("nibabel")
    damage: tuple[type[Exception], ...] = (EOFError, OSError, ValueError, zlib.error)
    damage += (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError)
    try:
        yield
    except damage as error:
        raise ValueError(f"{path} is not a readable NIfTI image: {error}") from error


register(
    Kind(
        (".nii", ".nii.gz"),
        open_volume,
        save_upsampled,
        dtypes=("float32", "float64"),
        library="nibabel",
        kept="A NIfTI keeps its header; its affine is updated, so that the volume stays where it"
        " was in space.",
    )
)
