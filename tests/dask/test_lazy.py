"""Any work as a lazy array."""

import pickle

import dask
import dask.array as da
import numpy as np
import pytest
from dask.graph_manipulation import bind, clone

from conv3dt.dask import arrays
from conv3dt.dask.arrays import lazy
from tests.dask.fakes import Repeat

VALUES = np.arange(30.0).reshape(2, 15) ** 2
CHUNKS = [(2, 15), (2, 4), (1, 4), ((2,), (1, 0, 9, 5)), (2, 1)]
WANTED = [None, (1, 7), 7, {1: 7}, {-1: 7}, (None, 7), ((1,), (0, 20, 25)), "auto", {}]


def lazily(halo=0, cut=(2, 4), **options):
    """A lazy array, and what it must be."""
    work = Repeat(VALUES.shape, 3, halo)
    return lazy(work, da.from_array(VALUES, chunks=cut), "repeat", **options), work.whole(VALUES)


@pytest.mark.parametrize("halo", [0, 2, 20])
@pytest.mark.parametrize("chunks", CHUNKS, ids=str)
def test_any_chunks(chunks, halo):
    for wanted in WANTED:
        y, expected = lazily(halo, chunks, chunks=wanted)
        assert y.shape == expected.shape
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("halo", [0, 2])
def test_what_dask_does_to_arrays(halo):
    y, expected = lazily(halo)
    (optimized,) = dask.optimize(y)
    for same in (y, optimized):
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(same)), expected)
        np.testing.assert_array_equal(same.persist() + 1, expected + 1)
        np.testing.assert_array_equal(same[:, 5:23:2], expected[:, 5:23:2])
        np.testing.assert_array_equal(same.rechunk(5), expected)
        np.testing.assert_array_equal(same.compute(optimize_graph=False), expected)
    np.testing.assert_array_equal(clone(y), expected)
    np.testing.assert_array_equal(bind(y, da.ones(3)), expected)
    assert clone(y).name != y.name
    with dask.config.set({"optimization.fuse.active": False}):
        np.testing.assert_array_equal(y[:, 3:], expected[:, 3:])


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_schedulers(scheduler):
    y, expected = lazily(2)
    np.testing.assert_array_equal(y.compute(scheduler=scheduler, num_workers=2), expected)


def test_distributed(cluster):
    for halo in (0, 2):
        y, expected = lazily(halo)
        np.testing.assert_array_equal(y.persist()[:, ::3].compute(), expected[:, ::3])
        np.testing.assert_array_equal(y.compute(optimize_graph=False), expected)


def test_chunks_follow_the_input():
    assert lazily(0, ((2,), (4, 4, 4, 3)))[0].chunks == ((1,), (12, 12, 12, 9))
    assert lazily(0, ((2,), (1, 9, 5)))[0].chunks == ((1,), (3, 27, 15))


def test_equal_calls_have_equal_names():
    name = lazily(2)[0].name
    assert name.startswith("repeat-")
    assert name == lazily(2)[0].name
    others = [lazily(1), lazily(2, (2, 5)), lazily(2, chunks=7), lazily(2, threads=1)]
    assert len({name, *(y.name for y, _ in others)}) == 5


@pytest.mark.parametrize("halo", [0, 2])
def test_only_what_is_asked_for_is_computed(halo):
    """A chunk that cannot be read does no harm where nobody reads it."""

    def read(block, block_info=None):
        if block_info[0]["chunk-location"][1] == 0:
            raise OSError("damaged")
        return block

    x = da.from_array(VALUES, chunks=(2, 4)).map_blocks(read, dtype=float)
    work = Repeat(VALUES.shape, 3, halo)
    y = lazy(work, x, "repeat")
    np.testing.assert_array_equal(y[:, 24:], work.whole(VALUES)[:, 24:])
    with pytest.raises(OSError, match="damaged"):
        y.compute()


@pytest.mark.parametrize("wanted", [(1, 2, 3), ((1,), (3, 3)), "many", -3, 1.5, ((1,), (46, -1))])
def test_chunks_that_are_none(wanted):
    with pytest.raises(
        ValueError, match=r"repeat: chunks must be chunks of the result, .*\(1, 45\)"
    ):
        lazily(chunks=wanted)


def test_an_axis_of_which_all_is_needed_is_merged(monkeypatch):
    y, expected = lazily(cut=(1, 4))
    np.testing.assert_array_equal(y, expected)
    monkeypatch.setattr(arrays, "_LARGEST", 2 * 4 * 8 - 1)
    with pytest.raises(ValueError, match=r"one chunk along axis 0, .* got 2 chunks, .* Rechunk"):
        lazily(cut=(1, 4))
    lazily(cut=(2, 4))  # one is one, however large


@pytest.mark.parametrize("wrong", [lambda x: x[:, :-1], lambda x: x.astype("f4")])
def test_a_chunk_that_is_not_what_was_said(wrong):
    x = da.from_array(VALUES, chunks=(2, 15)).map_blocks(wrong, dtype=float, chunks=(2, 15))
    y = lazy(Repeat(VALUES.shape), x, "repeat")
    with pytest.raises(
        ValueError, match=r"repeat: chunk \(0, 0\) of input must have shape \(2, 15\)"
    ):
        y.compute()


def test_masked_numbers_are_refused():
    x = da.ma.masked_greater(da.from_array(VALUES, chunks=(2, 15)), 100)
    with pytest.raises(TypeError, match="masked"):
        lazy(Repeat(VALUES.shape), x, "repeat").compute()


def test_nothing():
    work = Repeat((2, 0), 3, 1)
    y = lazy(work, da.zeros((2, 0)), "repeat")
    assert y.compute().shape == y.shape == (1, 0)
