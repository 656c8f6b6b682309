"""How many threads there are, and work on them.

Numba's threads do it, in a loop that it compiles in parallel (parallel.launch), wherever they can.
They are too few where Numba alone was told so; and in three places they would end the process: in a
child that was forked after Numba had started them; where the system gives no more threads; and with
the threading layer workqueue, when two Python threads start work at once. There Python's own
threads do it, which call kernels through ctypes without the GIL: two start and end together in
11 us; with Numba's OpenMP layer in 10.
"""

import _thread
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from pathlib import Path

from .._compiler.plain import PLAIN, WHY
from . import groups

__all__ = ["available", "count_and_reason", "default", "limited", "numba_is_safe", "run", "whose"]

_chosen: ContextVar[int | None] = ContextVar("conv3dt.threads", default=None)
# The first that is set counts, ours above all: workers of dask.distributed find OMP_NUM_THREADS=1.
_VARIABLES = (
    "CONV3DT_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK",
)  # fmt: skip

Start = Callable[[int], None]
Stop = Callable[[], None]


def available() -> int:
    """Return the most threads a call may use."""
    return count_and_reason()[0]


def default() -> int:
    """Return how many threads a call uses that does not say."""
    return _chosen.get() or count_and_reason()[0]


@lru_cache(maxsize=1)
def count_and_reason() -> tuple[int, str]:
    """Return the most threads a call may use, and what limits them."""
    limits = [(os.cpu_count() or 1, "the machine's processors")]
    if hasattr(os, "sched_getaffinity"):
        limits.append((len(os.sched_getaffinity(0)), "the processors this process may use"))
    quota = _quota()
    if quota is not None:
        limits.append((quota, "the control group's quota"))
    if PLAIN:
        limits.append((1, f"{WHY}: plain Python"))
    for name in _VARIABLES:
        first = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP has a list of levels
        if first.isdigit() and int(first) > 0:
            limits.append((int(first), name))
            break
    return min(limits, key=lambda limit: limit[0])


