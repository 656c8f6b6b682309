"""`conv3dt apply`: the transposed convolution on files."""

import argparse
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import conv3dt
from conv3dt._compiler.activations.table import ACTIVATIONS
from conv3dt._geometry import integers
from conv3dt._geometry.formats import FORMATS

from . import outputs, volumes
from .kinds import registry
from .options import add_force, add_parser, add_threads, filled, positive, three
from .stream import command
from .stream import options as streaming
from .stream.job import open_array
from .terminal import extents, progress, say

__all__ = ["add", "run"]

# options of several numbers come last: one that stands before IN would take it for a number
USAGE = """\
conv3dt apply IN OUT --filters W.npy --strides N [N N]
                            [--padding {SAME,VALID}] [--dilations N [N N]]
                            [--output-shape N N N] [--data-format {NDHWC,NCDHW}]
                            [--bias B.npy] [--activation NAME]
                            [--threads N] [--force]
       conv3dt apply IN OUT.zarr ... [--memory SIZE] [--chunks N [N N]]
                            [--shards N [N N]] [--levels N] [--resume [--verify]]
                            [--part I/N | --scheduler ADDRESS] [--dry-run]
"""
DESCRIPTION = """\
Run conv3dt.conv3d_transpose on files. IN is a 5-D array, (batch, depth, height,
width, channels) or with --data-format NCDHW (batch, channels, depth, height,
width); the filters are (kernel depth, height, width, output channels, input
channels), as TensorFlow keeps them. Arrays are {kinds}. They may lie in a zarr
group, as g.zarr/y. bfloat16 is what ml_dtypes makes it in a .npy: elements of two
bytes without a type (V2). A .zarr holds results of bfloat16 as float32.
"""
EXAMPLES = """\
examples:
  conv3dt apply x.npy y.npy --filters w.npy --strides 2
  conv3dt apply x.npy y.npy --filters w.npy --strides 1 2 2 --padding VALID \\
                            --bias b.npy --activation relu
  conv3dt apply x.zarr y.zarr --filters w.npy --strides 2 --output-shape 63 63 63
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "run the transposed convolution on array files"
    kinds = registry.listed(registry.array_suffixes(), "or")
    description = filled(DESCRIPTION.format(kinds=kinds))
    parser = add_parser(commands, "apply", summary, description, EXAMPLES, USAGE)
    parser.add_argument("input", type=Path, metavar="IN", help="the 5-D array to read")
    parser.add_argument("output", type=Path, metavar="OUT", help="the file to write")
    _add_arrays(parser)
    _add_geometry(parser)
    add_threads(parser)
    add_force(parser)
    streaming.add(parser)
    parser.set_defaults(run=run)


def _add_arrays(parser: argparse.ArgumentParser) -> None:
    """Add what is computed with."""
    parser.add_argument(
        "--filters", type=Path, required=True, metavar="W.npy", help="the 5-D filters"
    )
    parser.add_argument("--bias", type=Path, metavar="B.npy", help="added to each output channel")
    parser.add_argument(
        "--activation",
        choices=ACTIVATIONS,
        metavar="NAME",
        help=f"{', '.join(ACTIVATIONS)} (default: none)",
    )


def _add_geometry(parser: argparse.ArgumentParser) -> None:
    """Add what decides where voxels go."""
    parser.add_argument(
        "--strides",
        type=positive,
        nargs="+",
        required=True,
        metavar="N",
        help="one stride, or three: depth, height, width",
    )
    parser.add_argument(
        "--padding", choices=("SAME", "VALID"), default="SAME", help="default: SAME"
    )
    parser.add_argument(
        "--dilations", type=positive, nargs="+", default=[1], metavar="N", help="default: 1"
    )
    parser.add_argument(
        "--output-shape",
        type=int,
        nargs="+",
        metavar="N",
        help="three lengths, or the whole output shape of five"
        " (default: SAME input times stride; VALID the shortest legal, (i-1)*s + (k-1)*d + 1)",
    )
    parser.add_argument(
        "--data-format", choices=tuple(FORMATS), default="NDHWC", help="default: NDHWC"
    )


def run(args: argparse.Namespace) -> None:
    """Apply the function to IN and write OUT."""
    start = time.perf_counter()
    streamed = command.is_streamed(args)
    options = _options(args)
    _check(args, streamed)
    if streamed:
        shape, dtype, told = _stream(args, options)
    else:
        shape, dtype, told = *_apply(args, options), ""
    if told is not None:
        seconds = time.perf_counter() - start
        say(f"{args.output}: {extents(shape)} {dtype}{told}, {seconds:.2f} s")


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the function, but for those that need shapes."""
    return {
        "strides": three("--strides", args.strides),
        "padding": args.padding,
        "data_format": args.data_format,
        "dilations": three("--dilations", args.dilations),
        "activation": args.activation,
    }


