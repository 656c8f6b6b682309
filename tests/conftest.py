"""Fixtures of programs that are started; and what is not to be imported as a test."""

import os
import shutil

import pytest

from conv3dt._call.arguments import usual_algorithm
from conv3dt._compiler import processor
from conv3dt._geometry.tuning import MACHINES
from tests.helpers import plans
from tests.helpers.processes import run

collect_ignore = ["data"]  # scripts

NAMED = os.environ.get("NUMBA_THREADING_LAYER")
LAYERS = [NAMED] if NAMED else ["omp", "workqueue"]


@pytest.fixture(params=LAYERS)
def numba_layer(request, monkeypatch):
    """Numba's threading layer in the programs that are started."""
    monkeypatch.setenv("NUMBA_THREADING_LAYER", request.param)
    return request.param


@pytest.fixture
def direct(monkeypatch):
    """Ways that make the sums of the definition, whatever the environment of all tests says."""
    monkeypatch.setenv("CONV3DT_ALGORITHM", "direct")
    usual_algorithm.cache_clear()
    yield
    usual_algorithm.cache_clear()


@pytest.fixture
def znver4(monkeypatch):
    """Plans for one processor, wherever the tests run."""
    monkeypatch.setattr(processor, "machine", lambda: MACHINES["znver4"])
    plans.forget()
    yield
    plans.forget()


@pytest.fixture(scope="session")
def kernels_of_a_check(tmp_path_factory):
    """A folder that one call has filled, to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "kernels"
    run("check()", CONV3DT_CACHE_DIR=str(folder), PYTHONHASHSEED="1")
    return folder


@pytest.fixture
def filled(cold, kernels_of_a_check):
    """A folder with the kernels of one call and no others."""
    return shutil.copytree(kernels_of_a_check, cold)


@pytest.fixture
def cold(monkeypatch, tmp_path):
    """An empty folder for kernels."""
    monkeypatch.setenv("CONV3DT_CACHE_DIR", str(tmp_path / "kernels"))
    return tmp_path / "kernels"
