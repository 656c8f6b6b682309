"""The parser, and what becomes of errors: one line on stderr, no traceback."""

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import conv3dt

from . import apply, demo, info, upsample, warmup

__all__ = ["main"]

DESCRIPTION = "Transposed 3-D convolution on CPUs: upsample volumes, or run the function on files."
EPILOG = """\
first steps:
  conv3dt demo                                     see that it works, and how fast
  conv3dt upsample brain.nii.gz fine.nii.gz        halve the voxels of a scan

`conv3dt COMMAND --help` tells more. Exit status: 0 done, 2 an error that is told in
one line, 130 interrupted. An output appears whole or not at all.
"""
# what files, arguments and the machine can raise; anything else is a bug and shows its traceback
ERRORS = (ImportError, MemoryError, OSError, OverflowError, RuntimeError, TypeError, ValueError)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"conv3dt: error: {_one_line(message)} ({self.prog} --help tells more)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0 done, 2 error, 130 interrupted, 143 terminated.
    """
    try:
        args = _parser().parse_args(argv)
        with _terminable(), _short_warnings():
            args.run(args)
            sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        sys.stderr.write("conv3dt: interrupted\n")
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of our output has seen enough, as in `conv3dt info | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ERRORS as error:
        sys.stderr.write(f"conv3dt: error: {_message(error)}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="conv3dt",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"conv3dt {conv3dt.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (upsample, apply, demo, info, warmup):
        command.add(commands)
    return parser


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the block like an exception, so that it can clean up after itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Leave once; a second signal must not disturb the cleaning."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Show warnings as one line without their place in the code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        sys.stderr.write(f"conv3dt: warning: {_one_line(str(message))}\n")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _message(error: BaseException) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        named = f": {error.filename}" if error.filename else ""
        return _one_line(error.strerror + named)
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    """Return a text with its line breaks taken out."""
    return " ".join(text.split())
