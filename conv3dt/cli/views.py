"""What a picture shows of a volume: its three middle slices, and where they have most detail."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .grid import Affine, Floats, Triple, refined, voxel_size
from .terminal import extents, extra

__all__ = ["Box", "Plane", "View", "detail", "view", "window"]

PLANES = (("axial", 0, 1, 2), ("coronal", 1, 0, 2), ("sagittal", 2, 0, 1))  # cut, rows, columns
ANATOMY = ("inferior → superior", "posterior → anterior", "left → right")
DETAIL = 14  # input voxels across a detail
PLACES = 24  # tried along each side for a detail


class Box(NamedTuple):
    """A part of a plane, as fractions of its height and width."""

    top: float
    left: float
    height: float
    width: float


class Plane(NamedTuple):
    """One slice, with its lengths in the units of space."""

    title: str
    image: NDArray[Any]
    height: float
    width: float
    row_label: str
    column_label: str


class View(NamedTuple):
    """Three slices through the middle of a volume."""

    planes: tuple[Plane, ...]
    title: str
    upwards: bool  # rows are drawn from the bottom up
    start: float  # coordinate of the edge of the first voxel


def view(
    volume: Floats, affine: Affine | None = None, unit: str = "mm", factors: Triple = (1, 1, 1)
) -> View:
    """Return what to show of a volume that was made from another one, of this affine, by `factors`.

    With an affine, axes are turned so that they point to superior, anterior and right, and lengths
    are those of space. Without, axes stay as they are and the unit is the input's voxel.
    """
    placed = affine is not None and np.isfinite(affine).all() and np.linalg.det(affine) != 0
    if affine is None or not placed:
        size = tuple(1 / s for s in factors)
        labels = tuple(f"axis {axis} (voxels)" for axis in range(3))
        title = extents(volume.shape)
    else:
        size = voxel_size(refined(affine, factors))
        title = f"{extents(volume.shape)}, voxel {' x '.join(f'{x:.4g}' for x in size)} {unit}"
        volume, size, factors = _upright(volume, affine, size, factors)
        labels = tuple(f"{direction} ({unit})" for direction in ANATOMY)
    planes = (_plane(volume, size, factors, labels, *plane) for plane in PLANES)
    return View(tuple(planes), title, bool(placed), 0.0 if placed else -0.5)


def _upright(
    volume: Floats, affine: Affine, size: tuple[float, ...], factors: Triple
) -> tuple[Floats, tuple[float, ...], Triple]:
    """Return the volume with its axes superior, anterior, right, and what belongs to the axes."""
    orientations = extra("nibabel.orientations")
    orientation = orientations.io_orientation(affine)
    turned: Floats = orientations.apply_orientation(volume, orientation).T
    source = np.argsort(orientation[:, 0])[::-1]
    a, b, c = (int(axis) for axis in source)
    return turned, (size[a], size[b], size[c]), (factors[a], factors[b], factors[c])


def _plane(
    volume: Floats,
    size: tuple[float, ...],
    factors: Triple,
    labels: tuple[str, ...],
    name: str,
    cut: int,
    rows: int,
    columns: int,
) -> Plane:
    """Return the slice nearest to the centre of the input's middle voxel."""
    count, factor = volume.shape[cut], factors[cut]
    index = count // factor // 2 * factor + factor // 2
    image = np.array(np.take(volume, index, axis=cut), dtype=np.float64)
    return Plane(
        f"{name}, slice {index + 1} of {count}",
        image,
        image.shape[0] * size[rows],
        image.shape[1] * size[columns],
        labels[rows],
        labels[columns],
    )


def window(shown: View) -> tuple[float, float]:
    """Return the intensities drawn black and white: robust against a few extreme voxels."""
    values = np.concatenate([plane.image.ravel() for plane in shown.planes])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values, (0.5, 99.5)).tolist()
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def detail(plane: Plane) -> Box:
    """Return a square of `DETAIL` voxels with rich structure, rather in the middle than outside."""
    rows, columns = plane.image.shape
    pixel = (plane.height / rows * plane.width / columns) ** 0.5
    side = min(DETAIL * pixel, plane.height, plane.width)
    height, width = side / plane.height, side / plane.width
    boxes = [
        Box(top, left, height, width)
        for top in np.linspace(0, 1 - height, PLACES).tolist()
        for left in np.linspace(0, 1 - width, PLACES).tolist()
    ]
    return max(boxes, key=lambda box: _texture(plane.image, box) * _nearness(box))


def _nearness(box: Box) -> float:
    """Return 1 for a box in the middle, falling to a half in the corners."""
    down, across = box.top + box.height / 2 - 0.5, box.left + box.width / 2 - 0.5
    return 1 - down**2 - across**2


def _texture(image: NDArray[Any], box: Box) -> float:
    """Return the sum of the roots of all steps between neighbours in a box, -1 if not finite.

    The root prefers much fine structure to one strong edge.
    """
    rows, columns = image.shape
    top, left = int(box.top * rows), int(box.left * columns)
    height, width = math.ceil(box.height * rows), math.ceil(box.width * columns)
    part = image[top : top + height, left : left + width]
    if not np.isfinite(part).all():
        return -1.0
    down, across = np.abs(np.diff(part, axis=0)), np.abs(np.diff(part, axis=1))
    return float(np.sqrt(down).sum() + np.sqrt(across).sum())
