"""`conv3dt upsample`: a volume with more and smaller voxels."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

from . import outputs, pictures, trilinear, views, volumes
from .grid import Floats, Triple, Volume, refined, upsampled_shape, voxel_size
from .kinds import registry
from .options import add_force, add_parser, add_threads, filled, positive, three
from .stream import command, sizes
from .stream import options as streaming
from .stream.job import Job
from .stream.sinks import Sink
from .terminal import extents, progress, say

__all__ = ["add", "run"]

# options of several numbers come last: one that stands before IN would take it for a number
USAGE = """\
conv3dt upsample IN OUT [--factor N [N N]] [--plot FILE.png]
                               [--threads N] [--force]
       conv3dt upsample IN OUT.zarr ... [--memory SIZE] [--chunks N [N N]]
                               [--shards N [N N]] [--levels N] [--resume [--verify]]
                               [--part I/N | --scheduler ADDRESS] [--dry-run]
"""
DESCRIPTION = """\
Upsample a volume by whole factors: a transposed convolution with the trilinear
kernel of FCN (2s - s % 2 taps for factor s). Inside, the result is exactly the
linear interpolation; the borders are renormalised, so that a constant volume
stays constant.

"""
FILES = """\
Files are {kinds}, in and out in any combination. A volume has three axes; along
others, channels or time, each 3-D volume is treated on its own. Where a file names
no axes these are the first three, and a fourth is the other. float64 and float16
stay what they are, all else becomes float32. {kept}
"""
EXAMPLES = """\
examples:
  conv3dt upsample brain.nii.gz fine.nii.gz --factor 2 --plot fine.png
  conv3dt upsample stack.npy isotropic.npy --factor 5 1 1
  conv3dt upsample cells.zarr/s1 cells_s0.zarr --threads 8
  conv3dt upsample image.zarr/1 finer.zarr/0 --factor 1 2 2
  conv3dt upsample brain.zarr fine.zarr --memory 4GB --levels 4
  conv3dt upsample brain.zarr fine.zarr --memory 4GB --resume
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "make a volume finer by linear interpolation"
    parser = add_parser(commands, "upsample", summary, DESCRIPTION + _files(), EXAMPLES, USAGE)
    parser.add_argument("input", type=Path, metavar="IN", help="the volume to read")
    parser.add_argument("output", type=Path, metavar="OUT", help="the file to write")
    parser.add_argument(
        "--factor",
        type=positive,
        nargs="+",
        default=[2],
        metavar="N",
        help="one factor, or one for each axis of space in the array's order (default: 2)",
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE.png", help="draw the middle slices before and after"
    )
    add_threads(parser)
    add_force(parser)
    streaming.add(parser)
    parser.set_defaults(run=run)


def _files() -> str:
    """Return the paragraph of the help on kinds of files."""
    kinds = registry.listed(registry.suffixes(), "or")
    kept = " ".join(kind.kept for kind in registry.KINDS if kind.kept)
    return filled(FILES.format(kinds=kinds, kept=kept))


def run(args: argparse.Namespace) -> None:
    """Upsample IN to OUT."""
    start = time.perf_counter()
    factors = three("--factor", args.factor)
    streamed = command.is_streamed(args)
    _check(args, streamed)
    suffix = registry.suffix_of(args.output)
    volume = volumes.storable(volumes.open_volume(args.input), suffix)
    if streamed:
        job = {"command": "upsample", "input": str(args.input), "factors": factors}
        drawing = _drawing(args, volume, factors)
        told = command.run(args, job, f"upsampling {args.input.name}", drawing)
    else:
        told = ""
        with outputs.replacing(args.output, force=args.force) as part:
            shown = _write(part, volume, factors, args)
            if args.plot is not None:
                with outputs.replacing(args.plot, force=args.force, picture=True) as picture:
                    pictures.save(picture, args.plot.suffix, args.input.name, shown)
    if told is None:
        return
    seconds = time.perf_counter() - start
    say(f"{args.output}: {_summary(volume, factors)}{told}, {seconds:.2f} s")
    if args.plot is not None:
        say(f"{args.plot}: middle slices before and after")


def _check(args: argparse.Namespace, streamed: bool) -> None:
    """Raise what can be known to fail before anything is read."""
    registry.suffix_of(args.output)
    registry.input_suffix(args.input)
    if streamed:
        command.check(args, [args.input])
    else:
        outputs.check(args.output, force=args.force, inputs=[args.input])
    if args.plot is not None:
        pictures.check(args.plot)
        inputs = [args.input, args.output]
        outputs.check(args.plot, force=args.force, inputs=inputs, picture=True)


def _drawing(args: argparse.Namespace, volume: Volume, factors: Triple) -> command.Finishing:
    """Return what draws a picture of an output that is complete, beside which it appears."""
    voxels = prod(volume.shape[axis] for axis in volume.space) * (1 + prod(factors))
    if args.plot is not None and voxels * 4 > streaming.read(args).memory:
        need = sizes.printed(voxels * 4)
        raise ValueError(f"--plot draws volumes that fit into --memory, and this takes {need}")

    @contextmanager
    def drawn(job: Job, sink: Sink) -> Iterator[None]:
        if args.plot is None:
            yield
            return
        ends = [slice(0, 1 if n == 0 else None) for n in volume.place(0)]
        after = sink.read(tuple(ends))[tuple(0 if n == 0 else slice(None) for n in volume.place(0))]
        affine = volume.affine if volume.anatomical else None
        shown = [
            views.view(volume.floats(0), affine, volume.unit),
            views.view(after, affine, volume.unit, factors),
        ]
        with outputs.replacing(args.plot, force=args.force, picture=True) as picture:
            pictures.save(picture, args.plot.suffix, args.input.name, shown)
            yield

    return drawn


def _write(
    part: Path, volume: Volume, factors: Triple, args: argparse.Namespace
) -> list[views.View]:
    """Write the upsampled volume to `part`; return what a picture shows of the first one."""
    shown: list[views.View] = []

    def results() -> Iterator[Floats]:
        for t in range(volume.count):
            before = volume.floats(t)
            after = trilinear.upsample(before, factors, args.threads)
            if t == 0 and args.plot is not None:
                affine = volume.affine if volume.anatomical else None
                shown.append(views.view(before, affine, volume.unit))
                shown.append(views.view(after, affine, volume.unit, factors))
            yield after.astype(volume.dtype, copy=False)
            advance()

    with progress(f"upsampling {args.input.name}", volume.count) as advance:
        suffix = registry.suffix_of(args.output)
        volumes.save_upsampled(part, suffix, volume, factors, results())
        volume.finish()
    return shown


def _summary(volume: Volume, factors: Triple) -> str:
    """Return shape, precision and voxel size of the result."""
    line = f"{extents(upsampled_shape(volume.shape, factors, volume.space))} {volume.dtype}"
    if volume.affine is None:
        return line
    size = voxel_size(refined(volume.affine, factors))
    return f"{line}, voxel {' x '.join(f'{x:.4g}' for x in size)} {volume.unit}"
