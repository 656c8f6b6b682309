"""Pictures of a volume before and after: three middle slices, and a detail of each.

Places are counted in inches from the top left corner. One millimetre (or voxel of the input) is as
long in every slice of a picture.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .terminal import extra
from .views import Box, Plane, View, detail, window

__all__ = ["check", "save"]

SUFFIXES = (".png", ".pdf", ".svg")
WIDTH, DPI = 16.0, 100  # inches; dots per inch: 1600 pixels
LEFT, RIGHT = 0.75, 0.3  # margins of each slice: labels of rows are left of it
ABOVE, BELOW = 0.75, 0.6  # bands of each row: titles, labels of columns
TITLE = 0.45
GAP = 0.12  # between details
SIDE = (WIDTH - LEFT - RIGHT - 5 * GAP) / 6  # of a detail
TALLEST = 14.0  # a slice, so that long thin volumes stay within one picture
MARKER = "#ff7f0e"


class Rectangle(NamedTuple):
    """A place in the picture."""

    left: float
    top: float
    width: float
    height: float


def check(path: Path) -> None:
    """Raise what would keep a picture from being drawn at all."""
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"a picture's name must end in {', '.join(SUFFIXES)}, got {path}")
    extra("matplotlib")


def save(part: Path, suffix: str, title: str, views: Sequence[View]) -> None:
    """Draw two views of one volume, before above after, and the same detail of both below."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports building its font cache
    shades = window(views[0])
    boxes = [detail(plane) for plane in views[0].planes]
    places, row = _places(views[0].planes)
    height = TITLE + 2 * row + ABOVE + SIDE + GAP
    figure = extra("matplotlib.figure").Figure(figsize=(WIDTH, height), dpi=DPI)
    _write(figure, WIDTH / 2, 0.1, title, fontsize=17, fontweight="bold", ha="center")
    for n, (name, shown) in enumerate(zip(("before", "after"), views, strict=True)):
        top = TITLE + n * row
        _write(figure, LEFT, top + 0.1, f"{name}: {shown.title}", fontsize=14)
        for m, (plane, place, box) in enumerate(zip(shown.planes, places, boxes, strict=True)):
            ax = _axes(figure, place._replace(top=place.top + top))
            _draw_slice(ax, plane, shown, shades, box)
            left = LEFT + (2 * m + n) * (SIDE + GAP)
            ax = _axes(figure, Rectangle(left, TITLE + 2 * row + ABOVE, SIDE, SIDE))
            _draw_detail(ax, plane, shown, shades, box)
            ax.set(title=f"{plane.title.partition(',')[0]}, {name}")
    _write(figure, LEFT, TITLE + 2 * row + 0.1, "details, as framed above", fontsize=14)
    part.touch(exist_ok=False)
    figure.savefig(part, format=suffix.lower()[1:])


def _places(planes: Sequence[Plane]) -> tuple[list[Rectangle], float]:
    """Return where the slices of a row lie below its top, and the height of the row."""
    free = WIDTH - 3 * (LEFT + RIGHT)
    tallest = max(plane.height for plane in planes)
    scale = min(free / sum(plane.width for plane in planes), TALLEST / tallest)
    unused = (free - scale * sum(plane.width for plane in planes)) / 3
    places, left = [], LEFT
    for plane in planes:
        width, height = plane.width * scale, plane.height * scale
        places.append(Rectangle(left, ABOVE + (tallest * scale - height) / 2, width, height))
        left += width + unused + LEFT + RIGHT
    return places, ABOVE + tallest * scale + BELOW


def _write(figure: Any, left: float, top: float, text: str, **style: Any) -> None:
    """Write a line of text."""
    width, height = figure.get_size_inches()
    # a file's name may hold a dollar sign, which is not mathematics
    figure.text(left / width, 1 - top / height, text, va="top", parse_math=False, **style)


def _axes(figure: Any, place: Rectangle) -> Any:
    """Return new axes."""
    width, height = figure.get_size_inches()
    bottom = height - place.top - place.height
    return figure.add_axes(
        (place.left / width, bottom / height, place.width / width, place.height / height)
    )


def _draw_slice(ax: Any, plane: Plane, shown: View, shades: tuple[float, float], box: Box) -> None:
    """Draw a slice with axes, and frame its detail."""
    _draw(ax, plane, shown, shades)
    ax.set(title=plane.title, xlabel=plane.column_label, ylabel=plane.row_label)
    corner = shown.start + box.left * plane.width, shown.start + box.top * plane.height
    sides = box.width * plane.width, box.height * plane.height
    frame = extra("matplotlib.patches").Rectangle(corner, *sides, fill=False)
    frame.set(edgecolor=MARKER, linewidth=1.5)
    ax.add_patch(frame)


def _draw_detail(ax: Any, plane: Plane, shown: View, shades: tuple[float, float], box: Box) -> None:
    """Draw nothing but the detail of a slice."""
    _draw(ax, plane, shown, shades)
    top, left = shown.start + box.top * plane.height, shown.start + box.left * plane.width
    bottom, right = top + box.height * plane.height, left + box.width * plane.width
    ax.set(xlim=(left, right), ylim=(top, bottom) if shown.upwards else (bottom, top))
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(edgecolor=MARKER, linewidth=1.5)


def _draw(ax: Any, plane: Plane, shown: View, shades: tuple[float, float]) -> None:
    """Draw a slice so that each voxel is seen."""
    start = shown.start
    edges = (start, start + plane.height) if shown.upwards else (start + plane.height, start)
    ax.imshow(
        plane.image,
        cmap="gray",
        vmin=shades[0],
        vmax=shades[1],
        interpolation="nearest",
        origin="lower" if shown.upwards else "upper",
        extent=(start, start + plane.width, *edges),
        aspect="auto",  # the axes have the right shape already
    )
