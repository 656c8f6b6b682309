"""Streams on the workers of a dask scheduler, of which some die."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conv3dt.cli.main import main
from conv3dt.cli.stream import cluster
from conv3dt.cli.stream.bricks import Grid
from tests.helpers.commands import names
from tests.helpers.streams import chunks_in, same_bits, volume
from tests.helpers.workers import two_workers

distributed: Any = pytest.importorskip("distributed")
zarr: Any = pytest.importorskip("zarr")
pytestmark = pytest.mark.filterwarnings("ignore")  # of distributed's own


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """Two processes of one thread each."""
    with two_workers() as made:
        yield made


@pytest.mark.parametrize("more", ["", " --levels 1", " --resume"])
def test_workers_compute_the_bits_of_the_whole(folder: Path, workers: Any, more: str) -> None:
    volume("a.zarr")
    assert main(["upsample", "a.zarr", "whole.npy"]) == 0
    line = f"upsample a.zarr o.zarr --chunks 8 --scheduler {workers.scheduler_address}{more}"
    assert main(line.split()) == 0
    assert same_bits("o.zarr/0" if "levels" in more else "o.zarr", np.load("whole.npy"))
    assert names() == ["a.zarr", "o.zarr", "whole.npy"]


def test_an_error_of_a_worker_is_one_line(
    folder: Path, workers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    volume("a.zarr")
    chunk = sorted(chunks_in(Path("a.zarr")))[-1]
    (Path("a.zarr") / chunk).write_bytes(b"x" * 40)
    line = f"upsample a.zarr o.zarr --chunks 8 --scheduler {workers.scheduler_address}"
    assert main(line.split()) == 2
    told = capsys.readouterr().err.splitlines()
    assert "cannot be read" in told[-1]
    assert told[-1].startswith("conv3dt: error: ")


def test_boxes_are_all_bricks_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        shape = tuple(rng.integers(1, 12, 3).tolist())
        block = tuple(rng.integers(1, 12, 3).tolist())
        grid = Grid(shape, (1, 1, 1), (1, 1, 1), (block,), tuple(rng.permutation(3).tolist()))
        found = np.zeros(shape, int)
        threads = int(rng.integers(1, 9))
        boxes = [*cluster.boxes(grid, threads)]
        for box in boxes:
            found[box] += 1
        assert (found == 1).all()
        assert len(boxes) >= min(found.size, cluster.TASKS * threads)


@pytest.mark.slow
def test_workers_that_are_killed_lose_at_most_what_they_had_in_hand(folder: Path) -> None:
    volume("a.zarr", (64, 64, 64))
    assert main(["upsample", "a.zarr", "whole.npy"]) == 0
    with two_workers() as made:
        stop = threading.Event()

        def kill() -> None:
            for share in (0.2, 0.5, 0.8):
                while not stop.is_set() and len(chunks_in(Path("o.zarr.part"))) < share * 4096:
                    time.sleep(0.002)
                pids = [worker.pid for worker in list(made.workers.values()) if worker.pid]
                if pids and not stop.is_set():
                    os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        line = f"upsample a.zarr o.zarr --chunks 8 --scheduler {made.scheduler_address}"
        assert main(line.split()) == 0
        stop.set()
        killer.join()
    assert same_bits("o.zarr", np.load("whole.npy"))
