"""What a bug report needs."""

import os
import re
import subprocess
import sys

import pytest

from conv3dt._compiler.plain import PLAIN
from conv3dt._runtime import team
from tests.helpers.processes import run

several = pytest.mark.skipif(
    team.available() < 2 or not hasattr(os, "fork"), reason="there is one thread, or no fork"
)


def test_show_config():
    environment = {"NUMBA_NUM_THREADS": "1", "CONV3DT_CACHE": "0"}
    out = run("check(); conv3dt.show_config()", **environment)
    facts = dict(line.split(None, 1) for line in out.splitlines())
    assert set(facts) == {
        "conv3dt", "python", "numpy", "numba", "llvmlite", "processor", "vectors", "features",
        "threads", "cache", "kernels", "memory", "bfloat16",
    }  # fmt: skip
    assert facts["threads"].startswith("1 (")
    assert facts["threads"].endswith("; the caller's")
    assert facts["cache"].startswith(
        "none: NUMBA_DISABLE_JIT" if PLAIN else "none: CONV3DT_CACHE=0"
    )


@several
def test_config_tells_whose_threads_do_the_work(numba_layer):
    program = """
out = conv3dt.show_config()
child = os.fork()
if not child:
    conv3dt.show_config()
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
"""
    environment = dict.fromkeys(["NUMBA_NUM_THREADS", "OMP_NUM_THREADS"])
    out = run("sys.stdout.reconfigure(line_buffering=True)" + program, **environment)
    ours, childs = (line for line in out.splitlines() if line.startswith("threads"))
    if numba_layer == "workqueue":
        assert ours.endswith(
            "Python's own, not Numba's: with its layer workqueue two calls at once end the process"
        )
    else:
        assert ours.endswith(f"; Numba's, layer {numba_layer}")
    assert childs.endswith("this process was forked after Numba had started its threads")


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
def test_config_tells_hits_and_misses_and_why_there_is_no_cache(cold):
    program = "check(); conv3dt.show_config()"
    assert re.search(r"kernels .* 0 hits, [1-9]\d* misses, 0 damaged", run(program))
    assert re.search(r"kernels .* [1-9]\d* hits, 0 misses, 0 damaged", run(program))
    nowhere = dict.fromkeys(
        ["CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "SLURM_TMPDIR"], "/dev/null/x"
    )
    assert "cache      none: no folder can be written to;" in run(program, **nowhere)


def test_the_command_prints_the_same():
    command = [sys.executable, "-m", "conv3dt", "info"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours = run("conv3dt.show_config()", begin="import conv3dt\n")
    names = [line.split()[0] for line in found.splitlines()]
    assert names[:-1] == [line.split()[0] for line in ours.splitlines()]
    assert names[-1] == "extra"
