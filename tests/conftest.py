"""Fixtures of programs that are started; and what is not to be imported as a test."""

import os

import pytest

collect_ignore = ["data"]  # scripts

NAMED = os.environ.get("NUMBA_THREADING_LAYER")
LAYERS = [NAMED] if NAMED else ["omp", "workqueue"]


@pytest.fixture(params=LAYERS)
def numba_layer(request, monkeypatch):
    """Numba's threading layer in the programs that are started."""
    monkeypatch.setenv("NUMBA_THREADING_LAYER", request.param)
    return request.param


@pytest.fixture
def cold(monkeypatch, tmp_path):
    """An empty folder for kernels."""
    monkeypatch.setenv("CONV3DT_CACHE_DIR", str(tmp_path / "kernels"))
    return tmp_path / "kernels"
