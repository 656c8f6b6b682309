"""docs/troubleshooting.md goes by the texts that people see."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from conv3dt._compiler.plain import PLAIN
from tests.helpers.processes import start


def texts():
    """Return what docs/troubleshooting.md is indexed by, with patterns; letters and dots vary."""
    page = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    found = [text for line in headings for text in re.findall("`(.+?)`", line)]
    return {text: [re.escape(x) for x in re.split(r"\.\.\.|\b[NM]\b", text)] for text in found}


OURS = {
    "compiled kernels are not kept": "check()",
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
