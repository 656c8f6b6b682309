"""`conv3dt info`: what this installation and this machine are."""

import argparse

from .kinds import registry
from .options import add_parser
from .terminal import say

__all__ = ["add", "run"]

DESCRIPTION = """\
Versions, the processor and its vectors, threads and where their number comes from,
and the folder of compiled kernels: what to put into a bug report.
"""
EXTRAS = ("rich", *(kind.library for kind in registry.KINDS if kind.library), "matplotlib")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "show versions, processor, threads and cache"
    add_parser(commands, "info", summary, DESCRIPTION).set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print one line for each fact."""
    from conv3dt._runtime import reports

    for name, fact in (reports.facts() | {"extra cli": _extra()}).items():
        say(f"{name:<10} {fact}")


def _extra() -> str:
    """Return the versions of what files and pictures need."""
    from conv3dt._runtime.reports import version

    line = ", ".join(f"{name} {version(name)}" for name in EXTRAS)
    return f"{line} (pip install 'conv3dt[cli]')" if "missing" in line else line
