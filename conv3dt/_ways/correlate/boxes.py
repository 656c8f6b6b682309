"""How positions are cut: boxes, which are summed in registers, and slabs, with sums of their own.

From the shapes alone, so that the sums do not depend on the number of threads.
"""

from math import ceil, prod
from typing import TypeAlias

from ..._geometry.integers import n_tiles
from ..._geometry.tuning import TUNING
from .layer import Correlation

__all__ = ["Box", "box_of", "box_within", "packed_bytes", "slabs_of"]

Box: TypeAlias = tuple[int, int, int, int]  # positions along batch, depth, height and width


def box_of(layer: Correlation) -> Box:
    """Return the positions of a box: fewer, where what is packed of them would be too much."""
    few, many = TUNING.correlate_positions
    big = layer.cb * prod(axis.s for axis in layer.axes)
    near = TUNING.correlate_near // (layer.storage.size * (big + layer.cs))
    return box_within(layer, max(few, min(many, near)))


def box_within(layer: Correlation, most: int) -> Box:
    """Return a box of at most so many positions, of which not too much is packed."""
    while True:
        box = _box(layer, most)
        if most == 1 or sum(packed_bytes(layer, box)) <= TUNING.correlate_bytes:
            return box
        most = ceil(most / 2)


def slabs_of(layer: Correlation, boxes: int, sums: int) -> int:
    """Return how many slabs so many boxes make, a power of two; each has so many bytes of sums."""
    found = 1
    while (
        2 * found <= min(boxes, TUNING.correlate_slabs)
        and layer.positions >= 2 * found * TUNING.correlate_slab
        and 2 * found * sums <= TUNING.correlate_sums
    ):
        found *= 2
    return found


def packed_bytes(layer: Correlation, box: Box) -> tuple[int, int]:
    """Return the bytes of what is packed for a box, of big and of small."""
    depth, height, width = layer.axes
    row = min(width.i, width.between(box[3]))
    big = box[0] * depth.rows(box[1]) * height.rows(box[2]) * row * layer.cb
    numbers = big, prod(box) * layer.cs
    big, small = (
        x * layer.storage.size if packed else 0
        for x, packed in zip(numbers, layer.packed, strict=True)
    )
    return big, small


def _box(layer: Correlation, most: int) -> Box:
    """Return a box of at most `most` positions: whole images, planes or rows, or part of a row."""
    depth, height, width = (axis.o for axis in layer.axes)
    image, plane = depth * height * width, height * width
    if image <= most:
        return _even(layer.n, most // image), depth, height, width
    if plane <= most:
        return 1, _even(depth, most // plane), height, width
    if width <= most:
        return 1, 1, _even(height, most // width), width
    return 1, 1, 1, _even(width, most)


def _even(count: int, most: int) -> int:
    """Return how many a part has at most, of parts as even as possible."""
    return n_tiles(count, n_tiles(count, most))