def _quota(**where: Path) -> int | None:
    """Return how many processors' time the control groups leave, None without a limit."""
    new = groups.numbers("cpu", "cpu.max", **where)
    old = groups.numbers("cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us", **where)
    counts = [max(1, limit // period) for limit, period in new + old if limit > 0]
    return min(counts, default=None)


@contextmanager
def limited(n: int) -> Iterator[None]:
    """Let calls in the block use `n` threads if they do not say."""
    token = _chosen.set(n)
    try:
        yield
    finally:
        _chosen.reset(token)


class _Job:
    """`start(slot)`, run by the first who claims it.

    A signal's handler may raise in the main thread between any two steps: each can be repeated.
    """

    __slots__ = ("done", "error", "finished", "owner", "slot", "start")

    def __init__(self, start: Start, slot: int) -> None:
        self.start, self.slot = start, slot
        self.owner: dict[str, int] = {}
        self.error: BaseException | None = None  # of a helper
        self.finished, self.done = False, _thread.allocate_lock()
        self.done.acquire()

    def claim(self) -> bool:
        """Return whether the job is this thread's."""
        me = _thread.get_ident()
        return self.owner.setdefault("thread", me) == me

    def help(self) -> None:
        """Run the job, unless somebody else has claimed it."""
        if self.claim():
            try:
                self.start(self.slot)
            except BaseException as error:
                self.error = error
            finally:
                self.finished = True
                self.done.release()

    def wait(self) -> None:
        """Return when whoever helps has finished."""
        while not self.finished:
            self.done.acquire()

    def finish(self) -> None:
        """Return when the job has been run; an interruption is raised, but then."""
        try:
            if self.claim():
                self.start(self.slot)
            else:
                self.wait()
        except BaseException:
            self.finish()
            raise


class _Pool:
    """Helper threads, started when they are first needed, one fewer than a call may use."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.size = 0
        self.growing = threading.Lock()

    def share(self, start: Start, n: int) -> None:
        """Call start(slot) for every slot < n; those no helper is free for, on this thread."""
        jobs = [_Job(start, slot) for slot in range(1, n)]
        if self.size < n - 1:
            self.grow(n - 1)
        try:
            for job in jobs:
                self.jobs.put(job)
            start(0)
            for job in jobs:
                job.finish()
        except BaseException:  # an interruption, at any of these steps: helpers may be at work
            for job in jobs:
                job.finish()
            raise

    def grow(self, size: int) -> None:
        """Start helpers until there are `size`, or no more can be had: then there are fewer."""
        with self.growing, suppress(RuntimeError):
            while self.size < size:
                name = f"conv3dt-{self.size + 1}"
                threading.Thread(target=self.help, name=name, daemon=True).start()
                self.size += 1

    def help(self) -> None:
        """Run jobs for ever."""
        while True:
            self.jobs.get().help()


_pool = _Pool()


def _after_fork() -> None:
    """Begin anew: a forked process has none of its parent's threads, perhaps other processors."""
    global _pool, _trouble
    _pool = _Pool()
    _trouble = None
    count_and_reason.cache_clear()
    numba = sys.modules.get("numba.np.ufunc.parallel")
    if numba is not None and numba._is_initialized:
        _trouble = "this process was forked after Numba had started its threads"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_trouble: str | None = None  # why Numba's threads cannot do the work; None: not known yet


def numba_is_safe() -> bool:
    """Return whether Numba's threads can do the work; they are started if that is still to be."""
    global _trouble
    if _trouble is None:
        _trouble = _found_trouble() if _can_start(available()) else "the system gives no more"
    return not _trouble


def _found_trouble() -> str:
    from .parallel import layer, most

    if most() < available():  # type: ignore[no-untyped-call]
        return "NUMBA_NUM_THREADS gives it fewer"
    unsafe = layer() == "workqueue"  # type: ignore[no-untyped-call]
    return "with its layer workqueue two calls at once end the process" if unsafe else ""


def whose() -> str:
    """Return whose threads do the work; if they are not Numba's, why."""
    if available() == 1:
        return "the caller's"
    if numba_is_safe():
        from .parallel import layer

        return f"Numba's, layer {layer()}"  # type: ignore[no-untyped-call]
    return f"Python's own, not Numba's: {_trouble}"


def _can_start(n: int) -> bool:
    """Return whether the system gives `n` more threads; OpenMP ends the process if it does not."""
    end = threading.Event()
    probes = [threading.Thread(target=end.wait, daemon=True) for _ in range(n)]
    try:
        for probe in probes:
            probe.start()
    except RuntimeError:
        return False
    finally:
        end.set()
    return True


def run(worker: int, params: int, n: int, stop: Stop | None = None, is_long: bool = False) -> None:
    """Call worker(params, slot), a function at an address, for every slot < n; wait for all.

    While it takes long, a signal that arrives on the main thread is answered at once: if its
    handler raises, as Ctrl-C's does, `stop()` is called, which must soon end the work.
    """
    work = _work(worker, params, n, stop)
    if is_long and stop and threading.current_thread() is threading.main_thread():
        _run_aside(work, stop)
    else:
        work()


def _work(worker: int, params: int, n: int, stop: Stop | None) -> Callable[[], None]:
    """Return what does the work of `run`; what can fail, imports above all, has been done then."""
    from .door import door

    enter = door()

    def start(slot: int, _: Stop | None = stop) -> None:
        enter(worker, params, slot)  # what `stop` holds stays until no helper needs it

    if n == 1:
        return partial(start, 0)
    if numba_is_safe():
        from .parallel import launch

        return partial(launch, enter.address, worker, params, n)  # type: ignore[attr-defined]
    return partial(_pool.share, start, n)


def _run_aside(work: Callable[[], None], stop: Stop) -> None:
    """Run `work` on a thread of its own, while this one answers signals."""
    job, started = _Job(lambda _: work(), 0), False
    try:
        with suppress(RuntimeError):  # no thread can be had: then it is this one's work
            threading.Thread(target=job.help, name="conv3dt-call", daemon=True).start()
            started = True
        # not join: in Python 3.11 an interrupted one takes the thread for finished
        job.wait() if started else job.finish()
    except BaseException:
        stop()
        job.finish()  # arrays may go only when nobody uses them
        raise
    if job.error is not None:
        raise job.error
