"""An output is begun, or joined by whom asks for the same."""

import os
from pathlib import Path
from typing import Any

from . import layout, state
from .creating import create
from .job import Job, asked
from .layout import Layout
from .options import Options
from .sinks import open_sink
from .state import Place

__all__ = ["absolute", "begin", "is_complete", "layout_of"]


def absolute(job: dict[str, Any]) -> dict[str, Any]:
    """Return options that open a job from any working folder."""
    paths = ("input", "filters", "bias")
    found = {name: str(Path(job[name]).resolve()) for name in paths if job.get(name)}
    return {**job, **found}


def is_complete(place: Place, job: Job, options: Options, force: bool) -> bool:
    """Return whether an output that is to be gone on with is in place already.

    ValueError where there is another one, as far as shapes tell.
    """
    resumed = options.resume or options.part is not None
    out, there = place.out, os.path.lexists(place.out) and not place.is_begun
    if not (resumed and there) or force:
        return False
    wanted, found = layout_of(job, options, {}), open_sink(out)
    unit = wanted.pieces.shards or wanted.pieces.chunks
    for name, new, old in (
        ("shape", wanted.shape, found.shape),
        ("dtype", wanted.dtype, found.dtype),
        ("files", unit if options.chunks or options.shards else found.unit, found.unit),
        ("levels", wanted.levels if options.levels is not None else found.levels, found.levels),
    ):
        if new != old:
            told = f"its {name} is {old}, and {new} is asked for"
            raise ValueError(f"{out} exists already and is another: {told}; --force replaces it")
    return True


def begin(
    place: Place, job: Job, opening: dict[str, Any], options: Options, force: bool
) -> dict[str, Any]:
    """Let the part of an output appear, or join it; return what was asked for, in all detail."""
    folder, resumed = place.folder, options.resume or options.part is not None
    if place.is_begun and not resumed:
        if not force:
            raise ValueError(
                f"{folder} exists: --resume goes on with what is done, --force begins anew"
            )
        state.remove(place)
    if not place.is_begun:
        cut = {"chunks": options.chunks, "shards": options.shards, "levels": options.levels or 0}
        fields = asked(job, _output(layout_of(job, options, {})))
        record = {"asked": fields, "cut": cut, "job": absolute(opening)}
        if state.make(place, record, lambda path: _create(path, place, job, cut)):
            return fields
        if not resumed:
            raise ValueError(f"{folder} has been made by somebody else meanwhile")
    record = state.read(folder)
    fields = asked(job, _output(layout_of(job, options, record.get("cut", {}))))
    state.compare(folder, record["asked"], fields)
    return fields


def _create(path: Path, place: Place, job: Job, cut: dict[str, Any]) -> None:
    """Write all of an output but its chunks."""
    create(path, job.like, job.work, **cut, name=place.goal.stem)


def layout_of(job: Job, options: Options, before: dict[str, Any]) -> Layout:
    """Return what the output is; what is not asked for is as it was."""
    chunks = options.chunks or before.get("chunks")
    shards = options.shards or before.get("shards")
    levels = before.get("levels", 0) if options.levels is None else options.levels
    return layout.planned(
        job.like,
        job.work,
        tuple(chunks) if chunks else None,
        tuple(shards) if shards else None,
        levels,
    )


def _output(found: Layout) -> dict[str, Any]:
    """Return what is told of an output."""
    return {
        "shape": list(found.shape),
        "dtype": found.dtype.str,
        "chunks": list(found.pieces.chunks),
        "shards": None if found.pieces.shards is None else list(found.pieces.shards),
        "levels": found.levels,
    }
