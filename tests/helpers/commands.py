"""Commands that something happens to meanwhile, in this process and in others."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import conv3dt
from conv3dt._run.blocks.upsampling import Upsampling

__all__ = ["ENVIRONMENT", "OUTPUTS", "POSIX", "meanwhile", "names"]

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and hard links of POSIX")
# processes find the package that is tested, installed or not
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(conv3dt.__file__).parents[1])}
OUTPUTS = ["o.npy", "o.nii", "o.nii.gz", "o.zarr", "o.zarr/s1"]


def names() -> list[str]:
    """Return what lies in the working folder, hidden names too."""
    return sorted(path.name for path in Path().iterdir())


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something while a volume is worked on."""
    work = Upsampling.compute

    def compute(*arguments: Any) -> Any:
        act()
        return work(*arguments)

    monkeypatch.setattr(Upsampling, "compute", compute)
