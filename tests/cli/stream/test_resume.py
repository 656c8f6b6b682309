"""Streams that were killed, failed, or met something else than they had begun, go on or refuse."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli.main import main
from conv3dt.cli.stream import sinks, state, walk
from tests.helpers.commands import POSIX, names
from tests.helpers.streams import chunks_in, command, finished, killed_when, same_bits, volume

zarr: Any = pytest.importorskip("zarr")
THIRD = not zarr.__version__.startswith("2.")
LINE = "upsample a.zarr o.zarr --chunks 8"
SLOWLY = """
import time
from conv3dt.cli.stream import walk
from conv3dt.cli.stream.sinks import Sink
walk.SMALL = 1
write = Sink.write
def slow(*arguments):
    time.sleep(0.01)
    write(*arguments)
Sink.write = slow
"""


def failing(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> None:
    """Let writing fail after some units."""
    write, count = sinks.Sink.write, iter(range(10**6))
    monkeypatch.setattr(walk, "SMALL", 1)

    def fragile(*arguments: Any) -> None:
        if next(count) >= after:
            raise error
        write(*arguments)

    monkeypatch.setattr(sinks.Sink, "write", fragile)


# ---- killed --------------------------------------------------------------------------------------


def check_kills(whole: NDArray[Any], kills: int, line: str) -> None:
    """Kill a stream as often, at random moments, and go on each time."""
    rng, folder = np.random.default_rng(1), Path("o.zarr.part")
    before: dict[Path, int] = {}
    for _ in range(kills):
        process = command(f"{line} --resume", SLOWLY)
        killed_when(process, folder, len(before) + int(rng.integers(0, 4)), rng.uniform(0, 0.03))
        now = chunks_in(folder) if folder.is_dir() else {}
        done = {path: at for path, at in now.items() if not path.name.endswith(".partial")}
        assert before.items() <= done.items()  # nothing that was done is written again
        before = done
    assert finished(command(f"{line} --resume"))[0] == 0
    after = chunks_in(Path("o.zarr"))
    assert before.items() <= after.items()
    assert not [path for path in after if path.name.endswith(".partial")]
    assert names() == ["a.zarr", "o.zarr"]
    array = "o.zarr/0" if "--levels" in line else "o.zarr"
    assert same_bits(array, whole)


@POSIX
def test_kills_and_resumes(whole: NDArray[Any]) -> None:
    check_kills(whole, 3, LINE)


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("more", ["", " --levels 2", " --memory 250MB --threads 1"])
def test_twenty_kills_at_random_moments(whole: NDArray[Any], more: str) -> None:
    check_kills(whole, 20, LINE + more)


@POSIX
@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_keeps_what_is_done(whole: NDArray[Any], threads: int) -> None:
    process = command(f"{LINE} --threads {threads}", SLOWLY)
    while process.poll() is None and len(chunks_in(Path("o.zarr.part"))) < 3:
        time.sleep(0.002)
    process.terminate()
    status, _, told = finished(process)
    assert status == 143
    assert told.startswith("conv3dt: ended by SIGTERM; ")
    assert told.endswith(" of 210 chunks are done: --resume goes on\n")
    assert not [*Path("o.zarr.part").rglob("*.partial")]
    assert main([*LINE.split(), "--resume"]) == 0
    assert same_bits("o.zarr", whole)


# ---- failed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", ["", " --levels 2"])
def test_what_is_done_stays_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    whole: NDArray[Any],
    levels: str,
) -> None:
    with monkeypatch.context() as context:
        failing(context, 7, OSError(28, os.strerror(28), str(Path("o.zarr.part").absolute())))
        assert main((LINE + levels).split()) == 2
    told = capsys.readouterr().err
    assert told.startswith("conv3dt: error: No space left on device: ")
    assert "chunks are done: --resume goes on" in told
    assert told.count("\n") == 1
    before = chunks_in(Path("o.zarr.part"))
    assert before
    assert main((LINE + levels).split()) == 2
    assert "o.zarr.part exists: --resume goes on with what is done" in capsys.readouterr().err
    assert main([*LINE.split(), "--resume"]) == 0  # with the chunks and levels that it had
    assert before.items() <= chunks_in(Path("o.zarr")).items()
    assert same_bits("o.zarr/0" if levels else "o.zarr", whole)
    assert names() == ["a.zarr", "o.zarr"]


def test_nothing_stays_where_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, whole: NDArray[Any]
) -> None:
    failing(monkeypatch, 0, ValueError("broken"))
    assert main(LINE.split()) == 2
    assert names() == ["a.zarr"]


def test_force_begins_anew(monkeypatch: pytest.MonkeyPatch, whole: NDArray[Any]) -> None:
    with monkeypatch.context() as context:
        failing(context, 7, ValueError("broken"))
        assert main(LINE.split()) == 2
    assert main([*LINE.split(), "--factor", "1", "--force"]) == 0
    assert zarr.open_array("o.zarr", mode="r").shape == (24, 20, 28)
    assert names() == ["a.zarr", "o.zarr"]


def test_force_and_resume_replace_at_the_end(
    monkeypatch: pytest.MonkeyPatch, whole: NDArray[Any]
) -> None:
    assert main(["upsample", "a.zarr", "o.zarr", "--factor", "1"]) == 0
    with monkeypatch.context() as context:
        failing(context, 7, ValueError("broken"))
        assert main([*LINE.split(), "--force"]) == 2
    assert zarr.open_array("o.zarr", mode="r").shape == (24, 20, 28)
    assert main([*LINE.split(), "--resume"]) == 2
    assert main([*LINE.split(), "--resume", "--force"]) == 0
    assert same_bits("o.zarr", whole)
    assert names() == ["a.zarr", "o.zarr"]


def test_a_killed_exchange_is_mended(whole: NDArray[Any]) -> None:
    assert main([*LINE.split(), "--part", "1/2"]) == 0
    Path("o.zarr.part").rename("o.zarr.done")
    assert main([*LINE.split(), "--part", "2/2"]) == 0
    assert same_bits("o.zarr", whole)
    assert names() == ["a.zarr", "o.zarr"]


LIMITED = """
import resource
from conv3dt.cli.stream import walk
walk.SMALL = 1
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
"""


@POSIX
def test_a_file_that_may_not_grow_leaves_no_half_chunk(folder: Path) -> None:
    values = volume("a.zarr")
    values[:12] = 0  # whose chunks are short
    zarr.open_array("a.zarr", mode="r+")[...] = values
    line = "upsample a.zarr o.zarr --chunks 16"
    status, _, told = finished(command(line, LIMITED, CONV3DT_CACHE="0"))
    assert status == 2
    assert told.startswith("conv3dt: error: File too large: o.zarr; ")
    assert not [*Path("o.zarr.part").rglob("*.partial")]
    assert main([*line.split(), "--resume"]) == 0
    assert main(["upsample", "a.zarr", "o.npy"]) == 0
    assert same_bits("o.zarr", np.load("o.npy"))


# ---- nothing missing, or something else ----------------------------------------------------------


def test_nothing_is_computed_where_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    zarr.open_array("a.zarr", mode="w", shape=(16, 16, 16), chunks=(4, 4, 4), dtype="f4")[...] = 1
    assert main(["upsample", "a.zarr", "o.zarr", "--chunks", "2"]) == 0
    monkeypatch.setattr(Upsampling, "compute", None)
    capsys.readouterr()
    start = time.perf_counter()
    assert main(["upsample", "a.zarr", "o.zarr", "--chunks", "2", "--resume"]) == 0
    assert time.perf_counter() - start < 2
    assert "0 of 4096 chunks computed" in capsys.readouterr().out


def test_a_complete_part_is_only_renamed(
    monkeypatch: pytest.MonkeyPatch, whole: NDArray[Any]
) -> None:
    with monkeypatch.context() as context:
        context.setattr(state, "publish", lambda *_: (_ for _ in ()).throw(OSError(5, "no")))
        assert main(LINE.split()) == 2
    monkeypatch.setattr(Upsampling, "compute", None)
    assert main([*LINE.split(), "--resume"]) == 0
    assert same_bits("o.zarr", whole)


def test_zeros_are_complete(folder: Path) -> None:
    zarr.open_array("a.zarr", mode="w", shape=(8, 8, 8), chunks=(4, 4, 4), dtype="f4")[...] = 0
    assert main(["upsample", "a.zarr", "o.zarr"]) == 0
    assert len(chunks_in(Path("o.zarr"))) == 8
    assert main(["upsample", "a.zarr", "o.zarr", "--resume"]) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("--factor 3", "work factors was [2, 2, 2], and is [3, 3, 3]"),
        ("--factor 2 --chunks 4", "output chunks was [8, 8, 8], and is [4, 4, 4]"),
        ("--factor 2 --shards 16", "output shards was null, and is [16, 16, 16]"),
        ("--factor 2 --levels 1", "output levels was 0, and is 1"),
    ],
)
def test_other_settings_are_refused(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any], change: str, told: str
) -> None:
    if "shards" in change and not THIRD:
        pytest.skip("zarr 3")
    assert main([*LINE.split(), "--part", "1/2"]) == 0
    capsys.readouterr()
    assert main(["upsample", "a.zarr", "o.zarr", "--resume", *change.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("conv3dt: error: o.zarr.part was begun for something else: ")
    assert told in error
    assert error.count("\n") == 1


def test_other_filters_and_other_inputs_are_refused(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    rng = np.random.default_rng(0)
    np.save("w.npy", rng.normal(size=(3, 3, 3, 2, 2)).astype("f4"))
    np.save("x.npy", rng.normal(size=(1, 8, 8, 8, 2)).astype("f4"))
    line = "apply x.npy y.zarr --filters w.npy --strides 2 --chunks 4"
    assert main([*line.split(), "--part", "1/2"]) == 0
    np.save("w.npy", rng.normal(size=(3, 3, 3, 2, 2)).astype("f4"))
    assert main([*line.split(), "--resume"]) == 2
    assert "work filters was" in capsys.readouterr().err
    np.save("w.npy", np.ones((3, 3, 3, 2, 2), "f4"))
    assert main([*line.split(), "--force"]) == 0
    assert names() == ["w.npy", "x.npy", "y.zarr"]


def test_another_version_or_processor_is_refused(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any]
) -> None:
    assert main([*LINE.split(), "--part", "1/2"]) == 0
    record = Path("o.zarr.part") / state.NAME
    for name, other in (("instructions", "sse"), ("version", "0.0.1")):
        told = json.loads(record.read_text())
        kept, told["asked"][name] = told["asked"][name], other
        record.write_text(json.dumps(told))
        assert main([*LINE.split(), "--resume"]) == 2
        assert f"{name} was {other}, and is {kept}" in capsys.readouterr().err
        told["asked"][name] = kept
        record.write_text(json.dumps(told))
    assert main([*LINE.split(), "--resume"]) == 0
    assert same_bits("o.zarr", whole)


def test_another_output_of_that_name_is_refused(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any]
) -> None:
    assert main(["upsample", "a.zarr", "o.zarr", "--factor", "1"]) == 0
    assert main([*LINE.split(), "--resume"]) == 2
    assert "o.zarr exists already and is another: its shape is" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_folder_without_a_record(
    capsys: pytest.CaptureFixture[str], whole: NDArray[Any], text: str
) -> None:
    Path("o.zarr.part").mkdir()
    (Path("o.zarr.part") / state.NAME).write_text(text)
    assert main([*LINE.split(), "--resume"]) == 2
    assert "is no output that was begun by conv3dt" in capsys.readouterr().err
