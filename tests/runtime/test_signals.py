"""Ctrl-C during a long call is answered while it computes, and nothing is spoilt by it."""

import os
import signal
import sys
import time

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import finish, run, start

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals are others"),
    pytest.mark.skipif(PLAIN, reason="nothing is compiled"),
]

# Half a minute of work, or more: an answer within seconds cannot be its end.
LONG = """
signal_module = __import__("signal")
signal_module.signal(signal_module.SIGINT, signal_module.default_int_handler)
check()
x = np.ones((4, 48, 48, 48, 64), np.float32)
w = np.ones((11, 11, 11, 64, 64), np.float32)
def long_call(**options):
    return conv3dt.conv3d_transpose(x, w, (4, 48, 48, 48, 64), 1, **options)
def announce():
    print("begins", flush=True)
"""


def signalled(program, number, seconds=1.0):
    """Start a program; when it begins, wait a little, send the signal; return what it prints."""
    process = start(LONG + program)
    while process.stdout.readline() != "begins\n":
        assert process.poll() is None, process.stderr.read()
    time.sleep(seconds)
    os.kill(process.pid, number)
    return finish(process, 60)[0]


def test_an_interrupted_process_is_usable():
    program = """
out = np.zeros((4, 48, 48, 48, 64), np.float32)
announce()
try:
    long_call(out=out)
except KeyboardInterrupt:
    written = np.count_nonzero(out)
    time.sleep(0.3)
    assert np.count_nonzero(out) == written < out.size  # nobody writes any more
    check()
    assert not [t for t in threading.enumerate() if t.name == "conv3dt-call"]
    print("interrupted")
"""
    assert signalled(program, signal.SIGINT) == "interrupted\n"


def test_an_interruption_while_one_thread_computes():
    program = """
out = np.zeros((4, 48, 48, 48, 64), np.float32)
announce()
try:
    long_call(threads=1, out=out)
except KeyboardInterrupt:
    assert np.count_nonzero(out) < out.size  # it was not the end of the call
    check()
    print("interrupted")
"""
    assert signalled(program, signal.SIGINT) == "interrupted\n"


def test_a_handler_that_does_not_raise_does_not_end_the_call():
    program = """
handled = []
signal_module.signal(signal_module.SIGUSR1, lambda *_: handled.append(time.monotonic()))
x, w = x[:1], w[:5, :5, :5]
announce()
y = conv3dt.conv3d_transpose(x, w, (1, 48, 48, 48, 64), 1)
end = time.monotonic()
assert y[0, 5, 5, 5, 0] == 125 * 64, y[0, 5, 5, 5, 0]
print(len(handled))
"""
    assert signalled(program, signal.SIGUSR1, seconds=0.1) == "1\n"


def test_interruptions_at_any_moment_leave_right_results():
    """A hundred short calls, of helpers and none, disturbed by a timer that raises."""
    program = """
import signal
class Ring(BaseException):
    pass
def ring(*_):
    raise Ring
check()
signal.signal(signal.SIGALRM, ring)
rings, out = 0, np.empty(LAYER[2], "f4")
for n in range(300):
    options = {"out": out} if n % 3 else {}
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.00002 * (n % 50))
        for _ in range(100):
            conv3dt.conv3d_transpose(*LAYER, **options)
    except Ring:
        rings += 1
    out[...] = 7
    check()
    time.sleep(0.001)
    assert (out == 7).all()  # nobody writes any more
assert rings > 100, rings  # Python drops what is raised while an object is deleted
print("right")
"""
    assert run(program) == "right\n"


def test_a_second_interruption_while_the_first_is_answered():
    """Whoever presses Ctrl-C again does not get an array that is still written to."""
    program = """
x, out = x[:1, :32, :32, :32], np.zeros((1, 32, 32, 32, 64), np.float32)
def interrupted():
    try:
        conv3dt.conv3d_transpose(x, w, out.shape, 1, out=out)
    except KeyboardInterrupt:
        while rings < 2:  # the second one comes too late for the call
            time.sleep(0.0001)
def ring(*_):
    global rings
    rings += 1
    if rings == 1:
        signal_module.setitimer(signal_module.ITIMER_REAL, delay)
    raise KeyboardInterrupt
signal_module.signal(signal_module.SIGALRM, ring)
spoilt = 0
for n in range(12):
    rings, delay = 0, 0.001 + 0.0005 * n
    signal_module.setitimer(signal_module.ITIMER_REAL, 0.1)
    try:
        interrupted()
    except KeyboardInterrupt:
        pass
    out[...] = 7
    time.sleep(0.1)
    spoilt += not (out == 7).all()  # somebody still writes
check()
assert spoilt <= 1, spoilt  # the first steps of an answer cannot be repeated
print("right")
"""
    assert run(LONG + program) == "right\n"


def test_sigterm_leaves_no_partial_output(tmp_path):
    """While the kernel computes: the command line cleans up and ends with 128 + 15."""
    program = """
np.save("x.npy", np.ones((4, 48, 48, 48, 64), np.float32))
np.save("w.npy", w)
from conv3dt.cli.main import main
announce()
sys.exit(main(["apply", "x.npy", "y.npy", "--filters", "w.npy", "--strides", "1"]))
"""
    process = start(LONG + f"os.chdir({str(tmp_path)!r})\n" + program)
    while process.stdout.readline() != "begins\n":
        assert process.poll() is None, process.stderr.read()
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert {path.name for path in tmp_path.iterdir()} == {"x.npy", "w.npy"}