def _apply(args: argparse.Namespace, options: dict[str, Any]) -> tuple[tuple[int, ...], Any]:
    """Compute the result in one piece; return its shape and dtype."""
    value, filters = volumes.read_array(args.input), volumes.read_array(args.filters)
    bias = None if args.bias is None else volumes.read_array(args.bias)
    shape = _output_shape(value.shape, filters.shape, options, args)
    label = f"applying {args.filters.name}"
    with outputs.replacing(args.output, force=args.force) as part, progress(label, 1):
        result = conv3dt.conv3d_transpose(
            value, filters, shape, bias=bias, threads=args.threads, **options
        )
        volumes.save_array(part, registry.suffix_of(args.output), result)
    return result.shape, result.dtype


def _stream(
    args: argparse.Namespace, options: dict[str, Any]
) -> tuple[tuple[int, ...], Any, str | None]:
    """Stream the result; return its shape and dtype, and what is to be told besides."""
    source, filters = open_array(args.input), volumes.read_array(args.filters)
    shape = _output_shape(source.shape, filters.shape, options, args)
    job = {
        "command": "apply",
        "input": str(args.input),
        "filters": str(args.filters),
        "bias": None if args.bias is None else str(args.bias),
        "output_shape": shape,
        **options,
    }
    told = command.run(args, job, f"applying {args.filters.name}", lambda *_: nullcontext())
    return tuple(shape), source.dtype, told


def _check(args: argparse.Namespace, streamed: bool) -> None:
    """Raise what can be known to fail before anything is read."""
    volumes.check_array_output(args.output)
    inputs = [path for path in (args.input, args.filters, args.bias) if path is not None]
    for path in inputs:
        registry.input_suffix(path)
    if streamed:
        command.check(args, inputs)
    else:
        outputs.check(args.output, force=args.force, inputs=inputs)


def _output_shape(
    value: tuple[int, ...],
    filters: tuple[int, ...],
    options: dict[str, Any],
    args: argparse.Namespace,
) -> list[int]:
    """Return the five output lengths, worked out where they are not given."""
    if args.output_shape is not None and len(args.output_shape) == 5:
        return list(args.output_shape)
    for name, shape in (("IN", value), ("--filters", filters)):
        if len(shape) != 5:
            raise ValueError(f"{name} must have 5 dimensions, got shape {shape}")
    if args.output_shape is not None and len(args.output_shape) != 3:
        raise ValueError(f"--output-shape must be 3 or 5 integers, got {len(args.output_shape)}")
    order = FORMATS[args.data_format]
    n, *space, _ = order.sorted(value)
    strides, dilations = options["strides"], options["dilations"]
    lengths = args.output_shape or [
        _length(*axis, args.padding)
        for axis in zip(space, filters[:3], strides, dilations, strict=True)
    ]
    return list(order.ordered(n, lengths, filters[3]))


def _length(i: int, k: int, s: int, d: int, padding: str) -> int:
    """Return the usual output length: the longest for 'SAME', i*s; the shortest for 'VALID'."""
    legal = integers.legal_lengths(i, k, s, d, padding)
    return legal[-1] if padding == "SAME" else legal[0]
