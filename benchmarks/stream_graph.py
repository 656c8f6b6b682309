"""What a graph takes before anything is computed: tasks, pickled bytes and time of the client."""

import pickle
import time

import numpy as np

from .common import Layer, output_shape
from .stream_layers import overlap

__all__ = ["measure", "table"]

KERNELS = {"no halo": 2, "halo": 4}
SIDE = 8  # of the chunks: nothing is computed


def measure(along, rounds):
    """Return tasks, bytes and microseconds a chunk, by way and number of chunks along an axis."""
    return [
        {"way": f"{title}, {name}", "chunks": n**3} | best(way, layer_of(n, k), rounds)
        for title, way in (("`conv3dt.dask`", ours), ("`map_overlap`", theirs))
        for name, k in KERNELS.items()
        for n in along
    ]


def layer_of(along, k):
    return Layer(1, (SIDE * along,) * 3, 1, 1, (k,) * 3, (2, 2, 2))


def ours(x, layer):
    """Return the lazy result."""
    import conv3dt.dask

    w = np.ones((*layer.k, 1, 1), np.float32)
    return conv3dt.dask.conv3d_transpose(x, w, output_shape(layer), 2)


def theirs(x, layer):
    """Return the same of `map_overlap`; what its function computes does not matter here."""
    return overlap(x, np.positive, layer)


def best(way, layer, rounds):
    """Return the least processor time of making, optimizing and pickling a graph, and its size."""
    graph_of(way, layer_of(2, layer.k[0]))  # imports
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        graph = graph_of(way, layer)
        n_bytes = len(pickle.dumps(graph))
        seconds.append(time.process_time() - start)
    chunks = (layer.i[0] // SIDE) ** 3
    tasks = sum(hasattr(task, "func") for task in graph.values())
    found = {"tasks": tasks, "bytes": n_bytes, "microseconds": min(seconds) * 1e6}
    return {name: number / chunks for name, number in found.items()}


def graph_of(way, layer):
    """Return the graph that is computed, without other names of its tasks."""
    import dask
    import dask.array as da

    x = da.zeros((1, *layer.i, 1), chunks=(1, SIDE, SIDE, SIDE, 1), dtype=np.float32)
    (optimized,) = dask.optimize(way(x, layer))
    graph = dict(optimized.__dask_graph__())
    return {key: task for key, task in graph.items() if type(task).__name__ != "Alias"}


def table(results):
    """Return what a chunk takes."""
    rows = (
        f"| {x['way']} | {x['chunks']} | {x['tasks']:.1f} | {x['bytes']:.0f}"
        f" | {x['microseconds']:.0f} |"
        for x in results
    )
    titles = "| a chunk takes | of chunks | tasks | bytes | us of the client |"
    return "\n".join([titles, "|---|---:|---:|---:|---:|", *rows])
