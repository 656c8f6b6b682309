"""Any number of Python threads, on every threading layer of Numba, beside other people's work."""

import os
import textwrap

import pytest

import conv3dt
from conv3dt._runtime import team
from tests.helpers.processes import BEGIN, path, run

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")  # noqa: PTH110
several = pytest.mark.skipif(team.available() < 2, reason="there is one thread")

AT_ONCE = """
def at_once(n, work):
    barrier, wrong = threading.Barrier(n), []
    def begin(number):
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            wrong.append(error)
    workers = [threading.Thread(target=begin, args=(i,)) for i in range(n)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    if wrong:
        raise wrong[0]
"""


def test_the_first_use_from_eight_threads_with_nothing_compiled(cold):
    program = """
from conv3dt._compiler import store
at_once(8, lambda _: check())
assert 0 < store.COUNTS["misses"] <= len(list(store.folder().iterdir())), store.COUNTS
"""
    run(AT_ONCE + program)  # each kernel once


def test_the_first_use_from_eight_threads_with_a_warm_cache(numba_layer):
    run("check()")
    run(AT_ONCE + "at_once(8, lambda _: [check() for _ in range(20)])")


def test_the_first_use_of_a_public_name_from_eight_threads():
    program = "at_once(8, lambda n: getattr(conv3dt, conv3dt.__all__[n % len(conv3dt.__all__)]))"
    run(AT_ONCE + program)


def test_beside_a_program_that_numba_runs_in_parallel(numba_layer):
    """With the workqueue Numba ends a process in which two threads start parallel work at once."""
    program = """
import numba
@numba.njit(parallel=True)
def total(x):
    s = 0.0
    for i in numba.prange(len(x)):
        s += x[i]
    return s
x = np.ones(100_000)
assert total(x) == 100_000
def work(number):
    for _ in range(200):
        if number == 0:
            assert total(x) == 100_000
        else:
            check()
at_once(3, work)
assert numba.threading_layer() == os.environ["NUMBA_THREADING_LAYER"]
assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
"""
    run(AT_ONCE + program)


def test_called_from_inside_a_parallel_loop(numba_layer):
    program = """
import numba
def call():
    check()
@numba.njit(parallel=True)
def calls(n):
    done = 0
    for i in numba.prange(n):
        with numba.objmode():
            call()
        done += 1
    return done
check()
assert calls(6) == 6
"""
    run(program)


POOLS = {
    "ThreadPoolExecutor": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: check(), range(20)))
    """,
    "ProcessPoolExecutor": """
        from concurrent.futures import ProcessPoolExecutor
        from work import check
        check()
        with ProcessPoolExecutor(2) as pool:
            for future in [pool.submit(check) for _ in range(4)]:
                future.result()
    """,
    "asyncio": """
        import asyncio
        async def main():
            await asyncio.gather(*(asyncio.to_thread(check) for _ in range(8)))
        asyncio.run(main())
    """,
    "joblib": """
        import joblib
        from work import check
        check()
        for backend in ("threading", "loky"):
            joblib.Parallel(2, backend=backend)(joblib.delayed(check)() for _ in range(4))
    """,
    "dask": """
        import dask
        tasks = [dask.delayed(check)() for _ in range(8)]
        dask.compute(*tasks, scheduler="threads", num_workers=4)
    """,
}


@pytest.mark.parametrize("pool", POOLS)
def test_pools(pool, numba_layer, tmp_path):
    if pool in ("joblib", "dask"):
        pytest.importorskip(pool)
    (tmp_path / "work.py").write_text(BEGIN)
    found = os.pathsep.join([str(tmp_path), path()])
    program = textwrap.dedent(POOLS[pool])
    run(program, PYTHONPATH=found, options=("-W", "ignore::DeprecationWarning"))


@several
@needs_proc
@pytest.mark.parametrize("threads", [1, 2])
def test_as_many_threads_compute_as_are_asked_for(threads, numba_layer):
    """By the system's account of their time; threads that wait for work spin a little, too."""
    program = f"""
def times():
    tasks = [(name, "/proc/self/task/" + name + "/stat") for name in os.listdir("/proc/self/task")]
    fields = {{name: open(path).read().rpartition(")")[2].split() for name, path in tasks}}
    return {{name: int(values[11]) for name, values in fields.items()}}
x = np.ones((1, 48, 48, 48, 32), np.float32)
w = np.ones((5, 5, 5, 64, 32), np.float32)
def work(_):
    before = times()
    for _ in range(50):  # on a busy machine one may wait while the other computes
        conv3dt.conv3d_transpose(x, w, (1, 48, 48, 48, 64), 1, threads={threads})
        during = {{name: end - before.get(name, 0) for name, end in times().items()}}
        most = max(during.values())
        if sum(4 * time > most for time in during.values()) == {threads}:
            return
    raise AssertionError(during)
at_once(1, work)  # the main thread would have another one compute, which is gone at the end
"""
    run(AT_ONCE + program)


