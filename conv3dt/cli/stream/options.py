"""Options of commands whose outputs are streamed."""

import argparse
import os
from pathlib import Path
from typing import NamedTuple

from ..._runtime import memory
from ..grid import Triple
from . import sizes

__all__ = ["Options", "add", "given", "part", "read", "usual_memory"]

MOST = 4 * 10**9  # bytes that are used where nobody says how many
NAMES = (
    *("memory", "chunks", "shards", "levels", "resume", "verify", "part"),
    *("scheduler", "scheduler_file", "dry_run"),
)


class Options(NamedTuple):
    """How an output is to be streamed."""

    memory: int
    strict: bool  # whether somebody has said so
    chunks: Triple | None
    shards: Triple | None
    levels: int | None
    resume: bool
    verify: bool
    part: tuple[int, int] | None
    scheduler: str | None
    scheduler_file: Path | None
    dry_run: bool
    progress: str


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("outputs in .zarr, which are streamed")
    _add_cut(group)
    _add_parts(group)
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="let the workers of this dask scheduler compute"
    )
    group.add_argument(
        "--scheduler-file", type=Path, metavar="F.json", help="the same, named by its file"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="tell what would be done, and how long it takes"
    )
    group.add_argument(
        "--progress",
        choices=("auto", "bar", "log"),
        default="auto",
        help="a bar, or a line now and then (default: a bar on a terminal)",
    )


def _add_cut(group: "argparse._ArgumentGroup") -> None:
    """Add what decides how the output is cut."""
    group.add_argument(
        "--memory",
        type=sizes.memory,
        metavar="SIZE",
        help="the most to use, as 4GB (default: that, or half of what there is)",
    )
    group.add_argument(
        "--chunks", type=int, nargs="+", metavar="N", help="of OUT, along the axes of space"
    )
    group.add_argument(
        "--shards", type=int, nargs="+", metavar="N", help="files that hold several chunks each"
    )
    group.add_argument(
        "--levels", type=int, metavar="N", help="make an OME-Zarr image with N coarser levels"
    )


def _add_parts(group: "argparse._ArgumentGroup") -> None:
    """Add what decides which of it is computed."""
    group.add_argument(
        "--resume", action="store_true", help="go on with what is there: only missing chunks"
    )
    group.add_argument(
        "--verify", action="store_true", help="with --resume: read what is done, repair damage"
    )
    group.add_argument(
        "--part",
        metavar="I/N",
        help="one of N processes, from 1; slurm: the number of this task of a job array",
    )


def given(args: argparse.Namespace) -> list[str]:
    """Return the options that were given, as they are spelt; those of progress aside."""
    found = [name for name in NAMES if getattr(args, name) not in (None, False)]
    return [f"--{name.replace('_', '-')}" for name in found]


def read(args: argparse.Namespace) -> Options:
    """Return the options; ValueError for some that do not go together."""
    if args.verify and not args.resume:
        raise ValueError("--verify goes with --resume")
    if args.levels is not None and not 0 <= args.levels <= 12:
        raise ValueError(f"--levels must be between 0 and 12, got {args.levels}")
    if args.part is not None and (args.scheduler or args.scheduler_file):
        raise ValueError("either --part or --scheduler shares the work, got both")
    return Options(
        args.memory or usual_memory(),
        args.memory is not None,
        sizes.triple("--chunks", args.chunks),
        sizes.triple("--shards", args.shards),
        args.levels,
        args.resume,
        args.verify,
        None if args.part is None else part(args.part),
        args.scheduler,
        args.scheduler_file,
        args.dry_run,
        args.progress,
    )


def usual_memory() -> int:
    """Return the bytes to use where nobody says how many."""
    found = memory.available()
    return MOST if found is None else min(MOST, found // 2)


def part(text: str) -> tuple[int, int]:
    """Return which part of how many a text means.

    >>> part("3/64")
    (3, 64)
    """
    if text == "slurm":
        return _slurm_part()
    first, _, second = text.partition("/")
    if first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise ValueError(f"--part must be I/N with I from 1 to N, or slurm, got {text!r}")


def _slurm_part() -> tuple[int, int]:
    """Return which task of a job array this is, and how many there are."""
    names = ("ID", "MIN", "MAX", "STEP", "COUNT")
    texts = {name: os.environ.get(f"SLURM_ARRAY_TASK_{name}", "") for name in names}
    if not texts["ID"].isdecimal():
        raise ValueError("--part slurm is for a job array: SLURM_ARRAY_TASK_ID is not set")
    numbers = {name: int(text) if text.isdecimal() else 0 for name, text in texts.items()}
    step, least = numbers["STEP"] or 1, numbers["MIN"]
    count = (numbers["MAX"] - least) // step + 1
    if numbers["MAX"] < numbers["ID"] or numbers["COUNT"] not in (0, count):
        told = ", ".join(f"{name} {text or 'none'}" for name, text in texts.items())
        raise ValueError(
            f"a job array must be a range such as 1-64 for --part slurm, got {told}; --part I/N"
            " takes any numbers"
        )
    return (numbers["ID"] - least) // step + 1, count
