"""What a stream computes, described by plain options, so that any process can open it by itself."""

from pathlib import Path
from typing import Any, NamedTuple

import conv3dt

from ..._call.arguments import as_call
from ..._call.arrays import placeholder
from ..._compiler.processor import host
from ..._run.blocks.convolution import Convolution
from ..._run.blocks.upsampling import Upsampling
from ..._run.blocks.work import Work
from .. import volumes
from ..grid import Triple, Volume
from ..kinds import registry
from .source import Source
from .sources import SLICED, open_source
from .whole import Whole

__all__ = ["Job", "asked", "check_source", "open_array", "open_job"]

FUSED = ("avx2", "avx512")  # instruction sets of the same bits


class Job(NamedTuple):
    """An input, what is computed of it, and what a new output takes from it."""

    work: Work
    source: Source
    like: Volume | Source
    space: Triple


def open_job(options: dict[str, Any]) -> Job:
    """Return what options describe; they can be written as JSON."""
    return {"upsample": _upsampling, "apply": _convolution}[options["command"]](options)


def _upsampling(options: dict[str, Any]) -> Job:
    """Open a volume that is made finer."""
    path, factors = Path(options["input"]), options["factors"]
    volume = volumes.storable(volumes.open_volume(path), ".zarr")
    source = _source(path, volume)
    work = Upsampling(source.shape, tuple(factors), volume.space, volume.dtype, source.mirrored)
    return Job(work, source, volume, volume.space)


def _convolution(options: dict[str, Any]) -> Job:
    """Open an array that filters are applied to."""
    source = open_array(Path(options["input"]))
    filters, bias = (
        None if options[name] is None else volumes.read_array(Path(options[name]))
        for name in ("filters", "bias")
    )
    value = placeholder("conv3d_transpose", "input", source.shape, source.dtype)
    call = as_call(
        "conv3d_transpose",
        value,
        filters,
        options["output_shape"],
        options["strides"],
        options["padding"],
        options["data_format"],
        options["dilations"],
        bias=bias,
        activation=options["activation"],
    )
    space: Triple = (2, 3, 4) if options["data_format"] == "NCDHW" else (1, 2, 3)
    return Job(Convolution(call), source, source, space)


def open_array(path: Path) -> Source:
    """Return an array of any rank as an input."""
    volumes.check_array_input(path)
    return _source(path, None)


def _source(path: Path, volume: Volume | None) -> Source:
    """Return an input that is read by slices where its kind can be."""
    return open_source(path) if registry.input_suffix(path) in SLICED else Whole(path, volume)


def asked(job: Job, output: dict[str, Any]) -> dict[str, Any]:
    """Return all that decides the bits and the files of an output."""
    isa = host().isa
    return {
        "work": job.work.meaning(),
        "input": job.source.identity(),
        "output": output,
        "instructions": "avx2 or avx512" if isa in FUSED else isa,
        "version": conv3dt.__version__,
    }


def check_source(options: dict[str, Any]) -> None:
    """Raise if an input whose damage shows at its end only is damaged."""
    path = Path(options["input"])
    if path.exists() and registry.input_suffix(path) in SLICED:
        open_source(path).finish()
