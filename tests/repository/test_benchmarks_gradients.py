"""The gradients that `versus_peers.py --gradients` times are those of the definition."""

import importlib.util

import numpy as np
import pytest

from benchmarks import peer_gradients, peers, versus_peers, versus_report, worker
from tests.helpers import oracle
from tests.repository.test_benchmarks import CHOSEN, SMALL
from tests.repository.test_benchmarks_report import RUN, result

LAYERS = (SMALL, "k3_dilated2", "forward_k3_s2_64")
HERE = [name for name in ("conv3dt", "torch") if importlib.util.find_spec(name)]


@pytest.fixture
def job_of(monkeypatch):
    """Return a part of a layer that is made small; odd lengths make the padding unequal."""

    def narrowed(name, part):
        layer = versus_peers.EVERY[name]._replace(i=(3, 4, 5), n=2, ci=3, co=2)
        monkeypatch.setitem(versus_peers.EVERY, name, layer)
        return versus_peers.job_of(name, CHOSEN, part) | {"threads": 1}

    return narrowed


def expected(job):
    """Return what a worker reads, by the definition."""
    (x, w), dy = peers.arrays(job), peer_gradients.result_gradient(job)
    how = job["s"], job["padding"], [job["d"]] * 3
    there, back = oracle.conv3d_transpose, oracle.conv3d
    big, small = dy, x
    if job["forward"]:
        there, back, big, small = back, there, x, dy
    y = there(x, w, dy.shape, *how) + 1
    dx = back(dy, w, x.shape, *how)
    dw = oracle.filter_gradient(big, w.shape, small, *how)
    db = dy.astype(np.float64).sum((0, 1, 2, 3))
    found = {"input": [dx], "filters": [dw], "step": [y, dx, dw, db]}
    return peer_gradients.joined(found[job["part"]]).reshape(-1)


@pytest.mark.parametrize("part", peer_gradients.PARTS)
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("system", HERE)
def test_what_is_timed_agrees_with_the_definition(system, name, part, job_of, monkeypatch):
    monkeypatch.setattr(worker, "SAMPLED", 1)
    job = job_of(name, part)
    for data_format in ("NDHWC", "NCDHW") if system == "conv3dt" else ("NDHWC",):
        ways, sample = worker.set_up(system, job | {"data_format": data_format})
        assert versus_peers.agree(sample, expected(job), "float32")
        assert len(ways) == (1 if system == "conv3dt" else 2)


def test_each_part_has_a_mean_and_columns_without_numbers_are_left_out():
    layers = {"one, input": result(4), "two, input": result(4), "one, step": result(8)}
    for number, x in enumerate(layers.values()):
        x["seconds"]["torch"] = 0.008 * (number + 1)
    rows = [*versus_report.comparisons({"run": RUN, "layers": layers})]
    assert rows[0] == ["layer", "plain", "plain, NumPy", "share"]
    assert [row[0] for row in rows[-2:]] == ["geometric mean, input", "geometric mean, step"]
    assert [row[1] for row in rows[-2:]] == ["2.83", "3.00"]
