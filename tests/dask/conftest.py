"""Processes of dask.distributed, which are started once."""

import pytest
from distributed import Client, LocalCluster


@pytest.fixture(scope="package")
def workers():
    """Two worker processes of one task each."""
    options = {"dashboard_address": ":0", "processes": True, "memory_limit": 0}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
        yield cluster


@pytest.fixture
def cluster(workers):
    """Return a client, to which all that is computed goes."""
    with Client(workers) as client:
        yield client
