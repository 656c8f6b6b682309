"""Worker processes of dask.distributed, for tests that compute in several."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["two_workers"]


@contextmanager
def two_workers(**options: Any) -> Iterator[Any]:
    """Start two processes of one task each; give the cluster.

    Their nannies write OMP_NUM_THREADS=1 and its like into the environment of this process, where
    further tests would find it.
    """
    from distributed import LocalCluster

    before = dict(os.environ)
    try:
        made = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
        with LocalCluster(**made, dashboard_address=":0", **options) as cluster:
            _restore(before)
            yield cluster
    finally:
        _restore(before)


def _restore(environment: dict[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
