"""Whatever the chunks, the bits are those of the call in one piece."""

import dask
import numpy as np
import pytest

from tests.dask.layers import assert_same, lazy_and_whole, picking
from tests.helpers import cases, regions


def compute_and_compare(seeds, times=1, **options):
    """Compute random layers in random chunks, and compare them with the eager calls."""
    for seed in seeds:
        pick = picking(seed)
        case = regions.draw_case(pick)
        numbers = pick((cases.normals, cases.normals, regions.with_hostile_numbers))
        lazies, whole = lazy_and_whole(case, pick, numbers, times)
        for lazy, result in zip(lazies, dask.compute(*lazies, **options), strict=True):
            assert lazy.shape == whole.shape
            assert lazy.dtype == whole.dtype == lazy._meta.dtype
            assert_same(result, whole, f"{case} {lazy.chunks}")


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_random_layers(scheduler):
    """A new layer is compiled, which takes longer than to cut it anew."""
    seeds = range(8) if scheduler == "sync" else range(8, 16)
    compute_and_compare(seeds, times=4, scheduler=scheduler)


def test_random_layers_in_two_processes(cluster):
    compute_and_compare(range(16, 24), times=4)


@pytest.mark.slow
def test_many_random_layers():
    compute_and_compare(range(1_000, 2_000), scheduler="threads")


@pytest.mark.slow
def test_many_random_layers_in_two_processes(cluster):
    compute_and_compare(range(2_000, 3_000))


def test_one_grid_is_as_good_as_another():
    pick = picking(0)
    case = regions.draw_case(pick)._replace(n=2)
    lazies, _ = lazy_and_whole(case, pick, times=5)
    assert len({lazy.compute().tobytes() for lazy in lazies}) == 1


def test_no_number_is_computed_twice():
    """The numbers of the chunks of a result are those of the result."""
    pick = picking(1)
    (lazy,), whole = lazy_and_whole(regions.draw_case(pick), pick)
    blocks = [np.asarray(block) for block in dask.compute(*lazy.to_delayed().ravel())]
    assert sum(block.size for block in blocks) == whole.size
