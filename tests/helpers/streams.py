"""Streams in processes of their own, which may be killed; what they leave, and what they write."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.commands import ENVIRONMENT

zarr: Any = pytest.importorskip("zarr")

Array = NDArray[Any]
# numbers as they are: processes need not wait for compilers
QUICK = {**ENVIRONMENT, "NUMBA_NUM_THREADS": "2"}


def volume(path: str, shape: tuple[int, ...] = (24, 20, 28), chunks: int = 8) -> Array:
    """Write a zarr of random numbers."""
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    array = zarr.open_array(path, mode="w", shape=shape, dtype="f4", chunks=(chunks,) * len(shape))
    array[...] = values
    return values


def chunks_in(folder: Path) -> dict[Path, int]:
    """Return the files of chunks, and when each was written."""
    told = {"zarr.json", ".zarray", ".zattrs", ".zgroup", "conv3dt.json"}
    return {
        path.relative_to(folder): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name not in told
    }


def command(line: str, code: str = "", **environment: str) -> subprocess.Popen[str]:
    """Start the command line, after some code."""
    program = f"import sys\nfrom conv3dt.cli.main import main\n{code}\nsys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", program, *line.split()],
        env={**QUICK, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the status of a process that has ended, and what it said."""
    with process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def killed_when(process: subprocess.Popen[str], folder: Path, count: int, pause: float) -> None:
    """Kill a process a while after so many chunks are there."""
    while process.poll() is None:
        if folder.is_dir() and len(chunks_in(folder)) >= count:
            time.sleep(pause)
            break
        time.sleep(0.001)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    finished(process)


def same_bits(path: str, expected: Array) -> bool:
    """Return whether a zarr holds numbers, to the bit."""
    found = zarr.open_array(path, mode="r")[...]
    return found.shape == expected.shape and found.tobytes() == expected.tobytes()
