"""Disks that are full, limits, signals, and streams that take nothing."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conv3dt.cli import signals
from conv3dt.cli.main import main
from tests.helpers.commands import ENVIRONMENT, OUTPUTS, POSIX, meanwhile, names

pytest.importorskip("nibabel")
pytest.importorskip("zarr")

pytestmark = pytest.mark.usefixtures("volume")


# ---- full disks, and other limits ----------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("out", OUTPUTS)
def test_what_a_device_says_is_told_of_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, code: int
) -> None:
    def full() -> None:
        raise OSError(code, os.strerror(code))

    meanwhile(monkeypatch, full)
    assert main(["upsample", "a.npy", out]) == 2
    assert capsys.readouterr().err == f"conv3dt: error: {os.strerror(code)}: {out}\n"
    assert names() == ["a.npy"]


LIMITED = """
import resource, sys
from conv3dt.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
sys.exit(main.main(["upsample", "a.npy", sys.argv[1], "--factor", "1"]))
"""


@POSIX
@pytest.mark.parametrize("out", ["o.npy", "o.nii", "o.nii.gz", "o.zarr"])
def test_a_file_that_may_not_grow(out: str) -> None:
    np.save("a.npy", np.random.default_rng(0).normal(size=(20, 20, 20)).astype(np.float32))
    command = [sys.executable, "-c", LIMITED, out]
    environment = {**ENVIRONMENT, "CONV3DT_CACHE": "0", "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        command, env=environment, check=False, timeout=60, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"conv3dt: error: File too large: {out}\n"
    assert names() == ["a.npy"]


def test_memory_that_cannot_be_had_is_told_of_the_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> None:
        raise MemoryError("Unable to allocate 9 EiB")

    meanwhile(monkeypatch, none)
    for out in OUTPUTS:
        assert main(["upsample", "a.npy", out]) == 2
        told = f"not enough memory: {out} cannot be made: Unable to allocate 9 EiB"
        assert capsys.readouterr().err == f"conv3dt: error: {told}\n"
        assert names() == ["a.npy"]


# ---- signals -------------------------------------------------------------------------------------

EVERY = """
import os, shutil, signal, sys
from pathlib import Path
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import main
work = Upsampling.compute
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in signal.SIGHUP, signal.SIGQUIT:  # ignored after nohup, and in background of a shell
    signal.signal(number, signal.SIG_DFL)
for name in sys.argv[1].split():
    number = int(name) if name.isdigit() else getattr(signal, name)
    before = signal.getsignal(number)
    def compute(*arguments):
        os.kill(os.getpid(), number)
        return work(*arguments)
    Upsampling.compute = compute
    for out in ("o.nii.gz", "o.zarr", "o.zarr/s1"):
        status = main.main(["upsample", "a.npy", out])
        left = sorted(path.name for path in Path().iterdir())
        assert (status, left) == (128 + number, ["a.npy"]), (name, out, status, left)
    assert signal.getsignal(number) is before, name
"""


@POSIX
def test_every_signal_that_ends_a_process_cleans_up() -> None:
    ending = "SIGHUP SIGINT SIGQUIT SIGTERM SIGUSR1 SIGUSR2 SIGALRM SIGPIPE SIGXCPU SIGXFSZ"
    ending += " SIGVTALRM SIGPROF SIGABRT SIGTRAP SIGSYS"
    more = [f" {number}" for number in (getattr(signal, "SIGRTMIN", None),) if number]
    command = [sys.executable, "-c", EVERY, ending + "".join(more).replace("Signals.", "")]
    done = subprocess.run(
        command, env=ENVIRONMENT, check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "conv3dt: interrupted\n" in done.stderr
    assert "conv3dt: ended by SIGUSR1\n" in done.stderr
    assert "Traceback" not in done.stderr


NOHUP = """
import os, signal, sys
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import main
work = Upsampling.compute
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def compute(*arguments):
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGWINCH)
    return work(*arguments)
Upsampling.compute = compute
sys.exit(main.main(["upsample", "a.npy", "o.npy"]))
"""


@POSIX
def test_signals_that_are_ignored_stay_so() -> None:
    done = subprocess.run([sys.executable, "-c", NOHUP], env=ENVIRONMENT, check=False, timeout=60)
    assert done.returncode == 0
    assert names() == ["a.npy", "o.npy"]


LOST = """
import os, signal, sys
from conv3dt._run.blocks.upsampling import Upsampling
from conv3dt.cli import main
work = Upsampling.compute
class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(9):
            pass
def compute(*arguments):
    Late()
    return work(*arguments)
Upsampling.compute = compute
sys.unraisablehook = lambda _: None
sys.exit(main.main(["upsample", "a.npy", "o.npy"]))
"""


@POSIX
def test_a_signal_that_comes_in_a_destructor_is_not_lost() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], env=ENVIRONMENT, check=False, timeout=60)
    assert done.returncode == 143
    assert names() == ["a.npy"]


def test_what_is_held_is_finished_first() -> None:
    with signals.held():
        signals._unwind(signal.SIGTERM, None)
        signals.check()
    with pytest.raises(signals.Ended):
        signals.check()
    with signals.unwinding():
        signals.check()


# ---- standard output -----------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    ("shell", "status", "told"),
    [
        ("info >&-", 0, ""),
        ("info 2>&-", 0, ""),
        ("upsample a.npy o.npy >&- 2>&- <&-", 0, ""),
        ("info >/dev/full", 2, "No space left on device: standard output"),
        ("--help >/dev/full", 2, "standard output cannot be written"),
        ("upsample none.npy o.npy 2>/dev/full", 2, ""),
        ("upsample 2>&-", 2, ""),
        ("--help | head -c 1", 0, ""),
    ],
)
def test_streams_that_take_nothing(shell: str, status: int, told: str) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("no such device here")
    line = f'"$PYTHON" -m conv3dt {shell}'
    environment = {**ENVIRONMENT, "PYTHON": sys.executable}
    environment.pop("PYTHONUNBUFFERED", None)
    done = subprocess.run(
        ["sh", "-c", line], env=environment, check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr == (f"conv3dt: error: {told}\n" if told else "")
    if "o.npy" in shell and status == 0:
        assert np.load("o.npy").shape == (6, 8, 10, 2)
