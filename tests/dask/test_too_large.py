"""Where memory does not suffice, errors point to what needs less of it."""

import numpy as np
import pytest

import conv3dt
from conv3dt._runtime import memory

ZARR = pytest.importorskip("zarr")
W = np.ones((1, 1, 1, 1, 1), np.float32)


@pytest.mark.parametrize("side", [1200, 500])
def test_arrays_on_disk(side, tmp_path, monkeypatch):
    shape = (1, side, side, side, 1)
    x = ZARR.open(
        str(tmp_path / "x"), mode="w", shape=shape, chunks=(1, 100, 100, 100, 1), dtype="f4"
    )
    monkeypatch.setattr(memory, "available", lambda: 1 << 28)
    with pytest.raises(MemoryError, match=r"conv3d: input needs .* GiB .*; 0.25 GiB can") as error:
        conv3dt.conv3d(x, W, 1, "SAME")
    assert ("conv3dt.dask" in str(error.value)) == (side == 1200)


def test_results(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1 << 20)
    x = np.broadcast_to(np.float32(1), (1, 1000, 1000, 1000, 1))
    with pytest.raises(
        MemoryError, match=r"needs 3\.73 GiB of .* inputs; .*conv3dt\.dask computes"
    ):
        conv3dt.nn.conv3d(x, W, 1, "SAME")
