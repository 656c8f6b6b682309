"""`conv3dt demo`: a phantom, upsampled, timed and drawn."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import conv3dt
from conv3dt._run.blocks.trilinear import kernel

from . import outputs, phantom, pictures, trilinear, views
from .grid import Floats, Triple
from .options import add_force, add_parser, positive
from .terminal import extents, extra, progress, say

__all__ = ["add", "run"]

DESCRIPTION = """\
Make a 3-D Shepp-Logan phantom, upsample it twice along each axis, and show what
that took: time, share of what this machine can do at most, the same in plain NumPy,
and the largest difference from it. A picture shows the phantom before and after.
"""
PICTURE = Path("conv3dt-demo.png")
FACTORS: Triple = (2, 2, 2)
SECONDS = 1.0  # spent on repeating the call, for its best time
STEADY = 0.85  # of the best peak that half of all rounds reach where nobody else works


class Measured(NamedTuple):
    """What the demo found out."""

    before: Floats
    after: Floats
    first: float  # seconds of the first call, which may compile
    call: float  # seconds of the best call
    flops: int
    peaks: list[float]  # FLOP/s of the machine's limit, each measured after a call
    numpy: float  # seconds of the plain NumPy version
    difference: float  # the largest from it


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    summary = "upsample a phantom, and show speed, correctness and a picture"
    parser = add_parser(commands, "demo", summary, DESCRIPTION)
    parser.add_argument(
        "--size", type=positive, default=96, metavar="N", help="voxels per axis (default: 96)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=PICTURE,
        metavar="FILE.png",
        help=f"the picture to write (default: {PICTURE}, which is replaced if it exists)",
    )
    add_force(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Measure, print a table and draw."""
    pictures.check(args.output)
    force = args.force or args.output == PICTURE
    outputs.check(args.output, force=force, picture=True)
    rich = extra("rich.console"), extra("rich.table")
    with progress("measuring", 1):
        measured = _measure(phantom.shepp_logan(args.size))
    _print(measured, *rich)
    with outputs.replacing(args.output, force=force, picture=True) as part:
        fine = trilinear.upsample(measured.before, FACTORS)
        shown = [views.view(measured.before), views.view(fine, factors=FACTORS)]
        pictures.save(part, args.output.suffix, "3-D Shepp-Logan phantom", shown)
    say(f"{args.output}: middle slices before and after")


def _measure(before: Floats) -> Measured:
    """Run and time everything."""
    from conv3dt._runtime import peak

    after, first = _timed(lambda: trilinear.transposed(before, FACTORS))
    peaks: list[float] = []
    call, once = first, peak.rounds()
    stop = time.perf_counter() + SECONDS
    while not peaks or time.perf_counter() < stop:  # in turns: what slows one down slows both
        call = min(call, _timed(lambda: trilinear.transposed(before, FACTORS))[1])
        peaks.append(once())
    plain, numpy = _timed(lambda: plain_numpy(before))
    difference = float(np.abs(after - plain).max())
    return Measured(before, after, first, call, _flops(before), peaks, numpy, difference)


def _timed(work: Callable[[], Floats]) -> tuple[Floats, float]:
    """Return a result and the seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _flops(volume: Floats) -> int:
    """Return the floating point operations of the demo's call."""
    shape = [1, *(2 * i for i in volume.shape), 1]
    plan = conv3dt.explain((1, *volume.shape, 1), (4, 4, 4, 1, 1), shape, 2, dtype="float32")
    return int(plan.flops)


def plain_numpy(volume: Floats) -> Floats:
    """Return what `trilinear.transposed` does in plain NumPy: one strided addition for each tap."""
    filters = kernel(FACTORS).astype(volume.dtype)
    lengths = [2 * i + 2 for i in volume.shape]  # (i - 1)*s + k
    full = np.zeros(lengths, volume.dtype)
    for tap in np.ndindex(filters.shape):
        reached = tuple(slice(k, k + 2 * i - 1, 2) for k, i in zip(tap, volume.shape, strict=True))
        full[reached] += volume * filters[tap]
    return full[1:-1, 1:-1, 1:-1]


def _print(measured: Measured, console: Any, table: Any) -> None:
    """Print the table."""
    speed = measured.flops / measured.call
    shapes = extents(measured.before.shape), extents(measured.after.shape)
    rows = table.Table(title="3-D Shepp-Logan phantom, upsampled 2x in float32", show_header=False)
    rows.add_column(style="bold")
    rows.add_column(justify="right")
    rows.add_row("shape", f"{shapes[0]}  to  {shapes[1]}")
    rows.add_row("first call", f"{_duration(measured.first)}, kernels compiled or loaded")
    rows.add_row("time per call", _duration(measured.call))
    rows.add_row("speed", f"{speed / 1e9:.1f} GFLOP/s")
    rows.add_row("share of the measured peak", share(speed, measured.peaks))
    if is_busy(speed, measured.peaks):
        rows.add_row("", "the machine is busy: try again")
    ratio = measured.numpy / measured.call
    rows.add_row("plain NumPy", f"{_duration(measured.numpy)} per call, {ratio:.3g} times as long")
    rows.add_row("largest difference from it", f"{measured.difference:.1e}")
    console.Console().print(rows)


def share(speed: float, peaks: list[float]) -> str:
    """Return the share of the peak in words; whatever was done is no more than can be done.

    >>> share(50e9, [100e9, 80e9]), share(52.6e9, [50e9])
    ('50.0% of 100 GFLOP/s', '100.0% of 53 GFLOP/s')
    """
    peak = max(speed, *peaks)
    return f"{speed / peak:.1%} of {peak / 1e9:.0f} GFLOP/s"


def is_busy(speed: float, peaks: list[float]) -> bool:
    """Return whether others have used the processors: the peak was not the same every time.

    >>> is_busy(50e9, [100e9, 98e9, 97e9]), is_busy(50e9, [100e9, 60e9, 55e9]), is_busy(9.0, [8.0])
    (False, True, True)
    """
    return speed > max(peaks) or float(np.median(peaks)) < STEADY * max(peaks)


def _duration(seconds: float) -> str:
    """Return a time as it is printed."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
