"""Headers of NIfTI images: read, mended where something beside the voxels is odd, and refined."""

import logging
import struct
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..grid import Affine, Triple, Volume, refined, upsampled_shape, voxel_size
from ..terminal import extra

__all__ = ["made", "read", "refine", "shape_of", "unit_of"]

CLASSES = {348: "Nifti1Header", 540: "Nifti2Header"}  # by the number that a file begins with
SPACE_UNITS = {0: "mm", 1: "m", 2: "mm", 3: "µm"}  # nothing said means mm
NAMES = {"m": "meter", "mm": "mm", "µm": "micron"}  # nibabel's
TIME_UNITS = {0, 8, 16, 24, 32, 40, 48}
ROUNDING = 1e-5  # that a quaternion may be too long by, and nobody needs to be told


def read(file: IO[bytes], path: Path) -> Any:
    """Return the header at the start of a file; what is odd but not needed is told and mended."""
    start = file.read(4)
    found = [struct.unpack(order + "i", start)[0] for order in "<>" if len(start) == 4]
    sizes = [size for size in found if size in CLASSES]
    if not sizes:
        raise ValueError("it does not begin with the length of a NIfTI header, 348 or 540")
    file.seek(0)
    kind = getattr(extra("nibabel"), CLASSES[sizes[0]])
    header = kind.from_fileobj(file, check=False)
    _check(header, path)
    for mend in (_mend_quaternion, _drop_unusable_forms, _tell_units):
        mend(header, path)
    return header


def unit_of(header: Any) -> str:
    """Return the unit of space."""
    return SPACE_UNITS.get(int(header["xyzt_units"]) & 7, "mm")


def shape_of(volume: Volume, factors: Triple) -> tuple[int, ...]:
    """Return the shape of the upsampled image: axes of space come first."""
    shape = upsampled_shape(volume.shape, factors, volume.space)
    return tuple(shape[axis] for axis in (*volume.space, *volume.others))


def made(volume: Volume) -> Any:
    """Return a header for a volume from another kind of file; voxels of unknown size are 1 mm."""
    affine = np.eye(4) if volume.affine is None else volume.affine
    header = extra("nibabel").Nifti1Header()
    shape = shape_of(volume, (1, 1, 1))
    header.set_data_shape(shape)
    header.set_zooms((*voxel_size(affine), *[1] * len(shape))[: len(shape)])
    header.set_sform(affine, "aligned")
    header.set_xyzt_units(NAMES.get(volume.unit, "unknown"))
    return header


def refine(header: Any, volume: Volume, factors: Triple) -> None:
    """Change the fields that upsampling changes.

    Kept: units, time step, intent, display range, description, extensions, the codes of both forms.
    Timing of slices is dropped where slices were divided, as it numbers slices that are gone.
    """
    forms = _forms(header)
    header.set_data_shape(shape_of(volume, factors))
    header.set_data_dtype(volume.dtype)
    header["magic"] = header.single_magic
    header.set_data_offset(0)  # anew: behind the extensions, wherever they end
    header.set_slope_inter(1, 0)
    # field by field: nibabel's setters refuse what is odd beside, and recompute what stays
    header["pixdim"][1:4] /= factors
    if "qform" in forms:
        fields = ("qoffset_x", "qoffset_y", "qoffset_z")
        for field, value in zip(fields, refined(forms["qform"], factors)[:3, 3], strict=True):
            header[field] = value
    if "sform" in forms:
        fields = ("srow_x", "srow_y", "srow_z")
        for field, row in zip(fields, refined(forms["sform"], factors), strict=False):
            header[field] = row
    slice_axis = (int(header["dim_info"]) >> 4 & 3) - 1
    if slice_axis >= 0 and factors[slice_axis] > 1:
        for field in ("slice_start", "slice_end", "slice_code", "slice_duration"):
            header[field] = 0


def _forms(header: Any) -> dict[str, Affine]:
    """Return the affines that the header states, by name."""
    found = {}
    if header["qform_code"]:
        found["qform"] = header.get_qform()
    if header["sform_code"]:
        found["sform"] = header.get_sform()
    return found


def _check(header: Any, path: Path) -> None:
    """Raise what cannot be, let nibabel mend what can, and tell it as warnings."""
    logger = logging.Logger("nibabel", logging.WARNING)
    handler = logging.Handler()
    handler.emit = lambda record: _warn(path, record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    header.check_fix(logger, error_level=40)
    axes, shape = int(header["dim"][0]), header.get_data_shape()
    if not 1 <= axes <= 7:
        raise ValueError(f"the number of its axes must be 1 to 7, got {axes}")
    if min(shape) < 0:
        raise ValueError(f"its extents must not be negative, got {shape}")
    if len(shape) > 3 and header["pixdim"][4] < 0:
        _warn(path, f"a time step should be positive, got {header['pixdim'][4]:g}; kept")


def _mend_quaternion(header: Any, path: Path) -> None:
    """Shorten a quaternion that is longer than 1, as the reference implementation does."""
    fields = ("quatern_b", "quatern_c", "quatern_d")
    vector = np.array([float(header[field]) for field in fields])
    with np.errstate(over="ignore"):
        square = float(vector @ vector)
    allowed = 1 + abs(float(header.quaternion_threshold))
    if not header["qform_code"] or not allowed < square < np.inf:
        return
    if square > 1 + ROUNDING:
        _warn(path, f"its quaternion should have length 1, got {square**0.5:g}; shortened")
    for field, value in zip(fields, vector / square**0.5, strict=True):
        header[field] = value


def _drop_unusable_forms(header: Any, path: Path) -> None:
    """Take the code from a form that is no place in space, so that the other one is used."""
    for name in ("qform", "sform"):
        if not header[f"{name}_code"]:
            continue
        try:
            with np.errstate(all="ignore"):
                affine = header.get_qform() if name == "qform" else header.get_sform()
        except ValueError as error:  # a quaternion of no length
            affine, reason = np.full((4, 4), np.nan), str(error)
        else:
            reason = f"got {affine[:3].tolist()}"
        if not np.isfinite(affine).all():
            _warn(path, f"its {name} should be finite, {reason}; not used")
            header[f"{name}_code"] = 0


def _tell_units(header: Any, path: Path) -> None:
    """Tell units that NIfTI does not know."""
    code = int(header["xyzt_units"])
    if code & 7 not in SPACE_UNITS or code & 56 not in TIME_UNITS:
        _warn(path, f"xyzt_units {code} names no known units; kept, and space is taken as mm")


def _warn(path: Path, told: str) -> None:
    """Warn of something in a file."""
    warnings.warn(f"{path}: {told}", stacklevel=2)
