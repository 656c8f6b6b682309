"""How tasks are shared: lists of tasks, numbers of threads, blocks; never by the clock."""

import random
from itertools import pairwise

import numpy as np
import pytest

from conv3dt._call.arguments import Call
from conv3dt._geometry.tuning import TUNING
from conv3dt._plan.choice import make_plan, plain_plan
from conv3dt._run import run
from conv3dt._run.launching import TAKEN
from conv3dt._runtime.door import door
from conv3dt._ways.fold import cost as fold
from conv3dt._ways.minimal import scheme as minimal
from conv3dt._ways.shared import blocked, sharing
from conv3dt._ways.shared.records import Params
from tests.plan.test_plan import random_request, request

MANY = 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 33, 64, 100, 128
LAYERS = {
    "channels": request(i=(9, 12, 14), ci=20, co=40, s=1, algorithm="direct"),
    "batch": request(n=20, i=(2, 2, 2), ci=16, co=64, k=2, algorithm="direct"),
    "few positions": request(i=(3, 3, 3), ci=96, co=160, algorithm="direct"),
    "wide": request(i=(8, 9, 40), ci=5, co=3, algorithm="direct"),
    "turned": request(i=(8, 9, 40), ci=16, co=40, data_format="NCDHW", algorithm="direct"),
    "depthwise": request(i=(9, 12, 14), ci=40, co=40, s=1)._replace(groups=40),
    "fold": request(i=(9, 10, 40), ci=64, co=1, algorithm="direct"),
    "minimal": request(i=(9, 10, 11), ci=64, co=40, k=5, algorithm="minimal"),
    "minimal, packed": request(
        i=(9, 10, 11), ci=64, co=40, k=3, s=1, data_format="NCDHW", algorithm="minimal"
    ),
}


def one_by_one(costs, threads):
    """Return when the last thread is done, by the definition of a list schedule."""
    ends = [0.0] * threads
    for cost in costs:
        ends[ends.index(min(ends))] += cost
    return max(ends)


