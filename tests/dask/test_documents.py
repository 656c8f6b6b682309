"""What the documents say of arrays of dask runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.processes import path

DOCS = Path(__file__).parents[2] / "docs"
pytest.importorskip("zarr")


def program(document, text):
    """Return the block of a document that has a text."""
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```$", (DOCS / document).read_text(), re.M | re.S)
    (found,) = (block for block in blocks if text in block)
    return found


@pytest.mark.parametrize(
    ("document", "text", "result"),
    [("volumes.md", "import conv3dt.dask", "lazy.zarr"), ("hpc.md", "LocalCluster(", "fine.zarr")],
)
def test_programs(document, text, result, tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text(program(document, text))
    monkeypatch.setenv("PYTHONPATH", path())
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True, timeout=300)
    assert (tmp_path / result).is_dir()


def test_the_other_scheduler_is_python():
    compile(program("hpc.md", "SLURMCluster("), "hpc.md", "exec")
