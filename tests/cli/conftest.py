"""The folder that commands work in."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def volume(folder: Path) -> None:
    """A volume, a.npy, in the working folder."""
    np.save(folder / "a.npy", np.ones((3, 4, 5, 2), np.float32))
