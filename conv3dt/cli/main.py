"""The parser, and what becomes of errors: one line on stderr, no traceback."""

import argparse
import os
import signal
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import conv3dt

from . import apply, demo, finish, info, outputs, signals, upsample, warmup
from .terminal import extra, one_line, stand_in, tell
from .terminal import finish as finish_streams

__all__ = ["main"]

DESCRIPTION = "Transposed 3-D convolution on CPUs: upsample volumes, or run the function on files."
EPILOG = """\
first steps:
  conv3dt demo                                     see that it works, and how fast
  conv3dt upsample brain.nii.gz fine.nii.gz        halve the voxels of a scan

`conv3dt COMMAND --help` tells more. Exit status: 0 done, 2 an error that is told in
one line, 128 and its number after a signal (130 interrupted). An output appears
whole or not at all.
"""
# what files, arguments and the machine can raise; anything else is a bug
ERRORS = (ImportError, MemoryError, OSError, OverflowError, RuntimeError, TypeError, ValueError)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        tell(f"conv3dt: error: {message} ({self.prog} --help tells more)")
        self.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0 done, 2 error; 128 and its number after a signal, as 130 interrupted, 143 terminated.
    """
    stand_in()
    status = _status(argv)
    if not finish_streams() and status == 0:
        tell("conv3dt: error: standard output cannot be written")
        return 2
    return status


def _status(argv: Sequence[str] | None) -> int:
    """Run the command line; whatever is raised becomes a status and a line."""
    try:
        with signals.unwinding(), _short_warnings():
            _run(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except (KeyboardInterrupt, signals.Ended) as end:
        number = end.number if isinstance(end, signals.Ended) else int(signal.SIGINT)
        interrupted = number == signal.SIGINT
        told = "interrupted" if interrupted else f"ended by {signals.name_of(number)}"
        tell(f"conv3dt: {told}{_rest(end)}")
        return 128 + number
    except Exception as error:
        tell(f"conv3dt: error: {_message(error)}{_rest(error)}")
        return 2
    return 0


def _run(argv: Sequence[str] | None) -> None:
    """Run the command that the arguments name."""
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks for words
        extra("argcomplete").autocomplete(parser)
    args = parser.parse_args(argv)
    try:
        args.run(args)
        signals.check()
    finally:
        with signals.held():
            outputs.remove_leftovers()


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
    for command in (upsample, apply, finish, demo, info, warmup):
        command.add(commands)
    return parser


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Show warnings as one line without their place in the code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        tell(f"conv3dt: warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _message(error: Exception) -> str:
    """Return what an error says, in one line."""
    if not isinstance(error, ERRORS):
        if os.environ.get("CONV3DT_VERBOSE", "0") not in ("", "0"):
            traceback.print_exception(error)
        told = f"{type(error).__name__}: {error}"
        return f"{told} (a bug of conv3dt; CONV3DT_VERBOSE=1 shows where)"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    text = one_line(str(error))
    if isinstance(error, MemoryError):
        return f"not enough memory: {text}" if text else "not enough memory"
    return text or type(error).__name__


def _rest(error: BaseException) -> str:
    """Return what an error says of the work that it has not undone."""
    rest = getattr(error, "rest", "")
    return f"; {rest}" if rest else ""
