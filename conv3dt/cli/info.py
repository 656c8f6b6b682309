"""`conv3dt info`: what this installation and this machine are."""

import argparse
import platform
from importlib import metadata

import conv3dt

from .options import add_parser
from .terminal import say

__all__ = ["add", "run"]

DESCRIPTION = """\
Versions, the processor and its vectors, threads and the layer that runs them, and
the folder of compiled kernels: what to put into a bug report.
"""
PACKAGES = ("numpy", "numba", "llvmlite")
EXTRAS = ("rich", "nibabel", "zarr", "matplotlib")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "show versions, processor, threads and cache"
    add_parser(commands, "info", summary, DESCRIPTION).set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print one line for each fact."""
    facts = {
        "conv3dt": conv3dt.__version__,
        "python": f"{platform.python_version()} on {platform.platform(terse=True)}",
        **{name: _version(name) for name in PACKAGES},
        "extra cli": _extra(),
        **_machine(),
        "cache": _cache(),
    }
    for name, fact in facts.items():
        say(f"{name:<10} {fact}")


def _version(name: str) -> str:
    """Return the version of a package without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _extra() -> str:
    """Return the versions of what files and pictures need."""
    line = ", ".join(f"{name} {_version(name)}" for name in EXTRAS)
    return f"{line} (pip install 'conv3dt[cli]')" if "missing" in line else line


def _machine() -> dict[str, str]:
    """Return processor and threads."""
    from conv3dt import _cpu, _threads

    host = _cpu.host()
    lanes = host.vector_bytes // 4
    return {
        "processor": f"{host.name}, {platform.machine()}",
        "vectors": f"{host.isa}, {host.vector_bytes} bytes ({lanes} float32)",
        "threads": "{} ({})".format(*_threads.count_and_reason()),
    }


def _cache() -> str:
    """Return the folder of compiled kernels and whether it is warm."""
    from conv3dt import _cache

    folder = _cache.folder()
    if folder is None:
        return "none: kernels are compiled anew in each process"
    entries = _cache.entries()
    state = f"warm, {entries} compiled functions" if entries else "cold, the first calls compile"
    return f"{folder} ({state})"
