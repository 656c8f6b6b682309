"""NIfTI-1 and NIfTI-2 images, with a header that stays true when the voxels are divided."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..formats import gzips, nifti_headers
from ..formats.reading import readable
from ..grid import Floats, Triple, Volume, result_dtype
from ..terminal import extra
from .registry import Kind, register

__all__ = [
    "WHAT",
    "NiftiVolume",
    "Scaling",
    "end_of",
    "open_volume",
    "read_header",
    "save_upsampled",
    "scaling_of",
]

WHAT = "NIfTI image"


@dataclass(frozen=True)
class NiftiVolume(Volume):
    """An image with the header that its result keeps."""

    header: Any = None


def open_volume(path: Path) -> Volume:
    """Return the image in a .nii or .nii.gz file; intensities are scaled as the header says.

    A compressed file stays open from the first reading on, so that a series is inflated once and
    not once for each volume.
    """
    header, packed = read_header(path)
    return _volume(path, header, packed)


def read_header(path: Path) -> tuple[Any, bool]:
    """Return the header of an image, and whether its file, which is long enough, is packed."""
    extra("nibabel")
    with readable(path, WHAT):
        packed = gzips.is_gzip(path)
        opener: Any = gzip.open if packed else open
        with opener(path, "rb") as file:
            header = nifti_headers.read(file, path)
            _check_length(path, end_of(header), packed)
    return header, packed


class Scaling(NamedTuple):
    """Numbers that a header has voxels multiplied by and shifted."""

    slope: float
    inter: float
    dtype: np.dtype[Any]  # that the work is done in

    def apply(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """Return voxels as they are meant, rounded once."""
        scale = extra("nibabel.volumeutils").apply_read_scaling
        found: NDArray[Any] = scale(voxels, self.slope, self.inter).astype(self.dtype)
        return found


def scaling_of(header: Any, path: Path) -> Scaling | None:
    """Return how voxels are scaled, None where they are not."""
    with readable(path, WHAT):
        slope, inter = header.get_slope_inter()
    slope, inter = 1.0 if slope is None else slope, 0.0 if inter is None else inter
    if (slope, inter) == (1.0, 0.0):
        return None
    wide = result_dtype(header.get_data_dtype(), path) == np.float64
    return Scaling(slope, inter, np.dtype(np.float64 if wide else np.float32))


def _volume(path: Path, header: Any, packed: bool) -> Volume:
    """Return the volume of an image."""
    proxy = extra("nibabel.arrayproxy").ArrayProxy
    opened: list[gzip.GzipFile] = []  # a compressed file

    def inflated() -> gzip.GzipFile:
        if not opened:
            opened.append(gzip.open(path))  # noqa: SIM115 - until `finish`
        return opened[0]

    def read(t: int) -> NDArray[Any]:
        with readable(path, WHAT):
            if packed:
                return _part(proxy(inflated(), header, mmap=False), volume.place(t))
            with path.open("rb") as file:
                return _part(proxy(file, header), volume.place(t))

    def finish() -> None:
        if packed:
            with readable(path, WHAT), inflated() as file:
                gzips.verify(file, path, end_of(header))

    dtype = result_dtype(header.get_data_dtype(), path)
    unit = nifti_headers.unit_of(header)
    affine, shape = header.get_best_affine(), header.get_data_shape()
    volume = NiftiVolume(shape, dtype, read, affine, unit, named=True, finish=finish, header=header)
    return volume


def _part(voxels: Any, place: tuple[int | slice, ...]) -> NDArray[Any]:
    """Return a volume of an image; the only one can be mapped into memory."""
    return np.asanyarray(voxels[place] if len(place) > 3 else voxels)


def end_of(header: Any) -> int:
    """Return where the voxels end in the file, once inflated."""
    bytes_of_one = int(header.get_data_dtype().itemsize)
    return int(header.get_data_offset()) + int(prod(header.get_data_shape())) * bytes_of_one


def _check_length(path: Path, end: int, packed: bool) -> None:
    """Raise where a file is too short for its voxels; tell where one that is not packed is longer.

    For a compressed file this only keeps memory from being asked for that no file could fill.
    """
    size = path.stat().st_size
    if end > (size * gzips.LARGEST_RATIO if packed else size):
        raise ValueError(f"its header promises {end} bytes, and there are {size}")
    if not packed and end < size:
        gzips.tell_surplus(path, size - end)


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
    """Return the header of the result, that of the volume as far as it stays true."""
    spatialimages = extra("nibabel.spatialimages")
    try:
        if isinstance(volume, NiftiVolume):
            header = volume.header.copy()
        else:
            header = nifti_headers.made(volume)
        nifti_headers.refine(header, volume, factors)
    except spatialimages.HeaderDataError as error:
        raise ValueError(f"NIfTI cannot describe the upsampled volume: {error}") from error
    return header


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
