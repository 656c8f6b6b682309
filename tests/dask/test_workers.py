"""What tasks take of the processes that they run in."""

import json
import os
import pickle
import threading
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

import conv3dt.dask
from conv3dt._run import filters
from conv3dt._runtime import recycle, team
from conv3dt.dask import job
from conv3dt.dask.arrays import lazy
from tests.dask.fakes import Threads
from tests.helpers.processes import run

PROCESSORS = team.available()


# ---- threads -------------------------------------------------------------------------------------


def given(y=None, **options):
    """Return how many threads tasks are given."""
    y = lazy(Threads((1, 4)), da.zeros((1, 4), chunks=(1, 1)), "threads", threads=y)
    return {*y.compute(**options).ravel().tolist()}


def test_threads_of_local_schedulers():
    assert given(scheduler="threads") == {1}
    assert given(scheduler="processes", num_workers=1) == {1}
    assert given(scheduler="sync") == {PROCESSORS}
    with conv3dt.threads(1):
        assert given(scheduler="sync") == {1}
    assert given(10_000, scheduler="threads") == {PROCESSORS}


@pytest.mark.parametrize("wrong", [0, -1])
def test_threads_that_are_none(wrong):
    with pytest.raises(ValueError, match="upsample: threads must be at least 1"):
        conv3dt.dask.upsample(np.zeros((2, 2, 2)), threads=wrong)


TASKS_OF_DASK = "Dask-Default"  # how distributed names the threads of a worker that run tasks

TASKS = """
import json
from distributed import Client, LocalCluster
import conv3dt.dask, dask.array as da
from tests.dask.test_workers import given, ticks

options = json.loads(sys.argv[1])
x = da.ones((1, 80, 40, 40, 64), chunks=(1, 40, 40, 40, 64), dtype="f4")
y = conv3dt.dask.conv3d_transpose(x, np.ones((4, 4, 4, 64, 64), "f4"), (1, 160, 80, 80, 64), 2)
with LocalCluster(dashboard_address=":0", **options) as cluster, Client(cluster) as client:
    found = given()
    y.mean().compute()  # compiled
    before = client.run(ticks)
    y.mean().compute()
    after = client.run(ticks)
    gained = [
        after[worker][thread] - before[worker].get(thread, 0)
        for worker in after for thread in after[worker]
    ]
    print(json.dumps([sorted(found), sum(gain > max(gained) / 8 for gain in gained)]))
"""


def ticks():
    """Return the processor time of each thread of this process that computes: tasks' and ours."""
    found, python = {}, {str(each.native_id): each.name for each in threading.enumerate()}
    for stat in Path("/proc/self/task").glob("*/stat"):
        if TASKS_OF_DASK in python.get(stat.parent.name, TASKS_OF_DASK):
            fields = stat.read_text().rpartition(")")[2].split()
            found[stat.parent.name] = int(fields[11]) + int(fields[12])
    return found


WORKERS = {  # processes, their slots, CONV3DT_NUM_THREADS, what a task is given of two processors
    "a nanny's variable counts": pytest.param(1, 1, None, 1, marks=pytest.mark.slow),
    "ours counts more": (1, 1, "2", 2),
    "two tasks at a time": (1, 2, "2", 1),
    "two workers": pytest.param(2, 1, None, 1, marks=pytest.mark.slow),
}


@pytest.mark.skipif(PROCESSORS < 2 or os.name != "posix", reason="needs two processors")
@pytest.mark.parametrize(("workers", "slots", "variable", "share"), WORKERS.values(), ids=WORKERS)
def test_threads_of_workers(workers, slots, variable, share):
    options = json.dumps({"n_workers": workers, "threads_per_worker": slots})
    unset = dict.fromkeys(["OMP_NUM_THREADS", "NUMBA_NUM_THREADS"])
    printed = run(TASKS, options, CONV3DT_NUM_THREADS=variable, **unset)
    found, busy = json.loads(printed)
    assert found == [share]
    assert busy <= workers * slots * share <= 2


def test_workers_in_one_process_share_it():
    from distributed import Client, LocalCluster

    options = {"processes": False, "dashboard_address": ":0", "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster):
        assert given() == {max(1, PROCESSORS // 2)}


# ---- memory --------------------------------------------------------------------------------------


def count_packing():
    """Count from now on how often filters are packed in this process."""
    pack, counted = filters.pack, []

    def counting(*arguments):
        counted.append(1)
        return pack(*arguments)

    filters.pack = counting
    filters.counted = counted


def packed():
    """Return how often they were."""
    return len(filters.counted)


def test_filters_are_packed_once_a_process(cluster):
    cluster.run(count_packing)
    w = np.random.default_rng(0).standard_normal((2, 2, 2, 32, 32)).astype(np.float32)
    x = da.random.random((1, 16, 16, 16, 32), chunks=(1, 4, 4, 4, 32)).astype(np.float32)
    y = conv3dt.dask.conv3d_transpose(x, w, (1, 32, 32, 32, 32), 2)
    y.sum().compute()
    y.mean().compute()
    assert {*cluster.run(packed).values()} == {1}


def kept_at_most():
    return recycle._pool.limit


def test_workers_keep_little_memory(cluster):
    shape = (1, 64, 64, 64, 32)
    x = da.zeros((1, 32, 32, 32, 1), chunks=(1, 16, 16, 16, 1), dtype=np.float32)
    w = np.ones((2, 2, 2, 32, 1), np.float32)
    conv3dt.dask.conv3d_transpose(x, w, shape, 2).sum().compute()
    assert max(cluster.run(kept_at_most).values()) == 2 * 32**4 * 4
    assert recycle._pool.limit == recycle._default_limit()  # this is no worker


def test_what_is_kept_can_be_given_back():
    y = lazy(Threads((1, 4), 2), da.zeros((1, 4)), "threads")
    unpickled = pickle.loads(pickle.dumps(y))
    assert unpickled.compute().shape == (1, 8)
    assert job._jobs
    conv3dt.clear_cache()
    assert not job._jobs
