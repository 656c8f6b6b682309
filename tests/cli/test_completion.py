"""What a shell is told when somebody presses the tabulator."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.commands import ENVIRONMENT

pytestmark = [
    pytest.mark.skipif(not importlib.util.find_spec("argcomplete"), reason="needs argcomplete"),
    pytest.mark.skipif(os.name == "nt", reason="shells of POSIX"),
]


def completed(line: str) -> set[str]:
    """Return the words that could follow, as a shell gets them."""
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    asked |= {"_ARGCOMPLETE_STDOUT_FILENAME": "words", "_ARGCOMPLETE_IFS": "\n"}
    command = [sys.executable, "-m", "conv3dt"]
    subprocess.run(command, env=ENVIRONMENT | asked, check=True, capture_output=True, timeout=60)
    return {word.strip() for word in Path("words").read_text().splitlines()}


def test_commands_options_and_files_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scan.nii").touch()
    assert completed("conv3dt up") == {"upsample"}
    assert {"apply", "demo", "finish", "info", "upsample", "warmup"} < completed("conv3dt ")
    assert completed("conv3dt upsample sc") == {"scan.nii"}
    assert completed("conv3dt upsample scan.nii fine.nii --pl") == {"--plot"}
    assert "NDHWC" in completed("conv3dt apply a.npy b.npy --data-format ")


def test_without_a_shell_that_asks_nothing_is_loaded() -> None:
    code = "import sys; from conv3dt.cli.main import main; main(['--version'])"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; print('argcomplete' in sys.modules)"],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.splitlines()[-1] == "False"
