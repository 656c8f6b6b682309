"""Processes that share an output: parts of it, job arrays, shards; and `finish`."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli.main import main
from conv3dt.cli.stream import options, state
from conv3dt.cli.stream.bricks import is_in_part
from tests.helpers.commands import names
from tests.helpers.streams import chunks_in, command, finished, killed_when, same_bits

zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
LINE = "upsample a.zarr o.zarr --chunks 8"


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_the_last_part_puts_the_output_in_place(
    whole: NDArray[Any], capsys: pytest.CaptureFixture[str], order: tuple[int, ...], levels: int
) -> None:
    for number in order:
        assert not Path("o.zarr").exists()
        memory = ["--memory", f"{200 + 20 * number}MB"]  # which parts may have more or less of
        assert main([*LINE.split(), "--levels", f"{levels}", "--part", f"{number}/3", *memory]) == 0
    *others, last = capsys.readouterr().out.splitlines()
    assert all("left to other parts" in line for line in others[-2:])
    assert "left" not in last
    assert same_bits("o.zarr/0" if levels else "o.zarr", whole)
    assert main([*LINE.split(), "--part", "2/3"]) == 0  # a task that is repeated
    assert names() == ["a.zarr", "o.zarr"]


def test_parts_are_runs_of_cubes() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        units = tuple(rng.integers(1, 8, 3).tolist())
        cube = (1, *(2 ** rng.integers(0, 3, 2)).tolist())
        order, count = tuple(rng.permutation(3).tolist()), int(rng.integers(1, 9))
        parts = [is_in_part(units, cube, order, (n + 1, count)) for n in range(count)]
        assert (np.sum(parts, axis=0) == 1).all()
        for part in parts:
            for axis, size in enumerate(cube):
                starts = np.add.reduceat(part, range(0, units[axis], size), axis)
                ends = np.add.reduceat(~part, range(0, units[axis], size), axis)
                assert not ((starts > 0) & (ends > 0)).any()


def test_three_processes_of_which_one_is_killed_and_repeated(whole: NDArray[Any]) -> None:
    running = [command(f"{LINE} --part {n}/3") for n in (1, 2, 3)]
    killed_when(running[1], Path("o.zarr.part"), 3, 0.01)
    assert [finished(process)[0] for process in (running[0], running[2])] == [0, 0]
    assert finished(command(f"{LINE} --part 2/3"))[0] == 0
    assert same_bits("o.zarr", whole)
    assert names() == ["a.zarr", "o.zarr"]


@pytest.mark.skipif(not THIRD, reason="zarr 3")
@pytest.mark.slow
def test_shards_of_two_processes_lose_nothing(whole: NDArray[Any]) -> None:
    for number in range(20):
        line = f"upsample a.zarr o{number}.zarr --chunks 4 --shards 16"
        both = [command(f"{line} --part {n}/2") for n in (1, 2)]
        assert [finished(process)[0] for process in both] == [0, 0]
        assert same_bits(f"o{number}.zarr", whole)


@pytest.mark.skipif(not THIRD, reason="zarr 3")
def test_shards_are_written_whole_by_one_thread_each(whole: NDArray[Any]) -> None:
    line = "upsample a.zarr o.zarr --chunks 4 --shards 16"
    failed: list[int] = []

    def part(number: int) -> None:
        status, _, _ = finished(command(f"{line} --part {number}/2"))
        failed.extend([number] if status else [])

    threads = [threading.Thread(target=part, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert same_bits("o.zarr", whole)
    assert len(chunks_in(Path("o.zarr"))) == 3 * 3 * 4


# ---- job arrays ----------------------------------------------------------------------------------


def slurm(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    """Set what SLURM sets for a task of a job array."""
    for name in ("ID", "MIN", "MAX", "STEP", "COUNT"):
        monkeypatch.delenv(f"SLURM_ARRAY_TASK_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"ID": 3, "MIN": 1, "MAX": 64, "STEP": 1, "COUNT": 64}, (3, 64)),
        ({"ID": 0, "MIN": 0, "MAX": 9}, (1, 10)),
        ({"ID": 15, "MIN": 5, "MAX": 25, "STEP": 5, "COUNT": 5}, (3, 5)),
        ({"ID": 7, "MIN": 7, "MAX": 7, "STEP": 1, "COUNT": 1}, (1, 1)),
    ],
)
def test_a_job_array(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, int], part: tuple[int, int]
) -> None:
    slurm(monkeypatch, **values)
    assert options.part("slurm") == part


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "SLURM_ARRAY_TASK_ID is not set"),
        ({"ID": 3, "MIN": 1, "MAX": 7, "STEP": 1, "COUNT": 3}, "must be a range such as 1-64"),
        ({"ID": 9, "MIN": 1, "MAX": 7}, "must be a range such as 1-64"),
    ],
)
def test_other_job_arrays_are_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, int], told: str
) -> None:
    slurm(monkeypatch, **values)
    with pytest.raises(ValueError, match=told):
        options.part("slurm")


def test_a_job_array_from_its_first_task_to_its_last(
    monkeypatch: pytest.MonkeyPatch, whole: NDArray[Any]
) -> None:
    for number in (5, 6, 7):
        slurm(monkeypatch, ID=number, MIN=5, MAX=7, STEP=1, COUNT=3)
        assert main([*LINE.split(), "--part", "slurm"]) == 0
    assert same_bits("o.zarr", whole)


# ---- finish --------------------------------------------------------------------------------------


def test_finish_puts_in_place_what_is_complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], whole: NDArray[Any]
) -> None:
    assert main([*LINE.split(), "--part", "1/2"]) == 0
    capsys.readouterr()
    assert main(["finish", "o.zarr"]) == 2
    told = capsys.readouterr().err
    assert "chunks are missing; the command that began it computes them with --resume" in told
    with monkeypatch.context() as context:
        context.setattr(state, "publish", lambda *_: (_ for _ in ()).throw(OSError(5, "no")))
        assert main([*LINE.split(), "--part", "2/2"]) == 2
    (Path("o.zarr.part") / "0.half.partial").touch()
    assert main(["finish", "o.zarr"]) == 0
    assert same_bits("o.zarr", whole)
    assert main(["finish", "o.zarr"]) == 0
    assert "in place already" in capsys.readouterr().out
    assert names() == ["a.zarr", "o.zarr"]
    assert not [*Path("o.zarr").glob("*.partial")]


def test_finish_needs_an_output(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["finish", "o.zarr"]) == 2
    assert "there is no o.zarr, and no o.zarr.part" in capsys.readouterr().err
    assert main(["finish", "o.npy"]) == 2
    assert "finish is for outputs in .zarr" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/3", "4/3", "x", "1", "1/0", "-1/3", "1/2/3"])
def test_parts_that_are_none(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any], text: str
) -> None:
    assert main([*LINE.split(), f"--part={text}"]) == 2
    assert "--part must be I/N with I from 1 to N, or slurm" in capsys.readouterr().err
