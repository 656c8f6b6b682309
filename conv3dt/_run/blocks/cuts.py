"""How a result is cut into chunks, by the chunks of its input."""

from itertools import accumulate, pairwise

from .work import Work

__all__ = ["Cuts", "chunks_of"]

Cuts = tuple[tuple[int, ...], ...]  # of each dimension the lengths of its chunks


def chunks_of(work: Work, chunks: Cuts) -> Cuts:
    """Return the chunks of a result: those of the input, as much longer or shorter as its axes.

    Chunks that are equal, but for the last, stay so. Where outputs need all of the inputs, as
    channels do, there is one chunk.

    >>> from types import SimpleNamespace
    >>> work = SimpleNamespace(strides=((1, 1), (2, 1), (1, 2)), output_shape=(2, 21, 5))
    >>> chunks_of(work, ((1, 1), (4, 4, 2), (4, 4, 2)))
    ((1, 1), (8, 8, 5), (2, 2, 1))
    """
    return tuple(
        _of_axis(*axis) for axis in zip(work.strides, chunks, work.output_shape, strict=True)
    )


def _of_axis(stride: tuple[int, int], chunks: tuple[int, ...], length: int) -> tuple[int, ...]:
    """Return the chunks along one axis."""
    outputs, inputs = stride
    if not inputs or not length:
        return (length,)
    longest = max(chunks, default=1)
    if len({*chunks[:-1], longest}) == 1:  # as zarr has them
        most = max(1, longest * outputs // inputs)
        return tuple(min(most, length - start) for start in range(0, length, most))
    ends = [min(length, -(-end * outputs // inputs)) for end in accumulate(chunks)]
    most = max(1, longest * outputs // inputs)
    ends += range(ends[-1] + most, length, most)  # outputs behind the last input
    return tuple(hi - lo for lo, hi in pairwise(sorted({0, *ends, length})))
