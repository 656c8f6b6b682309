"""Any computation that can be done part by part, as an array of dask."""

from math import isnan
from typing import Any

import dask.array as da
import numpy as np
from dask import delayed
from dask.array.core import normalize_chunks
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from .._call.scalars import as_integer, shown
from .._compiler.version import __version__
from .._run.blocks.cuts import chunks_of
from .._run.blocks.work import Work
from .graph import ChunkLayer
from .job import Job, Reads, compute_block, reads

__all__ = ["as_lazy", "as_threads", "lazy"]

_LARGEST = 1 << 31  # bytes of a chunk that is made of several, because outputs need all of an axis


def as_lazy(function: str, given: Any) -> Any:
    """Return anything array-like as an array of dask whose shape is known."""
    x = given if isinstance(given, da.Array) else da.asarray(given)
    if any(isnan(extent) for extent in x.shape):
        raise ValueError(
            f"{function}: input must have a known shape; got {x.shape}."
            " compute_chunk_sizes() finds it out."
        )
    return x


def as_threads(function: str, threads: Any) -> int | None:
    """Return how many threads a task may use; workers may have more processors than we."""
    if threads is None:
        return None
    count = as_integer(function, "threads", threads)
    if count < 1:
        raise ValueError(f"{function}: threads must be at least 1; got {shown(count)}.")
    return count


def lazy(
    work: Work, x: Any, function: str, chunks: Any = None, threads: int | None = None
) -> da.Array:
    """Return the result of a work on a dask array: a task for each chunk, none is run.

    Parameters
    ----------
    work : Work
        What is computed.
    x : dask array, shape `work.input_shape`
        Axes of which every output needs all become one chunk.
    function : str
        What errors and names begin with.
    chunks : optional
        Of the result, in any form that dask takes. None follows the chunks of `x`.
    threads : int, optional
        Of each task. None is its share of the process that it runs in.
    """
    x = _merged(work, x, function)
    outputs = _cut(work, x, function, chunks)
    token = tokenize(x.name, x.dtype.str, work.meaning(), outputs, threads, __version__)
    job = Job(token, function, work, x.dtype, (x.chunks, outputs), threads)
    spans = reads(work, x.chunks, outputs)
    make = _aligned if all(map(_is_aligned, spans, x.chunks)) else _layered
    return make(f"{function}-{token}", job, spans, x)


def _cut(work: Work, x: Any, function: str, wanted: Any) -> Any:
    """Return the chunks of the result: as wanted, else those that follow the input's."""
    found = chunks_of(work, x.chunks)
    if wanted is None:
        return found
    given, n = wanted, len(found)
    if isinstance(given, dict):
        given = tuple(given.get(axis, given.get(axis - n)) for axis in range(n))
    if isinstance(given, (tuple, list)) and len(given) == n:
        given = tuple(f if g is None else g for f, g in zip(found, given, strict=True))
    shape = work.output_shape
    try:
        cut = normalize_chunks(given, shape, dtype=work.dtype, previous_chunks=found)
        if any(min(lengths, default=0) < 0 for lengths in cut):
            raise ValueError("a chunk has no negative length")
        return cut
    except Exception as error:
        raise ValueError(
            f"{function}: chunks must be chunks of the result, whose shape is {shape}; got"
            f" {shown(wanted)}: {error}"
        ) from error


def _is_aligned(spans: tuple[tuple[int, int], ...], lengths: tuple[int, ...]) -> bool:
    """Return whether along an axis every chunk reads the input chunk at the same place, only."""
    return len(spans) == len(lengths) and all(span == (n, n + 1) for n, span in enumerate(spans))


def _aligned(name: str, job: Job, spans: Reads, x: Any) -> da.Array:
    """Return an array without neighbours, which dask fuses with what is before and after."""
    node = delayed(job, name=_filters(name), pure=True, traverse=False)
    return da.map_blocks(
        compute_block, node, x, name=name, chunks=job.outputs, meta=_meta(job), dtype=job.dtype
    )


def _layered(name: str, job: Job, spans: Reads, x: Any) -> da.Array:
    """Return an array whose chunks read neighbours."""
    filters = _filters(name)
    layer = ChunkLayer((name, filters, x.name), spans)
    graph = HighLevelGraph(
        {**x.dask.layers, filters: {filters: job}, name: layer},
        {**x.dask.dependencies, filters: set(), name: {filters, *x.__dask_layers__()}},
    )
    return da.Array(graph, name, job.outputs, meta=_meta(job))


def _filters(name: str) -> str:
    """Return the name of the node with what all tasks have in common."""
    function, _, token = name.rpartition("-")
    return f"{function}-filters-{token}"


def _meta(job: Job) -> NDArray[Any]:
    return np.empty((0,) * len(job.outputs), job.dtype)


def _merged(work: Work, x: Any, function: str) -> Any:
    """Return an array with one chunk along axes of which every output needs all."""
    axes = [axis for axis, strides in enumerate(work.strides) if strides == (0, 0)]
    axes = [axis for axis in axes if x.numblocks[axis] > 1]
    if not axes:
        return x
    size = x.dtype.itemsize
    for axis, lengths in enumerate(x.chunks):
        size *= x.shape[axis] if axis in axes else max(lengths)
    if size > _LARGEST:
        raise ValueError(
            f"{function}: input must have one chunk along axis {axes[0]}, and chunks of at most"
            f" {_LARGEST >> 30} GiB then; got {x.numblocks[axes[0]]} chunks, which would become"
            f" chunks of {size / 2**30:.1f} GiB. Rechunk the other axes first."
        )
    return x.rechunk(dict.fromkeys(axes, -1))
