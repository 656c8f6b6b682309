"""Small calls, which leave their memory to the next call of the same plan."""

import threading

import numpy as np
import pytest

import conv3dt
from conv3dt._call.arguments import as_call
from conv3dt._run import known, run
from tests.helpers.layers import expected, integers

SMALL = ((1, 2, 2, 3, 3), (2, 2, 2, 5, 3), [1, 4, 4, 6, 5])


@pytest.fixture(autouse=True)
def _nothing_is_left():
    conv3dt.clear_cache()


def small_call(seed):
    """Return a small call with numbers of its own, and its result; all have the same plan."""
    x, w, bias = (
        integers(SMALL[0], seed=seed),
        integers(SMALL[1], seed=seed + 1),
        integers(5, seed=seed),
    )
    call = as_call("test", x, w, SMALL[2], 2, "SAME", "NDHWC", 1, bias=bias, threads=1)
    return call, expected(x, w, SMALL[2], 2) + bias


def spare(call):
    """Return what calls of the same kind have left."""
    found = run.known_of(call)
    return found.desks if found else []


def test_calls_of_one_kind_are_right_one_after_the_other():
    for seed in range(5):
        call, wanted = small_call(seed)
        np.testing.assert_array_equal(run.run(call), wanted)
    assert len(spare(call)) == 1


@pytest.mark.parametrize(("packing", "launches"), [(None, 1), (run.pack, 1)])
def test_a_call_within_a_call_works_on_memory_of_its_own(packing, launches, monkeypatch):
    """As the handler of a signal may, which arrives between any two steps."""
    (outer, wanted), (inner, wanted_inside) = small_call(0), small_call(1)
    run.run(outer, packing)
    launch, found = known.launch, []

    def interrupted(*arguments):
        monkeypatch.setattr(known, "launch", launch)
        found.append(run.run(inner, packing))
        launch(*arguments)
        found.append(run.run(inner, packing))
        monkeypatch.setattr(known, "launch", interrupted)

    monkeypatch.setattr(known, "launch", interrupted)
    np.testing.assert_array_equal(run.run(outer, packing), wanted)
    assert len(found) == 2 * launches
    for y in found:
        np.testing.assert_array_equal(y, wanted_inside)


def test_small_calls_from_several_python_threads_are_right():
    calls = [small_call(seed) for seed in range(4)]
    wrong = []

    def work(call, wanted):
        wrong.extend(0 for _ in range(300) if not np.array_equal(run.run(call), wanted))

    workers = [threading.Thread(target=work, args=of_one) for of_one in calls]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert 1 <= len(spare(calls[0][0])) <= len(calls)


def test_a_call_that_is_interrupted_leaves_nothing(monkeypatch):
    call, wanted = small_call(0)

    def stop(*_):
        raise KeyboardInterrupt

    for module in run, known:  # the first call of a kind, and one more
        with monkeypatch.context() as patch:
            patch.setattr(module, "launch", stop)
            with pytest.raises(KeyboardInterrupt):
                run.run(call)
        assert not spare(call)
        np.testing.assert_array_equal(run.run(call), wanted)
    np.testing.assert_array_equal(run.run(call), wanted)
    assert spare(call)


def test_what_calls_leave_is_small_and_goes_with_the_cache():
    call, _ = small_call(0)
    run.run(call)
    run.run(call)
    assert spare(call)
    conv3dt.clear_cache()
    assert not spare(call)
    x, w = integers((1, 2, 16, 16, 64), "float16"), integers((1, 1, 3, 64, 64), "float16")
    call = as_call("test", x, w, [1, 2, 16, 16, 64], 1, "SAME", "NDHWC", 1)
    run.run(call)
    run.run(call)
    assert not spare(call)


def test_infinite_weights_do_not_change_the_next_call():
    call, wanted = small_call(0)
    infinite = call.filters.copy()
    infinite[0] = np.inf
    for _ in range(2):
        assert not np.isfinite(run.run(call._replace(filters=infinite))).all()
        np.testing.assert_array_equal(run.run(call), wanted)
