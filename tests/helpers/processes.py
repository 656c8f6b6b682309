"""Programs in processes of their own: what a runtime does to a process cannot be tried in this one.

A program begins with `BEGIN`: a layer that is worth several threads, and its result by definition.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import conv3dt

ROOT = Path(__file__).parents[2]

BEGIN = """
import os, sys, threading, time
import numpy as np
from tests.helpers import oracle
import conv3dt

def layer(channels=16, seed=0, width=24):
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, (1, 4, 8, width, 16)).astype("f4")
    w = rng.integers(-2, 3, (3, 3, 3, channels, 16)).astype("f4")
    return x, w, (1, 8, 16, 2 * width, channels), 2

def by_definition(x, w, shape, s):
    return oracle.conv3d_transpose(x, w, shape, (s,) * 3, "SAME", (1,) * 3, "NDHWC")

LAYER = layer()
WANTED = by_definition(*LAYER)

def check(threads=None):
    np.testing.assert_array_equal(conv3dt.conv3d_transpose(*LAYER, threads=threads), WANTED)

def helpers():
    return sum(t.name.startswith("conv3dt-") for t in threading.enumerate())
"""


def start(program, *arguments, begin=BEGIN, options=(), **environment):
    """Start a program with some environment variables changed; None takes one away."""
    changed = {**os.environ, "PYTHONPATH": path(), **environment}
    return subprocess.Popen(
        [sys.executable, *options, "-c", begin + textwrap.dedent(program), *arguments],
        env={name: value for name, value in changed.items() if value is not None},
        cwd=ROOT / "tests" / "data", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def path():
    """Where programs find the package that is tested, and the oracle."""
    package = Path(conv3dt.__file__).parents[1]
    return os.pathsep.join([str(package), str(ROOT), os.environ.get("PYTHONPATH", "")])


def finish(process, timeout=300):
    """Return (stdout, stderr) of a program that must end well, and in time."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"still running after {timeout} s\n{out}\n{err}")
    assert process.returncode == 0, f"status {process.returncode}\n{out}\n{err}"
    return out, err


def run(program, *arguments, **options):
    """Return what a program prints that must end well."""
    return finish(start(program, *arguments, **options))[0]
