"""A volume, and what the call in one piece makes of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli.main import main
from tests.helpers.streams import volume


@pytest.fixture
def whole(folder: Path) -> NDArray[Any]:
    """What the call in one piece makes of a.zarr, which is written."""
    volume("a.zarr")
    assert main(["upsample", "a.zarr", "whole.npy"]) == 0
    found: NDArray[Any] = np.load("whole.npy")
    Path("whole.npy").unlink()
    return found
