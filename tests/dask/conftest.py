"""Processes of dask.distributed, which are started once."""

import pytest
from distributed import Client

from tests.helpers.workers import two_workers


@pytest.fixture(scope="package")
def workers():
    """Two worker processes of one task each."""
    with two_workers(memory_limit=0) as cluster:
        yield cluster


@pytest.fixture
def cluster(workers):
    """Return a client, to which all that is computed goes."""
    with Client(workers) as client:
        yield client