@several
def test_helpers_are_shared_by_all_callers():
    """Not one team for each caller: eight of them would have eight times the threads."""
    program = """
check(threads=1)  # what follows begins with the helpers
most = 0
def work(_):
    global most
    for _ in range(30):
        check()
        most = max(most, helpers())
at_once(8, work)
assert most == conv3dt._runtime.team.available() - 1, most
"""
    run(AT_ONCE + program, NUMBA_THREADING_LAYER="workqueue")


@pytest.mark.parametrize("threads", [1, None])
@pytest.mark.parametrize("caller", ["main thread", "another thread"])
def test_python_goes_on_during_a_call(caller, threads, numba_layer):
    """The GIL is released: somebody else sees the output while it is written in part."""
    program = f"""
x = np.ones((1, 48, 48, 48, 32), np.float32)
w = np.ones((5, 5, 5, 64, 32), np.float32)
out = np.zeros((1, 48, 48, 48, 64), np.float32)
check()
def call():
    global done
    try:
        conv3dt.conv3d_transpose(x, w, out.shape, 1, out=out, threads={threads})
    finally:
        done = True
def look():
    global seen
    while not done and not seen:
        seen = 0 < np.count_nonzero(out) < out.size
done = seen = False
first, other = (call, look) if {caller == "main thread"} else (look, call)
thread = threading.Thread(target=other)
thread.start()
first()
thread.join()
assert out.all()
assert seen
"""
    run(program)


@needs_proc
def test_no_more_threads_can_be_had(numba_layer):
    """A limit of processes, as in some jobs: the call is made with those there are."""
    program = """
check(threads=1)
limit = 64 << 20
threading.stack_size(limit)
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20),) * 2)
try:
    threading.Thread(target=print).start()
except RuntimeError:
    check()
    print("computed")
"""
    # OpenMP's threads are as large as Python's.
    assert run(program, OMP_STACKSIZE="64M").strip() == "computed"


@several
def test_the_number_of_a_block_is_restored():
    program = """
import contextlib
from conv3dt._runtime import team
counts = lambda: team.default()
most = counts()
with conv3dt.threads(1):
    assert counts() == 1
    with conv3dt.threads(2):
        assert counts() == 2
        check()
    assert counts() == 1
    check()
    assert helpers() == 1  # beside this thread
    other = []
    thread = threading.Thread(target=lambda: other.append(counts()))
    thread.start(); thread.join()
    assert other == [most]
with contextlib.suppress(ZeroDivisionError), conv3dt.threads(1):
    1 / 0
assert counts() == most
for bad, error in ((0, ValueError), (10**6, ValueError), (1.5, TypeError)):
    try:
        conv3dt.threads(bad)
    except error as caught:
        assert "threads" in str(caught)
    else:
        raise AssertionError(bad)
"""
    run(program, NUMBA_THREADING_LAYER="workqueue")


@several
def test_a_block_of_one_thread_starts_no_helper():
    program = "with conv3dt.threads(1): check()\nassert helpers() == 0\ncheck()\nassert helpers()"
    run(program, NUMBA_THREADING_LAYER="workqueue")


@several
def test_numbas_threads_are_used_where_they_are_safe():
    program = "check()\nprint(helpers(), conv3dt._runtime.team.numba_is_safe())"
    assert run(program, NUMBA_THREADING_LAYER="omp").split() == ["0", "True"]
    helped = run(program, NUMBA_THREADING_LAYER="workqueue").split()
    assert helped == [str(conv3dt._runtime.team.available() - 1), "False"]


@several
@pytest.mark.parametrize("size", [4, 64])
def test_a_numba_that_cannot_be_imported_is_an_error(size, tmp_path):
    """Also of a call that takes long, whose work is done aside."""
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs another NumPy')")
    program = f"""
x, w = np.ones((1, {size}, 64, 64, 16), np.float32), LAYER[1]
try:
    conv3dt.conv3d_transpose(x, w, (1, {size} * 2, 128, 128, 16), 2)
except ImportError as error:
    print(error)
"""
    found = os.pathsep.join([str(tmp_path), path()])
    assert run(program, PYTHONPATH=found) == "Numba needs another NumPy\n"
