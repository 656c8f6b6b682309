"""The examples run, each on a page of the gallery, and are short."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
LONGEST = 80  # lines


def test_there_are_examples():
    assert len(EXAMPLES) >= 7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_short_page(path):
    lines = path.read_text().splitlines()
    assert len(lines) < LONGEST
    title, under = lines[1:3]
    assert lines[0] == '"""'
    assert under == "=" * len(title)


@pytest.mark.skipif(sys.platform != "linux", reason="one watches its memory as Linux tells it")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path):
    if path.stem.startswith("torch_"):
        pytest.importorskip("torch")
    result = subprocess.run(
        [sys.executable, "-W", "error", path],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": str(path.parents[1])},
        text=True,
        timeout=300,
    )
    assert (result.returncode, result.stderr) == (0, "")
