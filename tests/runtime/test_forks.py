"""A forked child computes right results, on several threads, and its parent goes on."""

import os

import pytest

from conv3dt._runtime import team
from tests.helpers.processes import BEGIN, path, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
several = pytest.mark.skipif(team.available() < 2, reason="there is one thread")

IN_CHILD = """
def in_child(work):
    child = os.fork()
    if child == 0:
        import traceback
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child

def ended_well(child):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            assert status == 0, status
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")
"""


def test_a_child_and_its_parent_compute():
    run(IN_CHILD + "check(); ended_well(in_child(check)); check()")


@several
def test_a_child_has_helpers_of_its_own():
    program = """
    def work():
        assert helpers() == 0
        check()
        assert helpers() == before
    check()
    before = helpers()
    assert before
    ended_well(in_child(work))
    """
    run(IN_CHILD + program.replace("\n    ", "\n"), NUMBA_THREADING_LAYER="workqueue")


@several
def test_a_child_of_a_parent_that_used_openmp_has_helpers():
    """OpenMP's threads stay in the parent; it would end a child that asks for them."""
    program = """
    def work():
        check()
        assert helpers() == conv3dt._runtime.team.available() - 1
    check()
    assert helpers() == 0
    ended_well(in_child(work))
    check()
    assert helpers() == 0
    """
    run(IN_CHILD + program.replace("\n    ", "\n"), NUMBA_THREADING_LAYER="omp")


@several
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen")
def test_a_child_that_is_bound_to_one_processor():
    """As MPI's and SLURM's launchers bind what they start."""
    program = """
    def work():
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        check()
        assert conv3dt._runtime.team.available() == 1
    check()
    ended_well(in_child(work))
    """
    run(IN_CHILD + program.replace("\n    ", "\n"))


def test_a_child_of_a_child():
    run(IN_CHILD + "check(); ended_well(in_child(lambda: (check(), ended_well(in_child(check)))))")


@pytest.mark.skipif(
    os.environ.get("NUMBA_THREADING_LAYER") == "tbb",
    reason="tbb says that it cannot, and children hang",
)
def test_forks_while_other_threads_compile_and_compute():
    """A lock that a thread held when the process forked would stay shut in the child."""
    program = """
def compile_and_compute():
    while not done:
        width = next(widths)
        conv3dt.conv3d_transpose(*layer(width=width))
        check()

import itertools
widths, done = itertools.count(3), False
check()
workers = [threading.Thread(target=compile_and_compute) for _ in range(2)]
for worker in workers: worker.start()
def work():
    check()
    conv3dt.conv3d_transpose(*layer(channels=40, width=200 + n))
for n in range(12):
    ended_well(in_child(work))
done = True
for worker in workers: worker.join()
check()
"""
    run(IN_CHILD + program, CONV3DT_CACHE="0", options=("-W", "ignore::DeprecationWarning"))


def test_a_fork_while_another_thread_computes_what_is_kept():
    """Before Python 3.12 functools' cached properties have a lock, which all instances share."""
    program = """
from conv3dt._geometry.kept import cached_property
held, done = threading.Event(), threading.Event()
class Kept:
    def __init__(self, waits):
        self.waits = waits
    @cached_property
    def value(self):
        if self.waits:
            held.set()
            done.wait()
        return 1
def work():
    assert Kept(False).value == 1
thread = threading.Thread(target=lambda: Kept(True).value, daemon=True)
thread.start()
held.wait()
ended_well(in_child(work))
done.set()
thread.join()
"""
    run(IN_CHILD + program, options=("-W", "ignore::DeprecationWarning"))


def test_a_fork_while_another_thread_packs_the_filters_of_a_layer():
    """Its lock is open in the child; that of the thread which forks stays its own."""
    program = """
held, done = threading.Event(), threading.Event()
x, w, shape, s = layer()
up = conv3dt.prepare(w, s)
lock = up._held._lock
def hold():
    with lock:
        held.set()
        done.wait()
thread = threading.Thread(target=hold, daemon=True)
thread.start()
held.wait()
ended_well(in_child(lambda: up(x)))
done.set()
thread.join()
with lock:
    child = in_child(lambda: (up(x), lock.__exit__()))
ended_well(child)
up(x)
"""
    run(IN_CHILD + program, options=("-W", "ignore::DeprecationWarning"))


def test_a_fork_after_numba_worked_in_parallel(numba_layer):
    """Numba's OpenMP layer ends a forked process that starts parallel work of Numba's."""
    program = """
import numba
@numba.njit(parallel=True)
def total(n):
    s = 0
    for i in numba.prange(n):
        s += i
    return s
assert total(1000) == 499500
check()
ended_well(in_child(check))
assert total(1000) == 499500
"""
    run(IN_CHILD + program)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    program = f"""
import multiprocessing
import work
if __name__ == "__main__":
    work.check()
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        assert pool.map(work.checked, range(4)) == [0, 1, 2, 3]
    work.check()
"""

    (tmp_path / "work.py").write_text(
        BEGIN + "\ndef checked(number):\n    check()\n    return number\n"
    )
    found = os.pathsep.join([str(tmp_path), path()])
    run(program, begin="", PYTHONPATH=found, options=("-W", "ignore::DeprecationWarning"))


def test_a_subprocess_from_a_thread():
    program = """
import subprocess
check()
ends = []
def work():
    ends.append(subprocess.run([sys.executable, "-c", "import conv3dt; conv3dt.conv3d_transpose"]))
workers = [threading.Thread(target=work) for _ in range(2)]
for worker in workers: worker.start()
check()
for worker in workers: worker.join()
assert [end.returncode for end in ends] == [0, 0]
check()
"""
    run(program)