def call_of(plan, out=None):
    """Return a call of a plan with small integers, whose sums are exact."""
    r, rng = plan.request, np.random.default_rng(0)
    space = (r.n, r.ci, *r.i) if r.data_format == "NCDHW" else (r.n, *r.i, r.ci)
    x = rng.integers(-3, 4, space).astype(r.dtype)
    w = rng.integers(-3, 4, (*r.k, r.co // r.groups, r.ci)).astype(r.dtype)
    return Call(r, x, w, None, out, plan.most)


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("tasks", [0, 1, 2, 5, 16, 17, 40])
def test_threads_take_one_task_after_the_other(tasks, threads):
    rng = np.random.default_rng(tasks)
    for costs in (rng.uniform(1, 5, tasks), np.full(tasks, 2.0)):
        wanted = pytest.approx(one_by_one(costs.tolist(), threads))
        assert sharing.makespan(costs, threads) == wanted


def test_of_very_many_tasks_the_end_is_estimated():
    costs = np.random.default_rng(0).uniform(1, 5, 5000)
    found = sharing.makespan(costs, 64)
    assert found == pytest.approx(one_by_one(costs.tolist(), 64), rel=0.02)


def test_what_is_done_first_is_found_though_not_all_is_looked_at():
    costs, looked = np.full(12, 50_000.0), []

    def of(threads):
        looked.append(threads)
        return sharing.shared(costs, threads)

    numbers = sharing.numbers_of_threads(128)
    best = sharing.fewest(numbers, lambda n: sharing.least(costs.sum(), n), of)
    every = {n: sharing.shared(costs, n).cycles for n in range(1, 129)}
    assert every[best] == min(every.values())
    assert len(looked) < 32
    assert sharing.shared(costs, best).threads == 12


def test_numbers_of_threads_of_a_machine_are_among_those_of_a_larger_one():
    found = [sharing.numbers_of_threads(most) for most in range(1, 300)]
    for few, more in pairwise(found):
        assert more[: len(few)] == few
    assert all(numbers[-1] > 0.94 * most for most, numbers in enumerate(found, 1))


def test_more_threads_are_never_predicted_to_take_longer():
    rng = random.Random(5)
    for r in [random_request(rng) for _ in range(8)] + list(LAYERS.values()):
        cycles = [make_plan(r, n).scheme.in_place().sharing.cycles for n in MANY]
        assert cycles == sorted(cycles, reverse=True), r


@pytest.mark.usefixtures("znver4")
def test_little_work_takes_as_many_threads_as_are_done_first():
    r = request(i=(6, 6, 16), ci=8, co=16, k=2)
    plans = {n: plain_plan(r, n) for n in (2, 16, 128)}
    assert 1 < plans[16].threads == plans[128].threads < 16
    assert str(plans[128]).endswith("of the time is work; more would not be faster")
    assert "more would" not in str(plans[2])
    assert str(plain_plan(r, 1)).endswith("tasks") or str(plain_plan(r, 1)).endswith("1 task")


def test_a_start_that_costs_more_leaves_the_work_to_one(monkeypatch):
    monkeypatch.setattr(sharing, "TUNING", TUNING._replace(start_cycles=1e12))
    assert make_plan.__wrapped__(request(), 16).threads == 1


@pytest.mark.usefixtures("znver4")
def test_blocks_leave_no_thread_idle():
    for n in (3, 5, 6, 7, 12, 24):
        plan = plain_plan(request(i=(32, 32, 32), ci=32, co=32, s=1), n)
        assert plan.scheme.sharing.share > 0.9, plan


@pytest.mark.parametrize("threads", [6, 48])
@pytest.mark.parametrize("name", LAYERS)
def test_costs_are_those_of_the_tasks_in_their_order(name, threads, monkeypatch):
    """Each task alone: predicted is as much as it stores, but for inputs that others read, too."""
    nothing = TUNING._replace(task_cycles=0.0, input_cycles=0.0)
    for module in (blocked, fold, minimal):
        monkeypatch.setattr(module, "TUNING", nothing)
    plan = plain_plan(LAYERS[name], threads)
    out = np.full(plan.request.output_shape, np.nan, plan.request.dtype)
    stored = stored_by(plan, out)
    costs = plan.scheme.costs
    assert len(costs) == plan.tasks == len(stored)
    assert sum(stored) == out.size
    apart = costs / costs.mean() - stored / np.mean(stored)
    exact = plan.choice.way in ("channels", "wide", "depthwise")
    assert np.abs(apart).max() < (1e-9 if exact else 1)  # ends have fewer outputs than work
    assert plan.choice.way == "fold" or stored[costs.argmin()] == min(stored)


def stored_by(plan, out):
    """Return how many outputs each task writes, of a call one task at a time."""
    found, tasks = [], Params.tasks.offset // 8

    def launch(driver, params, at, *uses):
        count = params[tasks]
        for n in range(count if uses[1] is out else 1):
            before = np.isnan(out).sum()
            if uses[1] is out:
                params[TAKEN], params[tasks] = n, n + 1
            door()(driver.start_at, at, 0)
            found.append(before - np.isnan(out).sum())

    really, run.launch = run.launch, launch
    try:
        call = call_of(plan, out)
        run.convolve(run.pack(plan, call.filters, None), call)
    finally:
        run.launch = really
    return found[-plan.tasks :]


@pytest.mark.parametrize("name", LAYERS)
def test_no_bit_depends_on_how_many_threads_there_are(name):
    """Blocks, groups, folds and pieces of packing differ; sums do not."""
    whole, tasks = None, set()
    for n in (1, 2, 6, 48):
        plan = plain_plan(LAYERS[name], n)
        tasks.add(plan.tasks)
        call = call_of(plan)
        rng = np.random.default_rng(1)
        call = call._replace(value=rng.standard_normal(call.value.shape, np.float32))
        found = run.convolve(run.pack(plan, call.filters, None), call)
        whole = found if whole is None else whole
        np.testing.assert_array_equal(found.view(np.uint32), whole.view(np.uint32))
    assert len(tasks) > 1


@pytest.mark.parametrize("name", ["channels", "minimal"])
def test_filters_are_packed_in_as_many_pieces_as_threads_need(name):
    r = LAYERS[name]._replace(ci=256, co=64)
    for n in (1, 2, 16, 64):
        packing = plain_plan(r, n).scheme.packing
        assert packing.threads <= n
        assert packing.cycles <= plain_plan(r, 1).scheme.packing.cycles
    assert packing.threads > 8
