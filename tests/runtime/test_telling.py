"""What a bug report needs, and what a call says of itself."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from processes import finish, run, start

from conv3dt._compiler.build import PLAIN
from conv3dt._runtime import team

several = pytest.mark.skipif(
    team.available() < 2 or not hasattr(os, "fork"), reason="there is one thread, or no fork"
)

LINE = re.compile(
    r"conv3dt,conv3d_transpose,float32,NDHWC,1x4x8x24x16->8x16x48x16,k3x3x3 s2x2x2 d1x1x1,"
    r"\w+ \w+ [x\d ]+,threads \d+,[\d.]+ ms,[\d.]+ GFLOP/s"
)


def test_one_line_a_call():
    out, err = finish(start("check(); check()", CONV3DT_VERBOSE="1", CONV3DT_CACHE="0"))
    assert out == ""
    assert len(err.splitlines()) == 2
    for line in err.splitlines():
        assert LINE.fullmatch(line), line


@pytest.mark.parametrize("value", [None, "0", ""])
def test_silence_unless_asked(value):
    assert finish(start("check()", CONV3DT_VERBOSE=value)) == ("", "")


def test_the_logger_is_the_standard_one():
    program = """
import logging
lines = []
class Keep(logging.Handler):
    def emit(self, record):
        lines.append((record.levelname, record.getMessage()))
logging.getLogger("conv3dt").addHandler(Keep())
check()
assert lines == []
logging.getLogger("conv3dt").setLevel(logging.DEBUG)
check()
print(lines)
"""
    [(level, line)] = eval(run(program))
    assert level == "DEBUG"
    assert LINE.fullmatch(line)


def test_show_config():
    environment = {"NUMBA_NUM_THREADS": "1", "CONV3DT_CACHE": "0"}
    out = run("check(); conv3dt.show_config()", **environment)
    facts = dict(line.split(None, 1) for line in out.splitlines())
    assert set(facts) == {
        "conv3dt", "python", "numpy", "numba", "llvmlite", "processor", "vectors", "features",
        "threads", "cache", "kernels", "memory",
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


def texts():
    """Return what docs/troubleshooting.md is indexed by, with patterns; letters and dots vary."""
    page = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    found = [text for line in headings for text in re.findall("`(.+?)`", line)]
    return {text: [re.escape(x) for x in re.split(r"\.\.\.|\b[NM]\b", text)] for text in found}


OURS = {
    "compiled kernels": "check()",
    "threads must be": "conv3dt.conv3d_transpose(*LAYER, threads=10**6)",
    "the call needs": "conv3dt.conv3d_transpose(*LAYER[:2], (1, 2**32, 8, 24, 16), (2**30, 1, 1))",
}


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
@pytest.mark.parametrize("begins", OURS)
def test_troubleshooting_has_the_texts_that_people_see(begins):
    nowhere = dict.fromkeys(
        ["CONV3DT_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "SLURM_TMPDIR"], "/dev/null/x"
    )
    [parts] = [parts for text, parts in texts().items() if text.startswith(begins)]
    _, err = start(OURS[begins], **nowhere).communicate(timeout=100)
    assert re.search(".+".join(parts), err), err


@pytest.mark.skipif(sys.platform != "linux", reason="libraries have other names")
def test_troubleshooting_has_the_texts_of_numba():
    folder = Path(find_spec("numba").origin).parent
    files = [folder / "__init__.py", *(folder / "np" / "ufunc").glob("*.so")]
    code = b"".join(path.read_bytes() for path in files)
    theirs = [text for text in texts() if text.startswith(("Numba", "Terminating"))]
    assert len(theirs) == 3
    for text in theirs:
        assert all(re.search(part.encode(), code) for part in texts()[text]), text
