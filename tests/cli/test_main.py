"""The command line as a whole: help, errors, signals, pipes, and the smaller commands."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import conv3dt
from conv3dt.cli import info, terminal
from conv3dt.cli import main as entry
from conv3dt.cli.main import main
from tests.helpers.commands import ENVIRONMENT, names

Array = NDArray[Any]


def process(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", [[], ["upsample"], ["apply"], ["demo"], ["info"]])
def test_help(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert main([*command, "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"usage: conv3dt {' '.join(command)}".rstrip())
    assert captured.err == ""
    assert all(len(line) <= 90 for line in captured.out.splitlines())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"conv3dt {conv3dt.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["foo"], ["info", "x"], ["upsample"], ["demo", "--si", "8"]]
)
def test_usage_errors(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("conv3dt: error: ")
    assert captured.err.count("\n") == 1


def test_a_process_tells_an_error_in_one_line(folder: Path) -> None:
    done = process("-m", "conv3dt", "upsample", "none.npy", "b.npy")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "conv3dt: error: there is no file none.npy\n"


def test_a_process_is_silent_in_a_pipe(folder: Path) -> None:
    np.save("a.npy", np.ones((3, 4, 5, 2), np.float32))
    done = process("-m", "conv3dt", "upsample", "a.npy", "b.nii.gz", "--factor", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("b.nii.gz: 6 x 8 x 10 x 2 float32, ")
    assert done.stdout.count("\n") == 1


ENDLESS = """
import signal, sys, time
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
Upsampling.compute = lambda *_: time.sleep(60)
sys.exit(main.main(["upsample", "a.npy", sys.argv[1], "--force"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("out", ["b.nii", "b.zarr"])
def test_a_signal_leaves_nothing(folder: Path, number: int, status: int, out: str) -> None:
    np.save("a.npy", np.ones((3, 4, 5, 2), np.float32))
    command = [sys.executable, "-c", ENDLESS, out]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True) as running:
        while len(names()) == 1 and running.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    assert running.returncode == status, said
    assert "Traceback" not in said
    assert names() == ["a.npy"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = process("-m", "conv3dt", "info", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("two\nlines"), "two lines"),
        (MemoryError(), "not enough memory"),
        (MemoryError("for x.npy"), "not enough memory: for x.npy"),
        (OSError(28, "No space left on device", "x.npy"), "No space left on device: x.npy"),
        (OSError("plain"), "plain"),
        (TypeError("kind"), "kind"),
    ],
)
def test_errors_of_all_families(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(info, "run", fail)
    assert main(["info"]) == 2
    assert capsys.readouterr().err == f"conv3dt: error: {message}\n"


def test_a_bug_is_one_line_and_shows_its_place_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(info, "run", fail)
    monkeypatch.delenv("CONV3DT_VERBOSE", raising=False)
    assert main(["info"]) == 2
    line = "conv3dt: error: KeyError: 'x' (a bug of conv3dt; CONV3DT_VERBOSE=1 shows where)\n"
    assert capsys.readouterr().err == line
    monkeypatch.setenv("CONV3DT_VERBOSE", "1")
    assert main(["info"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith(line)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert main(["upsample", "none.npy", "b.npy"]) == 2
    assert signal.getsignal(signal.SIGTERM) is before


def test_warnings_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import warnings

    def warn(_: object) -> None:
        warnings.simplefilter("always")
        warnings.warn("careful\nthere", stacklevel=1)

    monkeypatch.setattr(info, "run", warn)
    assert main(["info"]) == 0
    assert capsys.readouterr().err == "conv3dt: warning: careful there\n"


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("nibabel", "upsample a.npy b.nii"),
        ("zarr", "upsample a.npy b.zarr"),
        ("matplotlib", "upsample a.npy b.npy --plot b.png"),
        ("matplotlib", "demo"),
        ("rich", "demo"),
    ],
)
def test_a_missing_extra_is_told(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
    arguments: str,
) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] == missing:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    np.save("a.npy", np.ones((2, 2, 2)))
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error == (f"conv3dt: error: {missing} is needed for this: pip install 'conv3dt[cli]'\n")
    assert names() == ["a.npy"]


def test_progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for total in (1, 3):
        with terminal.progress("working on [a]", total) as advance:
            for _ in range(total):
                advance()
    captured = capsys.readouterr()
    assert "working on [a]" in captured.err
    assert captured.out == ""


def test_names_that_cannot_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("caf\udce9.npy")
    assert capsys.readouterr().out == "caf\\udce9.npy\n"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from conv3dt.cli.main import main; main(['--help']);"
        "sys.exit(bool({'numba', 'nibabel', 'zarr', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    assert process("-c", code).returncode == 0
    assert entry.__all__ == ["main"]
