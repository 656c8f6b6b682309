"""A short run of fuzz.py; and the guard pages are really there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import path, run, start

FUZZ = Path(__file__).with_name("fuzz.py")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect"),
    pytest.mark.skipif(PLAIN, reason="nothing is compiled"),
]


@pytest.mark.parametrize("seed", [0, 10**6])
def test_random_and_hostile_calls(seed):
    program = f"import runpy; runpy.run_path({str(FUZZ)!r}, run_name='__main__')"
    assert run(program, "--calls", "60", "--seed", str(seed)) == "60 calls, all right\n"


@pytest.mark.parametrize("at_end", [True, False])
def test_a_number_beyond_the_array_is_seen(at_end):
    program = f"""
import ctypes
import numpy as np
from tests.helpers.guarded import guarded
array = guarded(np.ones(1024, np.float32), {at_end})
assert array.sum() == 1024
address = array.__array_interface__["data"][0] + ({at_end} and array.nbytes or -4)
print("begins", flush=True)
print(ctypes.c_float.from_address(address).value, "not seen")
"""
    found = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path()}, capture_output=True, text=True
    )
    assert found.stdout == "begins\n"
    assert found.returncode in (-signal.SIGSEGV, -signal.SIGBUS)


def test_a_kernel_that_writes_too_much_dies():
    """The same plan on an output that is one row too short."""
    program = """
from tests.helpers.guarded import guarded
from conv3dt._call import arguments
from conv3dt._run import run
x, w, shape, s = LAYER
out = guarded(np.zeros(shape, np.float32), True)
call = arguments.as_call("conv3d_transpose", x, w, shape, s, "SAME", "NDHWC", None, out=out)
run.run(call)
np.testing.assert_array_equal(out, WANTED)
short = np.lib.stride_tricks.as_strided(out[:, 1:], out.shape)
print("begins", flush=True)
run.run(call._replace(out=short))
print("not seen")
"""
    process = start(program)
    out, _ = process.communicate(timeout=60)
    assert out == "begins\n"
    assert process.returncode in (-signal.SIGSEGV, -signal.SIGBUS)
