"""How a result is cut into chunks and shards, which are its units of writing."""

from math import prod

from ..formats.zarr_layout import Pieces
from ..grid import Triple

__all__ = ["chosen", "coarser", "default", "fitted"]

LONGEST = 128  # voxels of an axis in a chunk that nobody asked for
SHORTEST = 64  # and in one of a volume that would lie in one chunk otherwise
LARGEST = 2**25  # bytes of such a chunk
SMALLEST = 2**16  # bytes of a chunk that an input's may become: files cost a call each


def chosen(
    shape: tuple[int, ...],
    space: Triple,
    kept: Pieces,
    chunks: Triple | None,
    shards: Triple | None,
    levels: int,
) -> Pieces:
    """Return chunks and shards of an array.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    space : (int, int, int)
        Its axes of space.
    kept : Pieces
        What it has where nothing is asked for.
    chunks, shards : (int, int, int), optional
        Extents along the axes of space that are asked for.
    levels : int
        How many coarser levels it gets: then chunks are even, so that each voxel of a coarser level
        is the mean of voxels of one chunk.

    Returns
    -------
    Pieces
        Extents along all axes.

    Raises
    ------
    ValueError
        Shards that are no multiples of chunks; chunks that are odd where they must not be.
    """
    found = list(kept.chunks)
    for axis, size in zip(space, chunks or (), strict=chunks is not None):
        found[axis] = min(size, shape[axis])
    if levels:
        found = _even(found, shape, space, chunks)
    if shards is None and kept.shards is None:
        return Pieces(tuple(found))
    wanted = [kept.shards[n] if kept.shards else size for n, size in enumerate(found)]
    for axis, size in zip(space, shards or (), strict=shards is not None):
        wanted[axis] = min(size, -(-shape[axis] // found[axis]) * found[axis])
    if shards is not None and any(s % c for s, c in zip(wanted, found, strict=True)):
        pair = f"shards {_listed(wanted, space)} of chunks {_listed(found, space)}"
        raise ValueError(f"a shard must be a multiple of its chunk along each axis, got {pair}")
    whole = [max(1, s // c) * c for s, c in zip(wanted, found, strict=True)]
    return Pieces(tuple(found), tuple(whole))


def _even(
    found: list[int], shape: tuple[int, ...], space: Triple, chunks: Triple | None
) -> list[int]:
    """Return extents that are even along axes of space that they cut."""
    odd = [axis for axis in space if found[axis] % 2 and found[axis] < shape[axis]]
    if odd and chunks is not None:
        rule = "chunks must be even where an image has several levels"
        raise ValueError(f"{rule}, got {_listed(found, space)}")
    return [size + (axis in odd) for axis, size in enumerate(found)]


def _listed(extents: list[int], space: Triple) -> str:
    """Return extents along the axes of space as they are printed."""
    return " x ".join(str(extents[axis]) for axis in space)


def default(
    shape: tuple[int, ...], space: Triple, itemsize: int, whole: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Return extents of chunks: about cubes in space, one at a time along other axes.

    Along the axes `whole`, those of channels, a chunk has all there are unless it grows too large.

    >>> default((500, 600, 100), (0, 1, 2), 4)
    (128, 128, 100)
    """
    found = [1] * len(shape)
    for axis in whole:
        found[axis] = shape[axis]
    for axis in space:
        found[axis] = min(LONGEST, shape[axis])
    if tuple(found) == shape and prod(shape[axis] for axis in space) > SHORTEST**3:
        for axis in space:
            found[axis] = min(SHORTEST, shape[axis])
    while prod(found) * itemsize > LARGEST:
        longest = max(range(len(shape)), key=lambda axis: found[axis])
        found[longest] = -(-found[longest] // 2)
    return tuple(found)


def coarser(shape: tuple[int, ...], space: Triple, level: int) -> tuple[int, ...]:
    """Return the shape of a coarser level, whose last voxels may be means of fewer.

    >>> coarser((2, 9, 8, 1), (1, 2, 3), 2)
    (2, 3, 2, 1)
    """
    return tuple(
        -(-length // 2**level) if axis in space else length for axis, length in enumerate(shape)
    )


def fitted(pieces: Pieces, shape: tuple[int, ...]) -> Pieces:
    """Return chunks and shards that are no longer than a coarser level."""
    chunks = tuple(min(size, length) for size, length in zip(pieces.chunks, shape, strict=True))
    if pieces.shards is None:
        return Pieces(chunks)
    triples = zip(pieces.shards, chunks, shape, strict=True)
    return Pieces(chunks, tuple(min(s, -(-n // c) * c) for s, c, n in triples))
