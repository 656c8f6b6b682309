"""Files of kernels appear whole or not at all, whoever writes, reads or dies meanwhile."""

import os
import signal
import sys

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.caches import COUNTS, counts, kernels
from tests.helpers.processes import finish, start

pytestmark = pytest.mark.skipif(PLAIN, reason="nothing is compiled")
has_limits = pytest.mark.skipif(sys.platform == "win32", reason="there are no limits")


@has_limits
def test_a_disk_that_is_full_in_the_middle_of_a_file(cold):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    out, err = finish(start(limit + COUNTS, options=("-W", "error")))
    assert "hits" not in eval(out)
    assert err.count("cannot write to") == err.count("\n") == 1
    assert all(kernel.stat().st_size <= 1000 for kernel in kernels(cold))
    assert not list(cold.rglob("*.part"))
    after = counts()
    assert after["misses"] > 0 == after["damaged"]
    assert counts()["misses"] == 0


@has_limits
def test_a_process_that_dies_in_the_middle_of_a_file_leaves_no_half_kernel(cold):
    die = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
    process = start(die + limit + "check()")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGXFSZ
    assert kernels(cold)
    after = counts()
    assert after["misses"] > 0 == after["damaged"]


@pytest.mark.skipif(not hasattr(os, "link"), reason="a file has one name")
def test_whoever_has_a_file_open_keeps_what_is_in_it(filled):
    """A second name is the same file: what is written in place would be seen under it."""
    before = {}
    for kernel in kernels(filled):
        kernel.write_bytes(b"damaged")
        other = kernel.with_suffix(".open")
        os.link(kernel, other)
        before[other] = kernel
    assert counts()["damaged"] == len(before) > 3
    for other, kernel in before.items():
        assert other.read_bytes() == b"damaged"
        assert len(kernel.read_bytes()) > 100


def test_writers_of_one_kernel_at_the_same_time(cold):
    """Each writes its own 4 MiB and reads: nobody finds a mixture, or what is not whole."""
    program = """
from conv3dt._compiler import store
me, size = sys.argv[1].encode(), 1 << 22
store.folder()
print("ready", flush=True)
while not os.path.exists(sys.argv[2]): time.sleep(0.001)
for _ in range(40):
    store.save("one", me * size)
    found = store.load("one")
    assert found is not None
    assert len(found) == size and found == found[:1] * size, "a mixture"
assert not store.COUNTS["damaged"], store.COUNTS
"""
    go = cold.parent / "go"
    writers = [start(program, name, str(go)) for name in "abcd"]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    go.touch()
    for writer in writers:
        assert finish(writer, 200) == ("", "")
    assert not list(cold.rglob("*.part"))


def test_twenty_processes_on_one_empty_cache(cold):
    """All wait for one file, so that they compile and write the same moment."""
    program = """
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
check()
for width in (5, 17, 24, 33):
    arrays = layer(width=width)
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(*arrays), by_definition(*arrays))
"""
    go = cold.parent / "go"
    processes = [start(program, str(go)) for _ in range(20)]
    go.touch()
    for process in processes:
        finish(process, 200)
    assert not list(cold.rglob("*.part"))
    assert counts()["misses"] == 0
