"""A process does not grow with its calls, and what cannot be had is said before any work."""

import os
import sys
from pathlib import Path

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import run

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc"),
    pytest.mark.skipif(PLAIN, reason="nothing is compiled"),
]

RESIDENT = """
import resource
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20
"""


def test_ten_thousand_calls_of_five_hundred_shapes():
    program = """
rng = np.random.default_rng(0)
layers = set()
while len(layers) < 500:
    d, h, w = map(int, rng.integers(2, 7, 3))
    ci, co = int(rng.integers(1, 20)), int(rng.choice([1, 3, 8, 16, 17]))
    layers.add((d, h, w, ci, co, int(rng.integers(1, 3))))
layers = sorted(layers)
def one(d, h, w, ci, co, s):
    x, f = np.ones((1, d, h, w, ci), np.float32), np.ones((2, 2, 2, co, ci), np.float32)
    y = conv3dt.conv3d_transpose(x, f, (1, d * s, h * s, w * s, co), s)
    assert y[0, 0, 0, 0, 0] == ci
check()
before = resident()
for n in range(10_000):
    one(*layers[n % 500])
print(resident() - before)
"""
    assert int(run(RESIDENT + program)) < 50


def test_code_is_released():
    """Four times as many kernels as are kept: their memory comes and goes."""
    program = """
from conv3dt._compiler import build
build._MOST = 64
def some(first):
    for n in range(first, first + 64):
        conv3dt.conv3d_transpose(*layer(channels=n, width=4))
        conv3dt.clear_cache()
some(1)
before = resident()
for round in range(4):
    some(65 + 64 * (round % 2))
assert build.count() <= 64 + 8
print(resident() - before)
"""
    assert int(run(RESIDENT + program)) < 20


def test_no_more_kernels_are_kept_than_the_limit_says():
    program = """
from conv3dt._compiler import build
build._MOST = 16
for n in range(1, 60):
    x, w, shape, s = layer(channels=n, width=4)
    y = conv3dt.conv3d_transpose(x, w, shape, s)
    np.testing.assert_array_equal(y, by_definition(x, w, shape, s))
    assert build.count() <= 16, build.count()
"""
    run(program)


def test_every_cache_has_a_limit_and_is_emptied():
    """Caches of functions, wherever they are; those of one entry are facts of the process."""
    program = """
import functools
check()
double = conv3dt.prepare(LAYER[1], 2)
double(LAYER[0])
kind = type(functools.lru_cache(len))
found = {
    value
    for name, module in list(sys.modules.items()) if name.startswith("conv3dt")
    for value in vars(module).values() if isinstance(value, kind)
}
assert len(found) > 5
for cache in found:
    most = cache.cache_info().maxsize
    assert most is not None and most <= 1024, cache
from conv3dt._run import tables
from conv3dt._plan import choice
from conv3dt._compiler import build
assert build.count() and choice.make_plan.cache_info().currsize
conv3dt.clear_cache()
assert not build.count()
for cache in (choice.make_plan, choice.freshly_packed, tables.tables):
    assert cache.cache_info().currsize == 0, cache
check()
"""
    run(program)


def test_the_cache_is_cleared_while_others_call():
    """Whoever computes keeps the code that it runs."""
    program = """
def clear():
    while computing:
        conv3dt.clear_cache()
computing = True
clearing = threading.Thread(target=clear)
clearing.start()
def work():
    for _ in range(30):
        check()
workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers: worker.start()
for worker in workers: worker.join()
computing = False
clearing.join()
print("right")
"""
    assert run(program) == "right\n"


def test_a_limit_of_the_process():
    program = """
check()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
x, w = np.ones((1, 32, 32, 32, 1), np.float32), np.full((1, 1, 1, 64, 1), np.nan, np.float32)
before = resident()
try:
    conv3dt.conv3d_transpose(x, w, (1, 128, 128, 128, 64), 4)
except MemoryError as error:
    assert "needs 0.50 GiB" in str(error), error
    assert "can be had" in str(error), error
    assert resident() - before < 10
    print("said")
check()
"""
    assert run(RESIDENT + program) == "said\n"


def test_what_cannot_be_had_is_not_planned_either():
    """A stride of a billion makes as many phases, which would take hours."""
    program = """
s = 10**9
try:
    conv3dt.conv3d_transpose(LAYER[0], LAYER[1], (1, 4, 8, 24 * s, 16), (1, 1, s))
except MemoryError as error:
    print(error)
"""
    assert "GiB can be had" in run(program)


def test_a_control_group_of_little_memory():
    """The kernel of the system would end the process; an error comes before that."""
    new = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    group = Path("/sys/fs/cgroup" if new else "/sys/fs/cgroup/memory") / f"conv3dt-{os.getpid()}"
    program = """
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
check()
x, w = np.ones((1, 32, 32, 32, 1), np.float32), np.ones((1, 1, 1, 64, 1), np.float32)
try:
    conv3dt.conv3d_transpose(x, w, (1, 128, 128, 128, 64), 4)
except MemoryError as error:
    print(error)
check()
"""
    try:
        group.mkdir()
    except OSError:
        pytest.skip("control groups cannot be made here")
    try:
        try:
            limit = group / ("memory.max" if new else "memory.limit_in_bytes")
            limit.write_text(str(400 << 20))
        except OSError:
            pytest.skip("control groups cannot be limited here")
        assert "needs 0.50 GiB of memory" in run(program, str(group))
    finally:
        group.rmdir()
