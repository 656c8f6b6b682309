"""How large graphs are, and what they cost before anything is computed."""

import pickle
import time

import dask
import dask.array as da
import numpy as np
import pytest

import conv3dt.dask
from conv3dt.dask.tasks import NATIVE

newer = pytest.mark.skipif(not NATIVE, reason="this version of dask fuses less")


def layer(n, k, source=da.zeros):
    """A layer of n^3 chunks."""
    w = np.ones((k, k, k, 1, 1), np.float32)
    x = source((1, 8 * n, 8 * n, 8 * n, 1), chunks=(1, 8, 8, 8, 1), dtype=np.float32)
    return conv3dt.dask.conv3d_transpose(x, w, (1, 16 * n, 16 * n, 16 * n, 1), 2)


def graph_of(collection):
    """Return the graph that is computed, without other names of its tasks."""
    (optimized,) = dask.optimize(collection)
    graph = dict(optimized.__dask_graph__())
    return {key: task for key, task in graph.items() if type(task).__name__ != "Alias"}


def tasks(graph):
    """Return how many tasks there are; data are none: filters, and arrays that are read."""
    return sum(type(task) is tuple or hasattr(task, "func") for task in graph.values())


@newer
@pytest.mark.parametrize(("k", "most"), [(2, 1), (4, 2)], ids=["no halo", "halo"])
def test_tasks_and_bytes_of_a_chunk(k, most):
    small, large = (graph_of(layer(n, k)) for n in (8, 16))
    assert tasks(large) == 8 * tasks(small) == most * 4096
    assert len(pickle.dumps(large)) < 300 * 4096


@newer
@pytest.mark.parametrize(("k", "most"), [(2, 1), (4, 2)], ids=["no halo", "halo"])
def test_what_is_read_and_stored_is_fused(k, most, tmp_path):
    zarr = pytest.importorskip("zarr")
    shape = 1, 16, 16, 16, 1
    source = zarr.open(
        str(tmp_path / "x"), mode="w", shape=shape, chunks=(1, 4, 4, 4, 1), dtype="f4"
    )
    source[...] = np.arange(4096).reshape(shape)
    shape = 1, 32, 32, 32, 1
    target = zarr.open(
        str(tmp_path / "y"), mode="w", shape=shape, chunks=(1, 8, 8, 8, 1), dtype="f4"
    )
    w = np.ones((k, k, k, 1, 1), np.float32)
    y = conv3dt.dask.conv3d_transpose(da.from_zarr(source), w, shape, 2)
    stored = da.store(y, target, compute=False, lock=False)
    assert tasks(graph_of(stored)) == most * 64
    stored.compute()
    np.testing.assert_array_equal(target[...], conv3dt.conv3d_transpose(source[...], w, shape, 2))
    y.to_zarr(str(tmp_path / "z"))
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "z"))[...], target[...])


@newer
def test_time_of_a_chunk():
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        pickle.dumps(graph_of(layer(16, 4)))
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 150e-6 * 4096


def test_an_array_costs_little_before_it_is_computed():
    begun = time.process_time()
    y = layer(32, 4)
    assert y.npartitions == 32**3
    assert time.process_time() - begun < 1
    y = y[:, :20, :20, :20]
    assert len(graph_of(y)) < 100


def test_filters_are_in_the_graph_once():
    w = np.ones((4, 4, 4, 500, 500), np.float32)
    x = da.zeros((1, 16, 16, 16, 500), chunks=(1, 1, 1, 1, 500), dtype=np.float32)
    y = conv3dt.dask.conv3d_transpose(x, w, (1, 32, 32, 32, 500), 2)
    assert y.npartitions == 4096
    for graph in (graph_of(y), y.__dask_graph__()):
        assert w.nbytes < len(pickle.dumps(graph)) < w.nbytes + 1e6


def test_a_graph_without_dasks_own_tasks(monkeypatch):
    """Tuples are what older versions of dask have."""
    monkeypatch.setattr("conv3dt.dask.tasks.NATIVE", False)
    y, x = layer(2, 4, da.ones), np.ones((1, 16, 16, 16, 1), np.float32)
    assert all(type(task) is tuple for task in y.dask.layers[y.name].values())
    w = np.ones((4, 4, 4, 1, 1), np.float32)
    np.testing.assert_array_equal(y, conv3dt.conv3d_transpose(x, w, y.shape, 2))
