"""What commands with streamed outputs have in common."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import outputs
from ..kinds import registry
from . import dry, options, state
from .run import Finishing, Request
from .run import run as stream

__all__ = ["Finishing", "check", "check_streamable", "is_streamed", "run"]

STREAMED = ".zarr"  # the kind whose files are chunks


def is_streamed(args: argparse.Namespace) -> bool:
    """Return whether OUT is streamed; ValueError for options that then only have a meaning."""
    if registry.suffix_of(args.output) == STREAMED:
        return True
    given = options.given(args)
    if given:
        raise ValueError(f"{given[0]} is for outputs in {STREAMED}, got {args.output}")
    return False


def check_streamable(path: Path) -> None:
    """Raise unless an output is of the kind that is streamed."""
    if registry.suffix_of(path) != STREAMED:
        raise ValueError(f"finish is for outputs in {STREAMED}, got {path}")


def check(args: argparse.Namespace, inputs: Iterable[Path]) -> None:
    """Raise what would keep OUT from being made, before any work is done."""
    asked = options.read(args)
    resumed = asked.resume or asked.part is not None
    there = os.path.lexists(args.output) and not state.place_of(args.output).is_begun
    outputs.check(args.output, force=args.force or (resumed and there), inputs=inputs)


def run(
    args: argparse.Namespace, job: dict[str, Any], label: str, finishing: Finishing
) -> str | None:
    """Stream what a job computes to OUT; return what is to be told, None if all has been."""
    asked = options.read(args)
    request = Request(state.place_of(args.output), job, asked, args.force, args.threads, label)
    if asked.dry_run:
        dry.show(request)
        return None
    outcome = stream(request, finishing)
    told = ""
    if asked.resume or asked.part:
        told = f", {outcome.computed} of {outcome.total} chunks computed"
    if outcome.left:
        told += f", {outcome.left} left to other parts"
    return told
