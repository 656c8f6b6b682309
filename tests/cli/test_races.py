"""Several writers of one output, and parts that were left."""

import errno
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conv3dt.cli import outputs, parts, renames
from conv3dt.cli.main import main
from tests.helpers.commands import ENVIRONMENT, OUTPUTS, POSIX, meanwhile, names

pytest.importorskip("nibabel")
pytest.importorskip("zarr")

pytestmark = pytest.mark.usefixtures("volume")


def begun(out: str) -> list[str]:
    """Return what stays of an output that is complete but cannot be put in place."""
    root = out.partition("/")[0]
    return [f"{root}.part"] if root.endswith(".zarr") else []


# ---- what appears meanwhile ----------------------------------------------------------------------


@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("other", ["file", "folder", "zarr"])
@pytest.mark.parametrize("out", OUTPUTS)
def test_what_has_appeared_meanwhile_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    out: str,
    other: str,
    fallback: bool,
) -> None:
    there = Path(out.partition("/")[0])

    def appear() -> None:
        if other == "file":
            there.write_text("theirs")
        elif not there.exists():
            there.mkdir()
            if other == "zarr":
                (there / "zarr.json").write_text("theirs")

    if fallback:
        monkeypatch.setattr(renames, "_renamed", lambda *_: False)
    meanwhile(monkeypatch, appear)
    assert main(["upsample", "a.npy", out]) == 2
    assert "has been made by somebody else meanwhile" in capsys.readouterr().err
    assert names() == ["a.npy", there.name, *begun(out)]
    if other == "file":
        assert there.read_text() == "theirs"
    else:
        assert len([*there.iterdir()]) == (1 if other == "zarr" else 0)


@pytest.mark.parametrize("out", ["o.npy", "o.zarr"])
def test_force_replaces_what_has_appeared_meanwhile(
    monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    meanwhile(monkeypatch, lambda: Path(out).write_text("theirs"))
    assert main(["upsample", "a.npy", out, "--force"]) == 0
    assert names() == ["a.npy", out]
    assert Path(out).is_dir() == (out == "o.zarr")


def test_force_replaces_no_folder_that_is_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def appear() -> None:
        Path("o.zarr").mkdir(exist_ok=True)
        Path("o.zarr/thesis.txt").write_text("theirs")

    meanwhile(monkeypatch, appear)
    assert main(["upsample", "a.npy", "o.zarr", "--force"]) == 2
    assert "is a folder, which is never replaced" in capsys.readouterr().err
    assert names() == ["a.npy", "o.zarr", "o.zarr.part"]
    assert Path("o.zarr/thesis.txt").read_text() == "theirs"


@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_of_many_writers_one_wins(
    monkeypatch: pytest.MonkeyPatch, kind: str, force: bool, fallback: bool
) -> None:
    if fallback:
        monkeypatch.setattr(renames, "_renamed", lambda *_: False)
    target, barrier = Path("o.zarr"), threading.Barrier(8)
    won: list[int] = []

    def write(number: int) -> None:
        try:
            with outputs.replacing(target, force=force) as part:
                if kind == "folder":
                    part.mkdir()
                (part / "zarr.json" if kind == "folder" else part).write_text(str(number))
                barrier.wait()
            won.append(number)
        except (ValueError, OSError):
            assert not force or fallback

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = (target / "zarr.json" if kind == "folder" else target).read_text()
    assert int(content) in won
    assert force or len(won) == 1
    assert names() == ["a.npy", "o.zarr"]


@POSIX
@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_without_hard_links(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr(renames, "_renamed", lambda *_: False)
    monkeypatch.setattr(os, "link", refuse)
    Path("part").write_text("new")
    Path("taken").write_text("old")
    with pytest.raises(FileExistsError):
        renames.into_place(Path("part"), Path("taken"))
    renames.into_place(Path("part"), Path("free"))
    assert (Path("taken").read_text(), Path("free").read_text()) == ("old", "new")
    assert names() == ["a.npy", "free", "taken"]


def test_a_link_to_nowhere_is_not_written_through() -> None:
    Path("o.npy").symlink_to("elsewhere.npy")
    assert main(["upsample", "a.npy", "o.npy"]) == 2
    assert main(["upsample", "a.npy", "o.npy", "--force"]) == 0
    assert not Path("o.npy").is_symlink()
    assert names() == ["a.npy", "o.npy"]


# ---- parts that were left ------------------------------------------------------------------------


def test_parts_of_dead_processes_are_swept() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    mine = parts.new(Path("o.npy"))
    dead = Path(mine.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    alive = Path(mine.name.replace(f"-{os.getpid()}-", f"-{os.getppid()}-"))
    host = socket.gethostname()
    elsewhere = Path(dead.name.replace(host, "another"))
    others = [alive, elsewhere, Path(".conv3dt-x.part"), Path(".conv3dt"), Path(f"{dead}.txt")]
    for path in others:
        path.touch()
    dead.mkdir()
    (dead / "zarr.json").touch()
    assert host in dead.name
    assert main(["upsample", "a.npy", "o.npy"]) == 0
    assert names() == sorted(["a.npy", "o.npy", *map(str, others)])


KILLED = """
import os, signal, sys
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import main
work = Upsampling.compute
count = iter(range(9))
def compute(*arguments):
    if next(count) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(*arguments)
Upsampling.compute = compute
main.main(["upsample", "a.npy", sys.argv[1]])
"""


@POSIX
def test_what_a_killed_process_left_is_swept_by_the_next() -> None:
    command = [sys.executable, "-c", KILLED, "o.nii"]
    subprocess.run(command, env=ENVIRONMENT, check=False, timeout=60, capture_output=True)
    assert len(names()) == 2
    assert main(["upsample", "a.npy", "fine.npy"]) == 0
    assert names() == ["a.npy", "fine.npy"]


def test_a_part_that_resists_is_removed_once_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    remove, times = parts._remove, iter(range(9))

    def stubborn(path: Path) -> None:
        if next(times) < 3:
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        remove(path)

    monkeypatch.setattr(parts, "_remove", stubborn)
    Path("part").mkdir()
    parts.remove(Path("part"))
    assert names() == ["a.npy"]


def test_a_part_that_stays_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(path: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(parts, "_remove", stubborn)
    monkeypatch.setattr(parts, "PATIENCE", 0.05)
    Path("part").touch()
    with pytest.warns(UserWarning, match="part is left behind: Permission denied"):
        parts.remove(Path("part"))
