"""`conv3dt finish`: an output of several processes is put in place."""

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from .._runtime import team
from . import outputs
from .options import add_force, add_parser, add_threads
from .stream import command, job, run, state, verifying
from .stream.options import Options, usual_memory
from .stream.sinks import Sink, open_sink
from .stream.todo import count_missing
from .terminal import extents, say

__all__ = ["add", "run_finish"]

DESCRIPTION = """\
Put an output in place that several processes have made, or one that was killed at
its end: see that no chunk is missing, and rename OUT.zarr.part to OUT.zarr. Whoever
computes the last missing chunk does so, too.
"""
EXAMPLES = """\
examples:
  conv3dt finish fine.zarr
  conv3dt finish fine.zarr --verify          read every chunk; compute damaged ones again
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "put an output in place that several processes have made"
    parser = add_parser(commands, "finish", summary, DESCRIPTION, EXAMPLES)
    parser.add_argument("output", type=Path, metavar="OUT.zarr", help="the output")
    parser.add_argument("--verify", action="store_true", help="read every chunk first")
    add_threads(parser)
    add_force(parser)
    parser.set_defaults(run=run_finish)


def run_finish(args: argparse.Namespace) -> None:
    """Put OUT in place."""
    out, threads = args.output, args.threads or team.default()
    command.check_streamable(out)
    place = state.place_of(out)
    state.recover(place)
    if not place.is_begun:
        _tell_complete(place, threads, args.verify)
        return
    outputs.check(out, force=args.force)
    record, sink = state.read(place.folder), open_sink(place.inside)
    left = count_missing(sink)
    if left.missing:
        told = f"{left.missing} of {left.total} chunks are missing"
        raise ValueError(f"{out}: {told}; the command that began it computes them with --resume")
    if args.verify and verifying.verify(sink, threads):
        _repair(place, record, args)
    else:
        job.check_source(record["job"])
        sink.sweep_all()
        state.publish(place, args.force)
    say(f"{out}: {extents(sink.shape)} {sink.dtype}, {left.total} chunks")


def _tell_complete(place: state.Place, threads: int, verify: bool) -> None:
    """Tell that an output is in place, if it is."""
    if not place.out.exists():
        raise FileNotFoundError(f"there is no {place.out}, and no {place.folder}")
    sink: Sink = open_sink(place.out)
    left = count_missing(sink)
    if verify:
        verifying.verify(sink, threads, repair=False)
    state.forget(place)
    say(f"{place.out}: {extents(sink.shape)} {sink.dtype}, {left.total} chunks, in place already")


def _repair(place: state.Place, record: dict[str, Any], args: argparse.Namespace) -> None:
    """Compute chunks that were damaged, and put the output in place."""
    options = Options(
        *(usual_memory(), False, None, None, None, True, False, None, None, None, False, "auto")
    )
    label = f"repairing {place.out.name}"
    request = run.Request(place, record["job"], options, args.force, args.threads, label)
    run.run(request, lambda *_: nullcontext())
