"""Chunks that are done are read again, and computed again where they are damaged."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli.main import main
from conv3dt.cli.stream import state
from tests.helpers.commands import names
from tests.helpers.streams import chunks_in, same_bits

zarr: Any = pytest.importorskip("zarr")
LINE = "upsample a.zarr o.zarr --chunks 8"


@pytest.mark.parametrize(
    "how", ["upsample a.zarr o.zarr --resume --verify", "finish o.zarr --verify"]
)
@pytest.mark.parametrize("levels", ["", " --levels 1"])
def test_a_truncated_chunk_is_computed_again(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    whole: NDArray[Any],
    how: str,
    levels: str,
) -> None:
    with monkeypatch.context() as context:
        context.setattr(state, "publish", lambda *_: (_ for _ in ()).throw(OSError(5, "no")))
        assert main((LINE + levels).split()) == 2
    chunk = sorted(chunks_in(Path("o.zarr.part")))[-1]
    path = Path("o.zarr.part") / chunk
    path.write_bytes(path.read_bytes()[:-9])
    before = chunks_in(Path("o.zarr.part"))
    capsys.readouterr()
    assert main(how.split()) == 0
    assert "1 chunks are damaged" in capsys.readouterr().err
    after = chunks_in(Path("o.zarr"))
    assert [p for p in after if after[p] != before[p]] == [chunk]
    assert same_bits("o.zarr/0" if levels else "o.zarr", whole)
    if levels:
        made = zarr.open_array("o.zarr/1", mode="r")[...]
        np.testing.assert_allclose(
            made, whole.reshape(24, 2, 20, 2, 28, 2).mean((1, 3, 5)), atol=1e-6
        )
    assert names() == ["a.zarr", "o.zarr"]


def test_a_damaged_output_that_is_in_place_is_told(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any]
) -> None:
    assert main(LINE.split()) == 0
    assert main(["finish", "o.zarr", "--verify"]) == 0
    path = Path("o.zarr") / sorted(chunks_in(Path("o.zarr")))[0]
    path.write_bytes(path.read_bytes()[:-9])
    assert main(["finish", "o.zarr"]) == 0
    assert main(["finish", "o.zarr", "--verify"]) == 2
    assert "cannot be read" in capsys.readouterr().err
