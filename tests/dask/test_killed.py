"""Workers that are killed in the middle: the bits are the same, and little is computed again."""

import os
import signal
import threading
import time
from itertools import islice

import dask.array as da
import numpy as np
import pytest
from dask.array.core import slices_from_chunks
from distributed import Client, as_completed

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._run.blocks.convolution import Convolution
from conv3dt.dask.arrays import lazy
from tests.dask.fakes import Told
from tests.dask.layers import assert_same
from tests.helpers.workers import two_workers

WINDOW = 6
CHUNKS = 125
KILLS = 20, 60, 100


@pytest.fixture
def layer(tmp_path):
    """A layer of chunks with neighbours, a file that counts them, and the whole result."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 20, 20, 20, 8), np.float32)
    w, shape = rng.standard_normal((4, 4, 4, 8, 8), np.float32), (1, 40, 40, 40, 8)
    work = Told(Convolution(as_call("test", x, w, shape, 2, "SAME", "NDHWC", 1)), tmp_path / "told")
    y = lazy(work, da.from_array(x, chunks=(1, 4, 4, 4, 8)), "test")
    assert y.npartitions == CHUNKS
    return work, y, conv3dt.conv3d_transpose(x, w, shape, 2)


@pytest.fixture
def killed(layer):
    """A client of two workers, of which one dies at each of some counts of chunks."""
    with two_workers(memory_limit=0) as cluster, Client(cluster) as client:
        dead: list[int] = []
        killer = threading.Thread(target=_kill, args=(layer[0], client, dead))
        killer.start()
        yield client
        killer.join(60)
        assert len(dead) == len(KILLS)


def _kill(work, client, dead):
    """Kill a worker whenever so many chunks have been begun."""
    for count in KILLS:
        while work.parts() < count:
            time.sleep(0.002)
        workers = client.run(os.getpid)
        dead.append(max(workers.values()))
        os.kill(dead[-1], signal.SIGKILL)


@pytest.mark.slow
def test_computed_at_once(layer, killed):
    work, y, whole = layer
    assert_same(y.compute(), whole)
    assert work.parts() >= CHUNKS


@pytest.mark.slow
def test_stored_in_a_window(layer, killed, tmp_path):
    """What has been stored is not lost with its worker: results are None, and let go at once."""
    work, y, whole = layer
    target = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", y.dtype, y.shape)
    places = zip(np.ndindex(*y.numblocks), slices_from_chunks(y.chunks), strict=True)
    stores = (
        da.store(y.blocks[place], Memmap(tmp_path / "y.npy"), regions=at, lock=False, compute=False)
        for place, at in places
    )
    running = as_completed(killed.compute(part, retries=3) for part in islice(stores, WINDOW))
    for done in running:
        done.result()
        running.update(killed.compute(part, retries=3) for part in islice(stores, 1))
    assert_same(np.asarray(target), whole)
    assert CHUNKS <= work.parts() <= CHUNKS + 2 * WINDOW


class Memmap:
    """An array in a file, for whichever process writes to it."""

    def __init__(self, path):
        self.path = path

    def __setitem__(self, at, block):
        np.lib.format.open_memmap(self.path, "r+")[at] = block
